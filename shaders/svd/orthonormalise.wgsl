// svd/orthonormalise: the columns of y (Q × K), long ones first, become orthonormal in place.
//   orthonormalise   y, info -> y, s   s (K) the lengths that they had
// A workgroup per matrix. Columns longer than `strong` times the first are orthogonal already and only
// divided by their length; those after them are rounding errors to a part, so each is made orthogonal
// to all before it, twice (Giraud, Langou & Rozložník 2005). What is left of a column that others
// already span becomes the unit vector that they span least, made orthogonal to them. Columns shorter
// than `zero` times the first become zero. `bounded`: no more than the rank in info of the lengths are other
// than rounding errors.

override WG: u32 = 8;

struct Params { Q: u32, K: u32, bounded: u32, strong: f32, zero: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read> info: array<u32>;
@group(0) @binding(3) var<storage, read_write> s: array<f32>;
@group(0) @binding(4) var<storage, read_write> scratch: array<f32>;

var<workgroup> leading: atomic<u32>;
var<workgroup> first: u32;

fn squaredLength(Y: u32, j: u32) -> f32 {
  var sum = 0.0;
  for (var r = 0u; r < p.Q; r++) {
    let x = y[Y + r * p.K + j];
    sum = fma(x, x, sum);
  }
  return sum;
}

/** Multiplies the rows of column j that belong to a lane. */
fn scaleColumn(Y: u32, j: u32, lane: u32, factor: f32) {
  for (var r = lane; r < p.Q; r += WG) { y[Y + r * p.K + j] *= factor; }
}

/** How long each column is; each of length 1 from here on. */
fn measureColumns(Y: u32, S: u32, lane: u32) {
  for (var j = lane; j < p.K; j += WG) {
    var sum = 0.0;
    for (var r = 0u; r < p.Q; r += 32) { // in parts: long sums lose more to rounding
      var part = 0.0;
      for (var t = r; t < min(r + 32, p.Q); t++) {
        let x = y[Y + t * p.K + j];
        part = fma(x, x, part);
      }
      sum += part;
    }
    let length = sqrt(sum);
    let unit = select(0.0, 1 / length, sum > 0.0);
    for (var r = 0u; r < p.Q; r++) { y[Y + r * p.K + j] *= unit; }
    s[S + j] = length;
  }
}

@compute @workgroup_size(WG)
fn orthonormalise(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let Y = group.x * p.Q * p.K;
  let S = group.x * p.K;
  let T = group.x * (p.K + p.Q);
  measureColumns(Y, S, lane);
  if (lane == 0u) { atomicStore(&leading, p.K); }
  storageBarrier();
  workgroupBarrier();
  let longest = s[S];
  for (var j = lane; j < p.K; j += WG) {
    if (s[S + j] <= p.strong * longest) { atomicMin(&leading, j); }
  }
  workgroupBarrier();
  if (lane == 0u) { first = atomicLoad(&leading); }
  let start = workgroupUniformLoad(&first);

  for (var j = start; j < p.K; j++) {
    var alive = s[S + j] > 0.0;
    for (var turn = 0u; turn < 4; turn++) {
      // turns 0 and 1 work on the column; 2 and 3 on a unit vector, where the column was spanned already
      let working = turn < 2 || !alive;
      if (turn == 2 && !alive) { chooseUnit(Y, T, j, lane); }
      storageBarrier();
      if (turn == 2 && !alive) { placeUnit(Y, T, j, lane); }
      storageBarrier();
      if (working) { takeProducts(Y, T, j, lane); }
      storageBarrier();
      if (working) { subtract(Y, T, j, lane); }
      storageBarrier();
      let squared = squaredLength(Y, j);
      storageBarrier();
      if (working) {
        scaleColumn(Y, j, lane, select(0.0, 1 / sqrt(squared), squared > 0.0));
        if (turn == 0 && lane == 0u) { s[S + j] *= sqrt(squared); }
        if (turn == 1) { alive = alive && squared > 0.25; }
      }
      storageBarrier();
    }
  }

  if (lane == 0u) {
    for (var j = 1u; j < p.K; j++) { s[S + j] = min(s[S + j], s[S + j - 1]); }
  }
  storageBarrier();
  let floor = p.zero * s[S];
  storageBarrier();
  for (var j = lane; j < p.K; j += WG) {
    if (p.zero > 0.0 && s[S + j] <= floor) {
      s[S + j] = 0.0;
      for (var r = 0u; r < p.Q; r++) { y[Y + r * p.K + j] = 0.0; }
    }
    if (p.bounded == 1u && j >= info[4 * group.x + 1]) { s[S + j] = 0.0; }
  }
}

/** Products of column j with those before it: a lane per column. */
fn takeProducts(Y: u32, T: u32, j: u32, lane: u32) {
  for (var i = lane; i < j; i += WG) {
    var sum = 0.0;
    for (var r = 0u; r < p.Q; r++) { sum = fma(y[Y + r * p.K + i], y[Y + r * p.K + j], sum); }
    scratch[T + i] = sum;
  }
}

/** Takes those products of the earlier columns out of column j: a lane per row. */
fn subtract(Y: u32, T: u32, j: u32, lane: u32) {
  for (var r = lane; r < p.Q; r += WG) {
    let row = Y + r * p.K;
    var x = y[row + j];
    for (var i = 0u; i < j; i++) { x = fma(-scratch[T + i], y[row + i], x); }
    y[row + j] = x;
  }
}

/** How much of each unit vector the columns before j span: a lane per row. */
fn chooseUnit(Y: u32, T: u32, j: u32, lane: u32) {
  for (var r = lane; r < p.Q; r += WG) {
    var sum = 0.0;
    for (var i = 0u; i < j; i++) { sum = fma(y[Y + r * p.K + i], y[Y + r * p.K + i], sum); }
    scratch[T + p.K + r] = sum;
  }
}

/** Makes column j the unit vector that is spanned least. */
fn placeUnit(Y: u32, T: u32, j: u32, lane: u32) {
  var unit = 0u;
  for (var r = 1u; r < p.Q; r++) {
    if (scratch[T + p.K + r] < scratch[T + p.K + unit]) { unit = r; }
  }
  for (var r = lane; r < p.Q; r += WG) { y[Y + r * p.K + j] = select(0.0, 1.0, r == unit); }
}
