// requires lib/activation.wgsl
// epilogue: what follows a product or convolution z (M,N): y = activate(z + bias), bias (N).
//   forward       parts (Z,M,N), bias -> out   y = activate(Σ_z parts + bias), the slices added in order
//   backward      dy, y -> dz                  dz = dy * slope(y)
//   column_sums   dz -> sums (Z,N)             sums of the rows of a slice
// The bias gradient is `forward` over `sums`: two passes in a fixed order, so every run gives the same bits.
// forward, backward: a lane owns one element. column_sums: a lane owns one column of one slice of rows.

override WG: u32 = 64;
override HAS_BIAS: bool = false;

struct Params { M: u32, N: u32, Z: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> parts: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read> y: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<storage, read_write> dz: array<f32>;
@group(0) @binding(7) var<storage, read_write> sums: array<f32>;

fn element(id: vec3u, groups: vec3u) -> u32 { return id.x + id.y * groups.x * WG; }

@compute @workgroup_size(WG)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  let size = p.M * p.N;
  if (i >= size) { return; }
  var sum = 0.0;
  for (var z = 0u; z < p.Z; z++) { sum += parts[z * size + i]; }
  if (HAS_BIAS) { sum += bias[i % p.N]; }
  out[i] = activate(vec4f(sum)).x;
}

@compute @workgroup_size(WG)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  if (i >= p.M * p.N) { return; }
  dz[i] = dy[i] * slope(vec4f(y[i])).x;
}

@compute @workgroup_size(WG)
fn column_sums(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  if (i >= p.Z * p.N) { return; }
  let slice = i / p.N;
  let n = i % p.N;
  var sum = 0.0;
  for (var m = slice * p.M / p.Z; m < (slice + 1) * p.M / p.Z; m++) { sum += dy[m * p.N + n]; }
  sums[i] = sum;
}
