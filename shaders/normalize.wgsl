// requires lib/activation.wgsl
// normalize: y = activation(scale · (x - mean) / √(variance + epsilon) + shift), where each D neighbouring columns of x
// (A,R,K) have a mean and a variance of their own over the R rows of each a: T = A · K/D statistics.
//   moments          x -> parts              of each lane's rows of its column: mean less the pivot, Σ (x - mean)²
//   finish           x, parts -> stats       (4,T): pivot, mean less the pivot, 1 / √(variance + epsilon), variance
//   follow           stats -> running_mean, running_variance   moved by `momentum` towards those of the batch
//   given            mean, variance -> stats        statistics that are no batch's
//   forward          x, stats, scale, shift -> out
//   sums_of_rows     x, y, dy, stats, scale -> parts       of each lane's rows: Σ dz and Σ dz (x - mean) / √…, where
//                                                          dz is the gradient behind the activation
//   finish_columns   parts -> d_scale, d_shift (K)
//   finish_sums      parts, scale -> sums                  (2,T): Σ scale · dz, Σ scale · dz (x - mean) / √…
//   backward_x       x, y, dy, stats, scale, sums -> out
// The pivot is the first x of its statistic: differences from it are small where the mean is far from 0. A lane owns up
// to n rows, S apart, of one column; P lanes share the rows of a column. What lanes leave is added in a fixed order, so
// that every run gives the same bits. With EACH_ROW a row has statistics of its own, in place of an a; with ALONG a
// column is a row of scale and shift.

override WG: u32 = 64;
override HAS_SCALE: bool = false;
override HAS_SHIFT: bool = false;
override EACH_ROW: bool = false;
override ALONG: bool = false;
override FIXED: bool = false; // statistics that x has no part in

struct Params {
  A: u32, R: u32, K: u32, D: u32, T: u32, P: u32, S: u32, n: u32,
  count: f32, epsilon: f32, momentum: f32, correction: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read> stats: array<f32>;
@group(0) @binding(5) var<storage, read> scale: array<f32>;
@group(0) @binding(6) var<storage, read> shift: array<f32>;
@group(0) @binding(7) var<storage, read> parts: array<f32>;
@group(0) @binding(8) var<storage, read> sums: array<f32>;
@group(0) @binding(9) var<storage, read> mean: array<f32>;
@group(0) @binding(10) var<storage, read> variance: array<f32>;
@group(0) @binding(11) var<storage, read_write> out: array<f32>;
@group(0) @binding(12) var<storage, read_write> d_scale: array<f32>;
@group(0) @binding(13) var<storage, read_write> d_shift: array<f32>;
@group(0) @binding(14) var<storage, read_write> running_mean: array<f32>;
@group(0) @binding(15) var<storage, read_write> running_variance: array<f32>;

/** The rows of a lane: `count` from `row` on, S apart, the first at `at` in x; all in one column. */
struct Lane { a: u32, column: u32, row: u32, count: u32, at: u32 }

fn rowsOf(part: u32) -> vec2u {
  let block = part / p.S;
  let row = block * p.n * p.S + (part - block * p.S);
  if (row >= p.R) { return vec2u(row, 0); }
  return vec2u(row, min(p.n, (p.R - row + p.S - 1) / p.S));
}

fn laneOf(i: u32) -> Lane {
  let whole = i / p.K;
  let column = i - whole * p.K;
  let a = whole / p.P;
  let rows = rowsOf(whole - a * p.P);
  return Lane(a, column, rows.x, rows.y, (a * p.R + rows.x) * p.K + column);
}

fn laneIndex(id: vec3u, groups: vec3u) -> u32 { return id.x + id.y * groups.x * WG; }

/** Where the first x of the statistic of `column` in `a` is. */
fn pivotOf(a: u32, column: u32) -> u32 { return a * p.R * p.K + column / p.D * p.D; }

/** Two groups of `a.z` and `b.z` numbers, each with mean and Σ (x - mean)², as one (Chan, Golub and LeVeque 1983). */
fn merged(a: vec3f, b: vec3f) -> vec3f {
  let count = a.z + b.z;
  let apart = b.x - a.x;
  let part = b.z / count;
  return vec3f(a.x + apart * part, a.y + b.y + apart * apart * a.z * part, count);
}

@compute @workgroup_size(WG)
fn moments(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = laneIndex(id, groups);
  let size = p.A * p.P * p.K;
  if (i >= size) { return; }
  let lane = laneOf(i);
  let pivot = x[pivotOf(lane.a, lane.column)];
  let step = p.S * p.K;
  var at = lane.at;
  var all = vec3f();
  for (var eight = 0u; eight < lane.count / 8; eight++) {
    let u = vec4f(x[at], x[at + step], x[at + 2 * step], x[at + 3 * step]) - pivot;
    at += 4 * step;
    let v = vec4f(x[at], x[at + step], x[at + 2 * step], x[at + 3 * step]) - pivot;
    at += 4 * step;
    let middle = dot(u + v, vec4f(0.125));
    all = merged(all, vec3f(middle, dot(u - middle, u - middle) + dot(v - middle, v - middle), 8));
  }
  for (var rest = 0u; rest < lane.count % 8; rest++) {
    all = merged(all, vec3f(x[at] - pivot, 0, 1));
    at += step;
  }
  out[i] = all.x;
  out[size + i] = all.y;
}

@compute @workgroup_size(WG)
fn finish(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let t = laneIndex(id, groups);
  if (t >= p.T) { return; }
  let perA = p.K / p.D;
  let a = t / perA;
  let column = (t - a * perA) * p.D;
  let size = p.A * p.P * p.K;
  var sum = 0.0;
  for (var part = 0u; part < p.P; part++) {
    let first = (a * p.P + part) * p.K + column;
    let rows = f32(rowsOf(part).y);
    for (var d = 0u; d < p.D; d++) { sum += rows * parts[first + d]; }
  }
  let middle = sum / p.count;
  var squares = 0.0;
  for (var part = 0u; part < p.P; part++) {
    let first = (a * p.P + part) * p.K + column;
    let rows = f32(rowsOf(part).y);
    for (var d = 0u; d < p.D; d++) {
      let apart = parts[first + d] - middle;
      squares += parts[size + first + d] + rows * apart * apart;
    }
  }
  out[t] = x[pivotOf(a, column)];
  out[p.T + t] = middle;
  out[2 * p.T + t] = 1 / sqrt(squares / p.count + p.epsilon);
  out[3 * p.T + t] = squares / p.count;
}

@compute @workgroup_size(WG)
fn follow(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let t = laneIndex(id, groups);
  if (t >= p.T) { return; }
  running_mean[t] += p.momentum * (stats[t] + stats[p.T + t] - running_mean[t]);
  running_variance[t] += p.momentum * (p.correction * stats[3 * p.T + t] - running_variance[t]);
}

@compute @workgroup_size(WG)
fn given(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let t = laneIndex(id, groups);
  if (t >= p.T) { return; }
  out[t] = mean[t];
  out[p.T + t] = 0;
  out[2 * p.T + t] = 1 / sqrt(variance[t] + p.epsilon);
  out[3 * p.T + t] = variance[t];
}

/** Pivot, mean less the pivot, and 1 / √(variance + epsilon). */
fn statOf(t: u32) -> vec3f { return vec3f(stats[t], stats[p.T + t], stats[2 * p.T + t]); }

fn normalized(value: f32, stat: vec3f) -> f32 { return (value - stat.x - stat.y) * stat.z; }

/** The statistic that all rows of a lane have. */
fn indexOf(lane: Lane) -> u32 { return lane.a * (p.K / p.D) + lane.column / p.D; }

fn scaleOf(column: u32) -> f32 {
  if (HAS_SCALE) { return scale[column]; }
  return 1;
}

@compute @workgroup_size(WG)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = laneIndex(id, groups);
  if (i >= p.A * p.P * p.K) { return; }
  let lane = laneOf(i);
  if (lane.count == 0) { return; }
  let factor = scaleOf(lane.column);
  var offset = 0.0;
  if (HAS_SHIFT) { offset = shift[lane.column]; }
  var stat = vec3f();
  if (!EACH_ROW) { stat = statOf(indexOf(lane)); }
  for (var j = 0u; j < lane.count; j++) {
    let at = lane.at + j * p.S * p.K;
    if (EACH_ROW) { stat = statOf(lane.row + j * p.S); }
    out[at] = activate(vec4f(factor * normalized(x[at], stat) + offset)).x;
  }
}

/** dy behind the activation. */
fn slopeOf(at: u32) -> f32 {
  if (ACTIVATION > 0) { return dy[at] * slope(vec4f(y[at])).x; }
  return dy[at];
}

@compute @workgroup_size(WG)
fn sums_of_rows(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = laneIndex(id, groups);
  let size = p.A * p.P * p.K;
  if (i >= size) { return; }
  let lane = laneOf(i);
  var stat = vec3f();
  if (!EACH_ROW) { stat = statOf(indexOf(lane)); }
  var plain = 0.0;
  var weighed = 0.0;
  for (var j = 0u; j < lane.count; j++) {
    let at = lane.at + j * p.S * p.K;
    if (EACH_ROW) { stat = statOf(lane.row + j * p.S); }
    var dz = slopeOf(at);
    if (ALONG) { dz *= scaleOf(lane.row + j * p.S); }
    plain += dz;
    weighed += dz * normalized(x[at], stat);
  }
  out[i] = plain;
  out[size + i] = weighed;
}

@compute @workgroup_size(WG)
fn finish_columns(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let k = laneIndex(id, groups);
  if (k >= p.K) { return; }
  let size = p.A * p.P * p.K;
  var plain = 0.0;
  var weighed = 0.0;
  for (var lane = 0u; lane < p.A * p.P; lane++) {
    plain += parts[lane * p.K + k];
    weighed += parts[size + lane * p.K + k];
  }
  d_shift[k] = plain;
  d_scale[k] = weighed;
}

@compute @workgroup_size(WG)
fn finish_sums(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let t = laneIndex(id, groups);
  if (t >= p.T) { return; }
  let perA = p.K / p.D;
  let a = t / perA;
  let column = (t - a * perA) * p.D;
  let size = p.A * p.P * p.K;
  var plain = 0.0;
  var weighed = 0.0;
  for (var part = 0u; part < p.P; part++) {
    let first = (a * p.P + part) * p.K + column;
    for (var d = 0u; d < p.D; d++) {
      var factor = 1.0;
      if (!ALONG) { factor = scaleOf(column + d); }
      plain += factor * parts[first + d];
      weighed += factor * parts[size + first + d];
    }
  }
  out[t] = plain;
  out[p.T + t] = weighed;
}

/** The two sums of a statistic, divided by how many numbers it is of. */
fn meansOf(t: u32) -> vec2f {
  if (FIXED) { return vec2f(); }
  return vec2f(sums[t], sums[p.T + t]) / p.count;
}

@compute @workgroup_size(WG)
fn backward_x(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = laneIndex(id, groups);
  if (i >= p.A * p.P * p.K) { return; }
  let lane = laneOf(i);
  if (lane.count == 0) { return; }
  let factor = scaleOf(lane.column);
  var stat = vec3f();
  var means = vec2f();
  if (!EACH_ROW) {
    stat = statOf(indexOf(lane));
    means = meansOf(indexOf(lane));
  }
  for (var j = 0u; j < lane.count; j++) {
    let at = lane.at + j * p.S * p.K;
    if (EACH_ROW) {
      stat = statOf(lane.row + j * p.S);
      means = meansOf(lane.row + j * p.S);
    }
    out[at] = stat.z * (factor * slopeOf(at) - means.x - normalized(x[at], stat) * means.y);
  }
}
