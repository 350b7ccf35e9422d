// accumulate: what the tape does with gradients that meet.
//   add      a, b -> out        out[i] = a[i] + b[i]
//   add_to   a -> out           out[i] += a[i]
//   copy     a -> out           out[i] = a[i]
// One lane owns one element; long tensors fold into rows of workgroups.

override WG: u32 = 64;

struct Params { N: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

fn element(id: vec3u, groups: vec3u) -> u32 {
  return id.x + id.y * groups.x * WG;
}

@compute @workgroup_size(WG)
fn add(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  if (i < p.N) { out[i] = a[i] + b[i]; }
}

@compute @workgroup_size(WG)
fn add_to(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  if (i < p.N) { out[i] += a[i]; }
}

@compute @workgroup_size(WG)
fn copy(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  if (i < p.N) { out[i] = a[i]; }
}
