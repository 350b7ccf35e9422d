// One-sided Jacobi (Hestenes 1958) on columns as in svdColumns.wgsl. Lane i meets lane i ^ 1, i ^ 2 … and at last itself, which
// takes a third of a sweep less than itself first; in four steps all pairs of their columns meet, and both lanes find the same
// rotation. Cosines are kept apart as factors of the columns (Gentleman 1973), which halves what a rotation multiplies. A
// step goes through the rows once: it applies what the step before it found, and makes the products of the columns that it
// pairs. On lavapipe, that took half the time of two passes, for which the compiler kept on the stack all that was shuffled.

const CHUNK = 8u;

/**
 * Columns: those of x, less `share` of those of lane `other` as step 3 pairs them, divided by the roots of `divisors`; the
 * squares of their lengths.
 */
struct Rotated { x: Columns, share: vec4f, other: u32, divisors: vec4f, squares: vec4f }

/** The own columns, in the order in which step m pairs them with those of the other lane. */
fn swapped(x: vec4f, m: u32) -> vec4f {
  let pairs = select(x, x.yxwz, (m & 1) != 0);
  return select(pairs, pairs.zwxy, (m & 2) != 0);
}

/**
 * Applies what step `before` found to some rows, and gives their part of the products of columns that step m pairs. All rows
 * at once would be too long a loop for the compiler to unroll.
 */
fn advance(w: ptr<function, Rotated>, first: u32, before: u32, m: u32, other: u32) -> vec4f {
  var sum = vec4f(0);
  for (var i = 0u; i < CHUNK; i++) {
    let old = (*w).x[first + i];
    let x = old - (*w).share * subgroupShuffle(swapped(old, before), (*w).other);
    (*w).x[first + i] = x;
    sum += x * subgroupShuffle(swapped(x, m), other);
  }
  return sum;
}

/** Step m of the meeting with lane `other`, after step `before`; whether two columns were further apart than the tolerance. */
fn meet(w: ptr<function, Rotated>, before: u32, m: u32, lane: u32, other: u32, tolerance: f32) -> bool {
  let products = (advance(w, 0, before, m, other) + advance(w, 8, before, m, other))
    + (advance(w, 16, before, m, other) + advance(w, 24, before, m, other));
  let d = (*w).divisors;
  let factor = 1 / sqrt(d * subgroupShuffle(swapped(d, m), other));
  let x2 = (*w).squares;
  let y2 = subgroupShuffle(swapped(x2, m), other);
  let xy = factor * products;
  let twice = select(2 * xy, vec4f(0), other == lane && m == 0); // a column does not meet itself
  let gap = y2 - x2;
  let limit = tolerance * tolerance * (x2 * y2);
  let wanted = twice * twice > 0.25 * limit;
  let reach = abs(gap) + sqrt(gap * gap + twice * twice);
  let order = vec4u(0, 1, 2, 3);
  let second = select(vec4<bool>(other < lane), (order ^ vec4u(m)) < order, other == lane);
  let negative = (gap < vec4f(0)) | ((gap == vec4f(0)) & second);
  let tangent = select(vec4f(0), select(twice, -twice, negative) / reach, wanted);
  (*w).share = tangent * (d * factor);
  (*w).other = other + u32(tolerance == 0); // the compiler shall not know, and shuffle again
  (*w).divisors = fma(tangent * tangent, d, d);
  (*w).squares = max(x2 - tangent * xy, vec4f(0));
  return any(twice * twice > 4 * limit);
}

/** Brings columns near 1 to where squares of their products neither underflow nor overflow, and is exact. */
const SCALE = 16384.0;

/**
 * Rotates the columns of x, all within the first `lanes` lanes, until they are orthogonal, in at most `sweeps` sweeps; how
 * many it took, and 1 if more would be needed.
 */
fn rotate(
  x: ptr<function, Columns>, squares: ptr<function, vec4f>, lane: u32, lanes: u32, sweeps: u32, tolerance: f32,
) -> vec2u {
  var w = Rotated(*x, vec4f(0), lane, vec4f(1 / (SCALE * SCALE)), vec4f(0));
  var again = true;
  var done = 0u;
  for (var sweep = 0u; sweep <= sweeps; sweep++) {
    w.squares = vec4f(0);
    let factors = 1 / sqrt(w.divisors);
    for (var r = 0u; r < ROWS; r++) {
      let old = w.x[r];
      let row = (old - w.share * subgroupShuffle(swapped(old, 3), w.other)) * factors;
      w.x[r] = row;
      w.squares += row * row;
    }
    w.share = vec4f(0);
    w.divisors = vec4f(1);
    if (!again || sweep == sweeps) { break; }
    var unsettled = false;
    for (var distance = 1u; distance <= lanes; distance++) {
      let other = lane ^ (distance % lanes);
      unsettled = meet(&w, 3, 0, lane, other, tolerance) || unsettled;
      unsettled = meet(&w, 0, 1, lane, other, tolerance) || unsettled;
      unsettled = meet(&w, 1, 2, lane, other, tolerance) || unsettled;
      unsettled = meet(&w, 2, 3, lane, other, tolerance) || unsettled;
    }
    again = subgroupAny(unsettled);
    done++;
  }
  for (var r = 0u; r < ROWS; r++) { (*x)[r] = w.x[r] * (1 / SCALE); }
  *squares = w.squares * (1 / (SCALE * SCALE));
  return vec2u(done, u32(again));
}
