// svd/values: singular values from their vectors, s_j = ‖a v_j‖ / ‖v_j‖, for the columns of v (P × K) and w = a v (Q × K).
//   lengths   a, v, w, s -> w, found       found (K) = the values; a lane per column
//   place     found, order -> order, s     order (K + 1): where each column belongs, longest first, and s in that order
//   arrange   v, w, order, row -> v, w     the columns in their places, if any is not; a lane per row of v and of w
// Entry (r, i) of a (Q × P) is at r · strideR + i · strideI. The error of a value is that of its vector squared, so that
// what counts is how sums are made: in runs of `run` terms, and those among themselves. One by one, a thousand terms leave
// 1e-6 in an entry of w, which averages out over the entries of a column unless few of them are large: these are summed
// again. Values up to `weak` times the first stay as they are in s: their w would be noise to a part.

override WG: u32 = 8;

struct Params { Q: u32, P: u32, K: u32, strideR: u32, strideI: u32, run: u32, weak: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> v: array<f32>;
@group(0) @binding(3) var<storage, read_write> w: array<f32>;
@group(0) @binding(4) var<storage, read_write> s: array<f32>;
@group(0) @binding(5) var<storage, read_write> found: array<f32>;
@group(0) @binding(6) var<storage, read_write> order: array<u32>;
@group(0) @binding(7) var<storage, read_write> row: array<f32>;

/** Σ_i a_ri v_i, of a matrix and its column. */
fn product(matrix: u32, r: u32, column: u32) -> f32 {
  let of_a = matrix * p.Q * p.P + r * p.strideR;
  let of_v = matrix * p.P * p.K + column;
  var sum = 0.0;
  for (var run = 0u; run < (p.P + p.run - 1) / p.run; run++) {
    var part = 0.0;
    for (var i = run * p.run; i < min((run + 1) * p.run, p.P); i++) {
      part = fma(a[of_a + i * p.strideI], v[of_v + i * p.K], part);
    }
    sum += part;
  }
  return sum;
}

@compute @workgroup_size(WG)
fn lengths(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.K) { return; }
  let of_v = id.y * p.P * p.K + id.x;
  let of_w = id.y * p.Q * p.K + id.x;
  if (id.x == 0u) { order[id.y * (p.K + 1) + p.K] = 0u; }
  var own = 0.0;
  for (var run = 0u; run < (p.P + p.run - 1) / p.run; run++) {
    var part = 0.0;
    for (var i = run * p.run; i < min((run + 1) * p.run, p.P); i++) {
      let x = v[of_v + i * p.K];
      part = fma(x, x, part);
    }
    own += part;
  }
  var squared = 0.0;
  for (var turn = 0u; turn < 2; turn++) {
    let large = select(3e38, squared / 16, turn == 1u && squared > 0.0);
    var sum = 0.0;
    for (var run = 0u; run < (p.Q + p.run - 1) / p.run; run++) {
      var part = 0.0;
      for (var r = run * p.run; r < min((run + 1) * p.run, p.Q); r++) {
        var x = w[of_w + r * p.K];
        if (x * x > large) {
          x = product(id.y, r, id.x);
          w[of_w + r * p.K] = x;
        }
        part = fma(x, x, part);
      }
      sum += part;
    }
    squared = sum;
  }
  let before = s[id.y * p.K + id.x];
  let weak = before <= p.weak * s[id.y * p.K];
  found[id.y * p.K + id.x] = select(sqrt(squared / own), before, weak || own == 0.0);
}

fn placeOf(at: u32, column: u32) -> u32 {
  let length = found[at + column];
  var place = 0u;
  for (var t = 0u; t < p.K; t++) {
    let other = found[at + t];
    place += select(0u, 1u, other > length || (other == length && t < column));
  }
  return place;
}

@compute @workgroup_size(WG)
fn place(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.K) { return; }
  let at = id.y * p.K;
  let to = placeOf(at, id.x);
  order[at + id.y + id.x] = to;
  s[at + to] = found[at + id.x];
  if (to != id.x) { order[at + id.y + p.K] = 1u; }
}

@compute @workgroup_size(WG)
fn arrange(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = id.y * (p.K + 1);
  if (order[at + p.K] == 0u) { return; }
  for (var r = id.x; r < p.P + p.Q; r += groups.x * WG) {
    let scratch = (id.y * (p.P + p.Q) + r) * p.K;
    if (r < p.P) {
      let base = (id.y * p.P + r) * p.K;
      for (var j = 0u; j < p.K; j++) { row[scratch + order[at + j]] = v[base + j]; }
      for (var j = 0u; j < p.K; j++) { v[base + j] = row[scratch + j]; }
    } else {
      let base = (id.y * p.Q + r - p.P) * p.K;
      for (var j = 0u; j < p.K; j++) { row[scratch + order[at + j]] = w[base + j]; }
      for (var j = 0u; j < p.K; j++) { w[base + j] = row[scratch + j]; }
    }
  }
}
