// requires lib/activation.wgsl
// requires lib/slices.wgsl
// epilogue: what follows a product or convolution z (M,N): y = activate(z + bias), bias (N).
//   forward      parts (Z,M,N), bias -> out     y = activate(Σ_z parts + bias), the slices added in order
//   forward4     the same, N divisible by 4
//   backward     dy, y -> dz, sums (Z,N)        dz = dy · slope(y), and the sums of the rows of a slice of dz;
//                                               N divisible by 4
//   slopes       dy, y -> dz                    dz alone, any N
//   column_sums  dy -> sums (Z,N)               the sums alone, any N
// The bias gradient is `forward` over `sums`: two passes in a fixed order, so every run gives the same bits.
// forward: a lane owns one element; forward4, slopes: a vec4 of them; backward: a vec4 of columns in one slice
// of rows; column_sums: one column. All are bound by their loads; a vec4 costs about half of four scalars
// (the sum of 4 slices of 2304 × 128: 2.5 ms by forward, 1.1 by forward4, on one core). backward takes 2.5 % of the
// autoencoders' training steps; in the kernel that makes dy it would save less than half of that.

override WG: u32 = 64;
override HAS_BIAS: bool = false;

struct Params { M: u32, N: u32, Z: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> parts: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read> dy4: array<vec4f>; // the same memory as `dy`
@group(0) @binding(5) var<storage, read> y4: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;
@group(0) @binding(7) var<storage, read_write> dz4: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> sums: array<f32>;
@group(0) @binding(9) var<storage, read_write> sums4: array<vec4f>; // the same memory as `sums`
@group(0) @binding(10) var<storage, read> parts4: array<vec4f>; // `parts`, `bias` and `out` in fours
@group(0) @binding(11) var<storage, read> bias4: array<vec4f>;
@group(0) @binding(12) var<storage, read_write> out4: array<vec4f>;

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
fn forward4(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  let size = p.M * p.N / 4;
  if (i >= size) { return; }
  var sum = vec4f();
  for (var z = 0u; z < p.Z; z++) { sum += parts4[z * size + i]; }
  if (HAS_BIAS) { sum += bias4[i % (p.N / 4)]; }
  out4[i] = activate(sum);
}

@compute @workgroup_size(WG)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  let columns = p.N / 4;
  if (i >= p.Z * columns) { return; }
  let slice = i / columns;
  let n = i % columns;
  var sum = vec4f();
  let end = sliceStart(slice + 1, p.M, p.Z);
  for (var m = sliceStart(slice, p.M, p.Z); m < end; m++) {
    let at = m * columns + n;
    let dz = dy4[at] * slope(y4[at]);
    dz4[at] = dz;
    sum += dz;
  }
  sums4[i] = sum;
}

/** The last vec4 may reach past the end; tensors end at whole vec4s. */
@compute @workgroup_size(WG)
fn slopes(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  if (4 * i >= p.M * p.N) { return; }
  dz4[i] = dy4[i] * slope(y4[i]);
}

@compute @workgroup_size(WG)
fn column_sums(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  if (i >= p.Z * p.N) { return; }
  let slice = i / p.N;
  let n = i % p.N;
  var sum = 0.0;
  let end = sliceStart(slice + 1, p.M, p.Z);
  for (var m = sliceStart(slice, p.M, p.Z); m < end; m++) { sum += dy[m * p.N + n]; }
  sums[i] = sum;
}
