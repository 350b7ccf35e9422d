// requires lib/activation.wgsl
// matmul: out = activate(a · b + bias)     a (B,M,K)   b (B,K,N)   bias (N)   out (B,M,N)
//   scalar   any strides: a lane owns one element

override WG: u32 = 64;
override HAS_BIAS: bool = false;

struct Params {
  M: u32, N: u32, K: u32, B: u32,
  a_batch: u32, a_row: u32, a_column: u32,
  b_batch: u32, b_row: u32, b_column: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(WG)
fn scalar(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.B * p.M * p.N) { return; }
  let n = i % p.N;
  let m = i / p.N % p.M;
  let batch = i / p.N / p.M;
  let row = batch * p.a_batch + m * p.a_row;
  let column = batch * p.b_batch + n * p.b_column;
  var sum = 0.0;
  for (var k = 0u; k < p.K; k++) { sum += a[row + k * p.a_column] * b[column + k * p.b_row]; }
  if (HAS_BIAS) { sum += bias[n]; }
  out[i] = activate(vec4f(sum)).x;
}
