// svd/topk: what stands between the matrix products of the top-k path (src/ops/svd/topk.ts), for h (B × L), of which K
// directions are wanted, from a block of C.
//   bring      a, info -> out              out (B × L) = a by the power of two of info; zero where a has no factors
//   start      a -> out                    out (L × C): the W columns of a (L × W), then random numbers
//   invert     g -> r, m                   m (C × C): the columns of w m are orthonormal, for g = w^T w; r for its use
//   rest       g, x, s -> t                t (B × L) = (g − x) / s_K
//   draw       s -> t                      t (L × W): normal numbers, others for other values
//   judge      u, x, e, s, y -> verdict    1 where x = h^T h u confirms values s (C) and vectors u (L × C), the first K of
//                                          which have the products e (K × K), and y (L × W) that no others are larger
//   gate       decided, info, a -> out     out (B × L) = a, zero if the verdict is 1, NaN where info says so
//   merge      decided, a, b -> out        out = b, or the `size` numbers of a, then zeros, if the verdict is 1
//   adopt      decided, a, b -> out        out (4) = a, and what b, info of the full solve, says of its rotations
//   without    g, x -> t                t (L × K) = g − x
//   table      decided, s -> t             t (C × K): from parts along the block to corrections of what `correct` adds
//   correct    decided, s, x, e -> y       y (L × K) = W y + x / s_i² + e; zero if the verdict is 0
//   remainder  s, g, x, y -> t             t (L × K) = g + x − s_i² y
// `invert` and `judge` are one workgroup each, the others have a lane per element of their output.
// requires lib/svdScale.wgsl
// requires lib/threefry.wgsl
// requires lib/precise.wgsl

override WG: u32 = 64;

struct Params { L: u32, K: u32, C: u32, W: u32, size: u32, count: u32, accuracy: f32, spread: f32, gap: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<u32>;
@group(0) @binding(2) var<storage, read> b: array<u32>;
@group(0) @binding(3) var<storage, read> info: array<u32>;
@group(0) @binding(4) var<storage, read> decided: array<u32>;
@group(0) @binding(5) var<storage, read> s: array<f32>;
@group(0) @binding(6) var<storage, read> g: array<f32>;
@group(0) @binding(7) var<storage, read> u: array<f32>;
@group(0) @binding(8) var<storage, read> x: array<f32>;
@group(0) @binding(9) var<storage, read> e: array<f32>;
@group(0) @binding(10) var<storage, read_write> t: array<f32>;
@group(0) @binding(11) var<storage, read_write> m: array<f32>;
@group(0) @binding(12) var<storage, read_write> r: array<f32>;
@group(0) @binding(13) var<storage, read_write> y: array<f32>;
@group(0) @binding(14) var<storage, read_write> out: array<u32>;
@group(0) @binding(15) var<storage, read_write> verdict: array<u32>;

fn element(id: vec3u, groups: vec3u) -> u32 { return id.x + id.y * groups.x * WG; }

@compute @workgroup_size(WG)
fn bring(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  if (i >= p.count) { return; }
  let most = info[0];
  out[i] = select(scaleBits(a[i], -exponentOf(most)), 0u, lost(most, 0u));
}

@compute @workgroup_size(WG)
fn start(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  if (i >= p.count) { return; }
  let row = i / p.C;
  let column = i % p.C;
  let word = threefry2x32(vec2u(p.L, p.C), vec2u(row, column)).x;
  out[i] = bitcast<u32>(f32(i32(word)) / 2147483648.0);
  if (column < p.W) { out[i] = a[row * p.W + column]; }
}

/** 1 / the length of column c of w; 0 for a column of zeros. */
fn unit(c: u32) -> f32 {
  let squared = g[c * p.C + c];
  return select(0.0, 1 / sqrt(squared), squared > 0.0);
}

// Cholesky's factor R of the columns brought to length 1, in r; then m = D R^−1, for D their unit factors. A column that
// those before it span, but for rounding errors, stays what it is: noise, for the next step to work on.
@compute @workgroup_size(WG)
fn invert(@builtin(local_invocation_index) lane: u32) {
  const NOISE = 3e-6;
  for (var j = 0u; j < p.C; j++) {
    for (var c = lane; c < p.C; c += WG) {
      var entry = g[j * p.C + c] * unit(j) * unit(c);
      for (var i = 0u; i < j; i++) { entry -= r[i * p.C + j] * r[i * p.C + c]; }
      m[j * p.C + c] = entry;
    }
    storageBarrier();
    let pivot = m[j * p.C + j];
    for (var c = lane; c < p.C; c += WG) {
      let entry = m[j * p.C + c] / sqrt(pivot);
      r[j * p.C + c] = select(entry, select(0.0, sqrt(NOISE), c == j), pivot <= NOISE);
    }
    storageBarrier();
  }
  for (var c = lane; c < p.C; c += WG) {
    for (var back = 0u; back < p.C; back++) {
      let i = p.C - 1 - back;
      var sum = select(0.0, 1.0, i == c);
      for (var k = i + 1; k <= c; k++) { sum -= r[i * p.C + k] * m[k * p.C + c]; }
      m[i * p.C + c] = select(0.0, sum / r[i * p.C + i], i <= c);
    }
    for (var i = 0u; i <= c; i++) { m[i * p.C + c] *= unit(i); }
  }
}

@compute @workgroup_size(WG)
fn rest(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  if (i < p.count) { t[i] = (g[i] - x[i]) / s[p.K - 1]; }
}

@compute @workgroup_size(WG)
fn draw(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  if (i >= p.count) { return; }
  let key = vec2u(bitcast<u32>(s[0]) ^ (bitcast<u32>(s[p.K - 1]) * 0x9e3779b9u), bitcast<u32>(s[p.C - 1]));
  let words = threefry2x32(key, vec2u(i, p.L));
  t[i] = sqrt(2 * minus_log_of_word(words.x)) * cos_sin_of_turns(words.y).x;
}

/** ‖h^T h u_j − s_j² u_j‖ */
fn residual(j: u32) -> f32 {
  var sum = 0.0;
  for (var l = 0u; l < p.L; l++) {
    let left = x[l * p.C + j] - s[j] * s[j] * u[l * p.C + j];
    sum = fma(left, left, sum);
  }
  return sqrt(sum);
}

var<workgroup> doubts: atomic<u32>;
var<workgroup> longest: atomic<u32>;
var<workgroup> mixed: array<f32, WG>;

// Accepts if h^T h u_i = s_i² u_i to `accuracy` · s_1 s_i, the vectors are orthonormal, the next value is `gap` below the
// last one wanted, and the end of the block below `spread` times that: then a power of the spread is what separates the
// vectors found from those that the block does not hold. Comparisons with NaN are doubts.
//
// And if no direction beside the vectors has a value of s_K or more. With Q the block and R = h (1 − Q Q^T) / s_K, values
// beside them are those of the matrix [T Z^T; Z W], T = diag(s_j² / s_K²) for j > K, z_j = (h^T h u_j − s_j² u_j) / s_K²,
// W = R^T R, which are below 1 where the Schur complement says so: ‖W‖ + Σ ‖z_j‖² / (1 − T_j) < 1. From y = W³ ω of normal
// vectors ω follows ‖W‖³ ≤ 10 √(2/π) max ‖y‖, wrongly with probability 10^−8 for 8 of them (Halko, Martinsson & Tropp,
// lemma 4.1).
@compute @workgroup_size(WG)
fn judge(@builtin(local_invocation_index) lane: u32) {
  if (lane == 0u) {
    atomicStore(&doubts, 0u);
    atomicStore(&longest, 0u);
  }
  workgroupBarrier();
  var doubt = 0u;
  for (var i = lane; i < p.K; i += WG) {
    var skew = 0.0;
    for (var j = 0u; j < p.K; j++) { skew = max(skew, abs(e[j * p.K + i] - select(0.0, 1.0, i == j))); }
    let good = residual(i) <= p.accuracy * s[0] * s[i] && skew <= p.accuracy && s[i] > 0.0;
    doubt |= select(1u, 0u, good);
  }
  atomicOr(&doubts, doubt);

  let last = s[p.K - 1];
  var coupled = 0.0;
  for (var j = p.K + lane; j < p.C; j += WG) {
    let z = residual(j) / last;
    coupled += z * z / ((last - s[j]) * (last + s[j]));
  }
  mixed[lane] = coupled;
  for (var i = lane; i < p.W; i += WG) {
    var sum = 0.0;
    for (var l = 0u; l < p.L; l++) { sum = fma(y[l * p.W + i], y[l * p.W + i], sum); }
    atomicMax(&longest, bitcast<u32>(sqrt(sum))); // NaN is above all numbers here
  }
  workgroupBarrier();
  if (lane > 0u) { return; }
  let most = 10 * 0.7978846 * bitcast<f32>(atomicLoad(&longest));
  var beside = select(pow(most, 1.0 / 3.0), 0.0, most == 0.0);
  for (var i = 0u; i < WG; i++) { beside += mixed[i]; }
  let next = s[p.K];
  let apart = (last - next) * (last + next) >= p.gap * last * last && s[p.C - 1] <= p.spread * last;
  verdict[0] = select(0u, 1u, atomicLoad(&doubts) == 0u && apart && beside < 1.0);
}

@compute @workgroup_size(WG)
fn gate(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  if (i < p.count) { out[i] = select(select(a[i], 0u, decided[0] == 1u), 0x7fc00000u, lost(info[0], 0u)); }
}

@compute @workgroup_size(WG)
fn merge(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  if (i >= p.count) { return; }
  if (decided[0] == 0u) { out[i] = b[i]; }
  else { out[i] = select(0u, a[min(i, p.size - 1)], i < p.size); }
}

@compute @workgroup_size(WG)
fn adopt(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < 4) { out[id.x] = select(a[id.x], b[id.x], id.x > 0 && decided[0] == 0u); }
}

@compute @workgroup_size(WG)
fn without(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  if (i < p.count) { t[i] = g[i] - x[i]; }
}

@compute @workgroup_size(WG)
fn table(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  if (i >= p.count) { return; }
  let kept = s[i % p.K];
  let other = s[i / p.K];
  let along = select(1 / ((kept - other) * (kept + other)), 0.0, i / p.K < p.K);
  t[i] = select(0.0, t[i] * (along - 1 / (kept * kept)), decided[0] == 1u);
}

@compute @workgroup_size(WG)
fn correct(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  if (i >= p.count) { return; }
  let kept = s[i % p.K];
  let before = select(0.0, y[i], p.W == 1u);
  y[i] = select(0.0, before + x[i] / (kept * kept) + e[i], decided[0] == 1u);
}

@compute @workgroup_size(WG)
fn remainder(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  if (i >= p.count) { return; }
  let kept = s[i % p.K];
  t[i] = g[i] + x[i] - kept * kept * y[i];
}
