// mixture: points x (D,N) and K normal distributions N(means (K,D), L Lᵀ), whose L⁻¹ (K,D,D) is in `inverses`.
//   joint      x, means, inverses, numbers (K) -> out (K,N)    numbers[k] - |L⁻¹ (x - mean)|² / 2
//   weighted   x, means, shares (K,N), numbers (K) -> out (D,N)    (x - mean) sqrt(share / numbers[k]), of component k
// In joint a lane owns two points, half of N apart, of one component, and takes eight rows of its L⁻¹ at a time, which end at
// the diagonal. In weighted a lane owns an element. Neighbouring lanes have neighbouring points.

override WG: u32 = 64;

struct Params { K: u32, D: u32, N: u32, k: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> means: array<f32>;
@group(0) @binding(3) var<storage, read> inverses: array<f32>;
@group(0) @binding(4) var<storage, read> shares: array<f32>;
@group(0) @binding(5) var<storage, read> numbers: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(WG)
fn joint(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let half = (p.N + 1) / 2;
  let k = group.y;
  let m = group.x * WG + lane;
  if (m >= half) { return; }
  let n = select(m, m + half, m + half < p.N);
  var squares = vec2f();
  for (var block = 0u; block < (p.D + 7) / 8; block++) {
    let first = vec4u(8 * block) + vec4u(0, 1, 2, 3);
    let high = (k * p.D + min(first, vec4u(p.D - 1))) * p.D;
    let low = (k * p.D + min(first + 4, vec4u(p.D - 1))) * p.D;
    var mHigh = vec4f();
    var mLow = vec4f();
    var nHigh = vec4f();
    var nLow = vec4f();
    for (var j = 0u; j < min(8 * block + 8, p.D); j++) {
      let mean = means[k * p.D + j];
      let a = x[j * p.N + m] - mean;
      let b = x[j * p.N + n] - mean;
      let u = vec4f(inverses[high.x + j], inverses[high.y + j], inverses[high.z + j], inverses[high.w + j]);
      let v = vec4f(inverses[low.x + j], inverses[low.y + j], inverses[low.z + j], inverses[low.w + j]);
      mHigh += u * a;
      mLow += v * a;
      nHigh += u * b;
      nLow += v * b;
    }
    let isHigh = vec4f(first < vec4u(p.D));
    let isLow = vec4f(first + 4 < vec4u(p.D));
    squares += vec2f(dot(mHigh * isHigh, mHigh) + dot(mLow * isLow, mLow), dot(nHigh * isHigh, nHigh) + dot(nLow * isLow, nLow));
  }
  out[k * p.N + m] = numbers[k] - 0.5 * squares.x;
  if (n != m) { out[k * p.N + n] = numbers[k] - 0.5 * squares.y; }
}

@compute @workgroup_size(WG)
fn weighted(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let d = group.y;
  let n = group.x * WG + lane;
  if (n >= p.N) { return; }
  out[d * p.N + n] = (x[d * p.N + n] - means[p.k * p.D + d]) * sqrt(shares[p.k * p.N + n] / numbers[p.k]);
}
