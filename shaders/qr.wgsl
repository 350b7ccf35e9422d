// requires lib/math.wgsl
// qr: Householder's factorisation a = Q R of B matrices a (M,N) by P = min(M,N) reflections H_j = 1 - t_j v_j v_jᵀ, and with
// it their determinants, where M = N.
//   factor       a -> w (M,N), taus (P)    R on and above the diagonal of w, and v_j below it; on it v_j is 1
//   orthogonal   w, taus -> out (M,K)      the first K columns of Q = H_0 H_1 …
//   triangle     w -> out (K,N)            R
//   determinant  w -> determinants, signs, logarithms (B) each: Π R_jj times -1 for each reflection; its sign; log of its size
// A workgroup factors a matrix column by column: its lanes measure the column alike, and own other columns, WG apart. In
// orthogonal a lane owns a column, in triangle an element, in determinant a matrix.

override WG: u32 = 32;

struct Params { B: u32, M: u32, N: u32, P: u32, K: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> taus: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<storage, read_write> determinants: array<f32>;
@group(0) @binding(6) var<storage, read_write> signs: array<f32>;
@group(0) @binding(7) var<storage, read_write> logarithms: array<f32>;

/** The length of column j from row j on, without overflow. */
fn lengthOf(first: u32, j: u32) -> f32 {
  var largest = 0.0;
  for (var i = j; i < p.M; i++) { largest = max(largest, abs(w[first + i * p.N + j])); }
  if (largest == 0) { return 0; }
  var sum = 0.0;
  for (var i = j; i < p.M; i++) {
    let x = w[first + i * p.N + j] / largest;
    sum += x * x;
  }
  return largest * sqrt(sum);
}

@compute @workgroup_size(WG)
fn factor(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let matrix = group.x + group.y * groups.x;
  if (matrix >= p.B) { return; }
  let first = matrix * p.M * p.N;
  for (var e = lane; e < p.M * p.N; e += WG) { w[first + e] = a[first + e]; }
  storageBarrier();
  workgroupBarrier();
  for (var j = 0u; j < p.P; j++) {
    let head = w[first + j * p.N + j];
    let length = lengthOf(first, j);
    let end = -withSignOf(length, head);
    let v = head - end;
    let tau = select(-v / end, 2, end == 0); // a column of zeros is reflected in the first axis
    workgroupBarrier();
    for (var i = j + 1 + lane; i < p.M; i += WG) {
      let at = first + i * p.N + j;
      w[at] = select(w[at] / v, 0, end == 0);
    }
    if (lane == 0) {
      w[first + j * p.N + j] = end;
      taus[matrix * p.P + j] = tau;
    }
    storageBarrier();
    workgroupBarrier();
    for (var c = j + 1 + lane; c < p.N; c += WG) {
      var dot = w[first + j * p.N + c];
      for (var i = j + 1; i < p.M; i++) { dot += w[first + i * p.N + j] * w[first + i * p.N + c]; }
      let t = tau * dot;
      w[first + j * p.N + c] -= t;
      for (var i = j + 1; i < p.M; i++) { w[first + i * p.N + c] -= t * w[first + i * p.N + j]; }
    }
    storageBarrier();
    workgroupBarrier();
  }
}

@compute @workgroup_size(WG)
fn orthogonal(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let matrix = group.y + group.z * groups.y;
  let c = group.x * WG + lane;
  if (matrix >= p.B || c >= p.K) { return; }
  let first = matrix * p.M * p.N;
  let column = matrix * p.M * p.K + c;
  for (var i = 0u; i < p.M; i++) { out[column + i * p.K] = select(0.0, 1.0, i == c); }
  for (var left = min(c + 1, p.P); left > 0; left--) {
    let j = left - 1;
    var dot = out[column + j * p.K];
    for (var i = j + 1; i < p.M; i++) { dot += w[first + i * p.N + j] * out[column + i * p.K]; }
    let t = taus[matrix * p.P + j] * dot;
    out[column + j * p.K] -= t;
    for (var i = j + 1; i < p.M; i++) { out[column + i * p.K] -= t * w[first + i * p.N + j]; }
  }
}

@compute @workgroup_size(WG)
fn triangle(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let e = id.x + id.y * groups.x * WG;
  if (e >= p.B * p.K * p.N) { return; }
  let row = e / p.N;
  let matrix = row / p.K;
  let i = row - matrix * p.K;
  let j = e - row * p.N;
  out[e] = 0;
  if (i <= j && i < p.P) { out[e] = w[(matrix * p.M + i) * p.N + j]; }
}

@compute @workgroup_size(WG)
fn determinant(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let matrix = id.x + id.y * groups.x * WG;
  if (matrix >= p.B) { return; }
  var factor = 1.0; // det = factor · 2^(exponents + carried), so that nothing overflows on the way
  var exponents = 0.0;
  var carried = 0.0;
  var rest = 0.0; // log of its size = exponents · log 2 + rest
  var odd = false;
  for (var j = 0u; j < p.N; j++) {
    let d = w[(matrix * p.N + j) * p.N + j];
    let size = abs(d);
    if (bitcast<u32>(size) - 1 >= 0x7f7fffffu) { // 0, infinite or NaN
      let value = select(fromBits(0x7fc00000u), 0, size == 0);
      determinants[matrix] = value;
      signs[matrix] = value;
      logarithms[matrix] = logOf(value);
      return;
    }
    let kf = splitPower(size);
    exponents += kf.x;
    rest += logOnePlus(kf.y);
    let product = splitPower(factor * (1 + kf.y));
    carried += product.x;
    factor = 1 + product.y;
    odd = odd != (d > 0); // a reflection turns the sign
  }
  signs[matrix] = select(1.0, -1.0, odd);
  determinants[matrix] = signs[matrix] * scaleByPower(factor, i32(clamp(exponents + carried, -252.0, 254.0)));
  logarithms[matrix] = exponents * 0.693359375 + (rest - exponents * 2.12194440e-4);
}
