// What an adapter can do at most.
//
// copy:          to (N4) ← from (N4), arrays of vec4s. Lane i copies element i …
// copy_four:     … or elements 4 i … 4 i + 3; N4 is a multiple of 4. On CPU adapters that is half as much again.
// multiply_add:  ROUNDS times 16 steps x ← x · factor + term of 8 independent chains in each lane, all in
//                registers. Lane i writes the sum of its chains to element i of `to`.
// Two vec4s and 16 steps a round: a CPU adapter spends a masked move on each variable of each round, so that one step
// a round reaches half as much; and more than three vec4s at 16 steps spill.

override WG = 64u;
override ROUNDS = 256u;
override FUSED = false;

struct Params {
  N4: u32,
  factor: f32,
  term: f32,
}

@compute @workgroup_size(WG)
fn copy_four(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = 4 * (id.x + id.y * groups.x * WG);
  if (i < p.N4) {
    let a = src[i];
    let b = src[i + 1];
    let c = src[i + 2];
    let d = src[i + 3];
    to[i] = a;
    to[i + 1] = b;
    to[i + 2] = c;
    to[i + 3] = d;
  }
}

struct Pair { a: vec4f, b: vec4f }

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

fn both(x: Pair, factor: vec4f, term: vec4f) -> Pair {
  return Pair(next(x.a, factor, term), next(x.b, factor, term));
}

fn four(x: Pair, factor: vec4f, term: vec4f) -> Pair {
  return both(both(both(both(x, factor, term), factor, term), factor, term), factor, term);
}

@compute @workgroup_size(WG)
fn multiply_add(@builtin(global_invocation_id) id: vec3u) {
  let factor = vec4f(p.factor);
  let term = vec4f(p.term);
  var chains = Pair(vec4f(f32(id.x)), vec4f(f32(id.x) + 1));
  for (var i = 0u; i < ROUNDS; i++) {
    chains = four(four(four(four(chains, factor, term), factor, term), factor, term), factor, term);
  }
  if (id.x < p.N4) {
    to[id.x] = chains.a + chains.b;
  }
}
