// Functions f(x) of one number, N elements, with slope(v) from v, the x or y of the forward pass that f' is made from; F
// chooses f, s and t are its parameters.
//   forward    x -> out          out = f(x)
//   backward   v, dy -> out      out = dy slope(v)
// One lane owns four neighbouring elements; long tensors fold into rows of workgroups.

override WG: u32 = 64;
override F: u32 = 0;

struct Params { N: u32, s: f32, t: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> v: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4f>;

@compute @workgroup_size(WG)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (4 * i >= p.N) { return; }
  let a = x[i];
  out[i] = vec4f(f(a.x), f(a.y), f(a.z), f(a.w));
}

@compute @workgroup_size(WG)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (4 * i >= p.N) { return; }
  let a = v[i];
  out[i] = dy[i] * vec4f(slope(a.x), slope(a.y), slope(a.z), slope(a.w));
}
