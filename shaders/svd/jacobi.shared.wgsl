// svd/jacobi.shared: one-sided Jacobi (Hestenes 1958) on the columns of small w (R × 4B), for lavapipe.
//   solve    w, info -> w, info   at most `sweeps` sweeps; a workgroup, which is a subgroup, per matrix
// R ≤ 32 rows, B ≤ WG blocks of four columns. Lane i holds block i. A sweep rotates the columns of each block, then
// lane i meets lane i ^ 1, i ^ 2 … and in four steps all pairs of their columns; both find the same rotations.
// requires lib/svdColumns.wgsl

struct Params { R: u32, B: u32, sweeps: u32, tolerance: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> info: array<u32>;

/** Turns own columns by x − s (y + τ x), where y are the others; whether any two were further apart than the tolerance. */
struct Turn { s: vec4f, tau: vec4f, unsettled: bool }

/**
 * The rotations of columns x with y, of these squared lengths and products. The columns' owners find the same angle with
 * opposite signs; `second` tells them apart where the lengths are equal.
 */
fn turnOf(x2: vec4f, y2: vec4f, xy: vec4f, second: vec4<bool>) -> Turn {
  let unit = max(max(x2, y2), vec4f(1e-37));
  let gap = (y2 - x2) / unit;
  let twice = 2 * xy / unit;
  let reach = abs(gap) + sqrt(gap * gap + twice * twice);
  let limit = p.tolerance * sqrt(x2) * sqrt(y2); // squares of products would underflow
  let wanted = (reach > vec4f(0)) & (abs(xy) > 0.25 * limit);
  let negative = (gap < vec4f(0)) | ((gap == vec4f(0)) & second);
  let tangent = select(vec4f(0), select(twice, -twice, negative) / max(reach, vec4f(1e-37)), wanted);
  let c = 1 / sqrt(1 + tangent * tangent);
  let s = tangent * c;
  return Turn(s, s / (1 + c), any(abs(xy) > limit));
}

/** The own columns in the order in which step m = 1, 2, 3 inside the block pairs them with themselves. */
fn swapped(x: vec4f, m: u32) -> vec4f {
  let pairs = select(x, x.yxwz, (m & 1) != 0);
  return select(pairs, pairs.zwxy, (m & 2) != 0);
}

/** Rotates the columns of each lane, of squared lengths x2, with each other; whether they were further apart than the tolerance. */
fn meetSelf(x: ptr<function, Columns>, x2: ptr<function, vec4f>) -> bool {
  var unsettled = false;
  for (var m = 1u; m < 4; m++) {
    var xy = vec4f(0);
    for (var r = 0u; r < ROWS; r++) { xy += (*x)[r] * swapped((*x)[r], m); }
    let order = vec4u(0, 1, 2, 3);
    let turn = turnOf(*x2, swapped(*x2, m), xy, (order ^ vec4u(m)) < order);
    unsettled = unsettled || turn.unsettled;
    var lengths = vec4f(0);
    for (var r = 0u; r < ROWS; r++) {
      let own = (*x)[r];
      let turned = own - turn.s * (swapped(own, m) + turn.tau * own);
      (*x)[r] = turned;
      lengths += turned * turned;
    }
    *x2 = lengths;
  }
  return unsettled;
}

/** Rotates the columns of a lane with those of another one, likewise. */
fn meet(x: ptr<function, Columns>, x2: ptr<function, vec4f>, lane: u32, other: u32) -> bool {
  let second = other < lane;
  var unsettled = false;
  for (var step = 0u; step < 4; step++) {
    var xy = vec4f(0);
    for (var r = 0u; r < ROWS; r++) { xy += (*x)[r] * subgroupShuffle((*x)[r], other); }
    let turn = turnOf(*x2, subgroupShuffle(*x2, other), xy, vec4<bool>(second));
    unsettled = unsettled || turn.unsettled;
    var lengths = vec4f(0);
    for (var r = 0u; r < ROWS; r++) {
      let own = (*x)[r];
      let turned = own - turn.s * (subgroupShuffle(own, other) + turn.tau * own);
      let next = select(turned, turned.yzwx, second); // the next column of one meets the same one of the other
      (*x)[r] = next;
      lengths += next * next;
    }
    *x2 = lengths;
  }
  return unsettled;
}

@compute @workgroup_size(WG)
fn solve(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let base = group.x * p.R * p.B + lane;
  let at = 4 * group.x;
  var x: Columns;
  var x2 = vec4f(0);
  let rows = ROWS - u32(p.B == 0); // the compiler shall not know, and unroll
  for (var r = 0u; r < rows; r++) {
    var row = vec4f(0);
    if (r < p.R && lane < p.B) { row = w[base + r * p.B]; }
    push(&x, row);
    x2 += row * row;
  }
  var again = info[at + 1] > 0;
  var sweeps = 0u;
  for (var sweep = 0u; sweep < p.sweeps; sweep++) {
    if (!again) { break; }
    var unsettled = meetSelf(&x, &x2);
    for (var distance = 1u; distance < WG; distance++) {
      unsettled = meet(&x, &x2, lane, lane ^ distance) || unsettled;
    }
    again = subgroupAny(unsettled);
    sweeps++;
  }
  for (var r = 0u; r < rows; r++) {
    if (r < p.R && lane < p.B) { w[base + r * p.B] = x[0]; }
    push(&x, vec4f(0));
  }
  if (lane == 0u) {
    info[at + 2] = sweeps;
    info[at + 3] = u32(again);
  }
}
