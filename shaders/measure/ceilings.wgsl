// What an adapter can do at most.
//
// copy:          to (N4) ← from (N4), arrays of vec4s. Lane i copies element i.
// multiply_add:  ROUNDS times 16 independent chains x ← x · factor + term in each lane, all in registers.
//                Lane i writes the sum of its chains to element i of `to`.

override WG = 64u;
override ROUNDS = 256u;
override FUSED = false;

struct Params {
  N4: u32,
  factor: f32,
  term: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> src: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> to: array<vec4f>;

@compute @workgroup_size(WG)
fn copy(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i < p.N4) {
    to[i] = src[i];
  }
}

fn next(x: vec4f, factor: vec4f, term: vec4f) -> vec4f {
  if (FUSED) {
    return fma(x, factor, term);
  }
  return x * factor + term;
}

@compute @workgroup_size(WG)
fn multiply_add(@builtin(global_invocation_id) id: vec3u) {
  let factor = vec4f(p.factor);
  let term = vec4f(p.term);
  var a = vec4f(f32(id.x));
  var b = a + 1;
  var c = a + 2;
  var d = a + 3;
  for (var i = 0u; i < ROUNDS; i++) {
    a = next(a, factor, term);
    b = next(b, factor, term);
    c = next(c, factor, term);
    d = next(d, factor, term);
  }
  if (id.x < p.N4) {
    to[id.x] = a + b + c + d;
  }
}
