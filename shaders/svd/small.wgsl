// svd/small: the whole decomposition of small matrices, for lavapipe.
//   decompose   a -> u, vt, s, near, info   a workgroup, which is a subgroup, per matrix
// a (M × N), u (M × P), vt (P × N), s (P), near (P): s of the matrix by the power of two that brings it near 1; info: see
// lib/svdScale.wgsl. P = min(M, N) and Q = max(M, N) ≤ 32. Lane i holds columns 4 i … 4 i + 3 of what is worked on: of w = a
// or its transpose (Q × P), then of the transposed triangle of its pivoted factorisation, which the rotations make the
// vectors v of the short side, and of the images w v. What each stage does, and why, is in svd/reduce, svd/jacobi,
// svd/complete, svd/values and svd. Columns stay where they are; `places` has their order, longest first.
// requires lib/svdColumns.wgsl
// requires lib/svdMeet.wgsl
// requires lib/svdSpan.wgsl
// requires lib/svdScale.wgsl

struct Params {
  M: u32, N: u32, P: u32, Q: u32, lanes: u32, sweeps: u32, tolerance: f32, weak: f32, strong: f32, poison: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<u32>;
@group(0) @binding(2) var<storage, read_write> u: array<f32>;
@group(0) @binding(3) var<storage, read_write> vt: array<f32>;
@group(0) @binding(4) var<storage, read_write> s: array<u32>;
@group(0) @binding(5) var<storage, read_write> near: array<f32>;
@group(0) @binding(6) var<storage, read_write> info: array<u32>;

const EPS = 1.1920929e-7;

/** The bits of the largest |a| of a matrix. */
fn largest(matrix: u32, lane: u32) -> u32 {
  let size = p.M * p.N;
  var most = 0u;
  for (var t = 0u; t < (size + WG - 1) / WG; t++) {
    let i = min(t * WG + lane, size - 1);
    most = max(most, a[matrix * size + i] & 0x7fffffffu);
  }
  return subgroupMax(most);
}

/** The entry of w, brought near 1. */
fn entry(matrix: u32, r: u32, c: u32, most: u32) -> f32 {
  if (r >= p.Q || c >= p.P || lost(most, 0)) { return 0.0; }
  let at = select(r * p.P + c, c * p.Q + r, p.M < p.N);
  return bitcast<f32>(scaleBits(a[matrix * p.M * p.N + at], -exponentOf(most)));
}

fn row(matrix: u32, r: u32, columns: vec4u, most: u32) -> vec4f {
  return vec4f(entry(matrix, r, columns.x, most), entry(matrix, r, columns.y, most),
    entry(matrix, r, columns.z, most), entry(matrix, r, columns.w, most));
}

/** Where columns of these lengths belong, longest first. */
fn placesOf(lengths: vec4f, columns: vec4u) -> vec4u {
  var places = vec4u(0);
  for (var i = 0u; i < WG; i++) {
    let others = subgroupShuffle(lengths, i);
    for (var e = 0u; e < 4; e++) {
      let other = vec4f(others[e]);
      let before = (other > lengths) | ((other == lengths) & (vec4u(4 * i + e) < columns));
      places += select(vec4u(0), vec4u(1), before);
    }
  }
  return places;
}

/** Takes multiples of q out of some rows of the columns; the squares of what is left of them. */
fn takeOut(x: ptr<function, Columns>, q: ptr<function, Column>, first: u32, products: vec4f) -> vec4f {
  var squares = vec4f(0);
  for (var i = 0u; i < CHUNK; i++) {
    let rest = (*x)[first + i] - (*q)[first + i] * products;
    (*x)[first + i] = rest;
    squares += rest * rest;
  }
  return squares;
}

/** The squares of the lengths of the columns, in runs of eight terms: long sums lose more to rounding. */
fn squaresOf(x: ptr<function, Columns>) -> vec4f {
  var sum = vec4f(0);
  for (var run = 0u; run < ROWS / CHUNK; run++) {
    var part = vec4f(0);
    for (var i = 0u; i < CHUNK; i++) { part += (*x)[CHUNK * run + i] * (*x)[CHUNK * run + i]; }
    sum += part;
  }
  return sum;
}

/** Makes l the transposed triangle of a pivoted factorisation of the columns x, which are used up; the rank. */
fn triangulate(x: ptr<function, Columns>, l: ptr<function, Columns>, columns: vec4u) -> u32 {
  var squares = squaresOf(x);
  var left = columns < vec4u(p.P); // columns that have not been pivots
  var floor = 0.0;
  var rank = 0u;
  for (var k = 0u; k < p.P; k++) {
    let candidates = select(vec4f(-1), squares, left);
    let most = subgroupMax(max(max(candidates.x, candidates.y), max(candidates.z, candidates.w)));
    let found = select(vec4u(4 * WG), columns, candidates == vec4f(most));
    let pivot = subgroupMin(min(min(found.x, found.y), min(found.z, found.w)));
    if (k == 0) { floor = 64 * EPS * EPS * most; }
    let dead = most <= floor;
    rank += select(1u, 0u, dead);
    let mine = columns == vec4u(pivot);
    left = left & !mine;
    let inverse = select(1 / sqrt(most), 0.0, dead);
    var q: Column;
    let products = (spread(x, &q, 0, mine, pivot / 4, inverse) + spread(x, &q, 8, mine, pivot / 4, inverse))
      + (spread(x, &q, 16, mine, pivot / 4, inverse) + spread(x, &q, 24, mine, pivot / 4, inverse));
    squares = (takeOut(x, &q, 0, products) + takeOut(x, &q, 8, products))
      + (takeOut(x, &q, 16, products) + takeOut(x, &q, 24, products));
    // a pivot that is noise gets an entry below the noise: see svd/reduce
    let diagonal = select(sqrt(most), select(sqrt(floor) / 16, 1.0, floor == 0.0), dead);
    let entries = select(select(vec4f(0), products, left), vec4f(diagonal), mine);
    let kth = columns == vec4u(k);
    for (var i = 0u; i < WG; i++) {
      let four = subgroupShuffle(entries, i);
      (*l)[4 * i] = select((*l)[4 * i], vec4f(four.x), kth);
      (*l)[4 * i + 1] = select((*l)[4 * i + 1], vec4f(four.y), kth);
      (*l)[4 * i + 2] = select((*l)[4 * i + 2], vec4f(four.z), kth);
      (*l)[4 * i + 3] = select((*l)[4 * i + 3], vec4f(four.w), kth);
    }
  }
  return rank;
}

/** Eight terms of Σ own · v, of one row of w that the lanes hold and the columns v. */
fn part(own: vec4f, v: ptr<function, Columns>, first: u32) -> vec4f {
  let low = subgroupShuffle(own, first / 4);
  let high = subgroupShuffle(own, first / 4 + 1);
  return low.x * (*v)[first] + low.y * (*v)[first + 1] + low.z * (*v)[first + 2] + low.w * (*v)[first + 3]
    + high.x * (*v)[first + 4] + high.y * (*v)[first + 5] + high.z * (*v)[first + 6] + high.w * (*v)[first + 7];
}

fn image(own: vec4f, v: ptr<function, Columns>) -> vec4f {
  return (part(own, v, 0) + part(own, v, 8)) + (part(own, v, 16) + part(own, v, 24));
}

/** Writes the entries in row r of a column of u and of one of v. */
fn store(matrix: u32, r: u32, column: u32, place: u32, ofU: f32, ofV: f32) {
  if (column < p.P && r < p.M) { u[(matrix * p.M + r) * p.P + place] = ofU; }
  if (column < p.P && r < p.N) { vt[(matrix * p.P + place) * p.N + r] = ofV; }
}

@compute @workgroup_size(WG)
fn decompose(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let matrix = group.x;
  let columns = 4 * lane + vec4u(0, 1, 2, 3);
  let eight = ROWS / 4 - u32(p.P == 0); // the compiler shall not know, and unroll
  let most = largest(matrix, lane);

  var w: Columns;
  for (var t = 0u; t < eight; t++) {
    var rows = mat4x4f();
    for (var i = 0u; i < eight / 2; i++) { rows = shift(rows, row(matrix, 4 * t + i, columns, most)); }
    push(&w, rows);
  }
  var v: Columns;
  let rank = triangulate(&w, &v, columns);
  var squares = vec4f(0);
  let turned = rotate(&v, &squares, lane, p.lanes, select(0, p.sweeps, rank > 0), p.tolerance);
  let again = select(0, turned.y, rank > 0);
  var lengths = sqrt(squares);
  var places = placesOf(lengths, columns);
  orthonormalise(&v, p.P, p.P, &lengths, places, 1e-9, lane);
  let before = select(lengths, vec4f(0), places >= vec4u(rank));

  for (var t = 0u; t < eight; t++) {
    var rows = mat4x4f();
    for (var i = 0u; i < eight / 2; i++) { rows = shift(rows, image(row(matrix, 4 * t + i, columns, most), &v)); }
    push(&w, rows);
  }
  squares = squaresOf(&w);
  let own = squaresOf(&v);
  let first = subgroupMax(max(max(before.x, before.y), max(before.z, before.w)));
  let kept = (before <= vec4f(p.weak * first)) | (own == vec4f(0));
  let values = select(sqrt(squares / own), before, kept);
  places = placesOf(values, columns);
  lengths = sqrt(squares);
  orthonormalise(&w, p.Q, p.P, &lengths, places, p.strong, lane);

  // the largest entry of a column of u is positive
  let wide = p.M < p.N;
  var extreme = vec4f(0);
  for (var r = 0u; r < ROWS; r++) {
    let x = select(w[r], v[r], wide);
    extreme = select(extreme, x, abs(x) > abs(extreme));
  }
  let bad = lost(most, again);
  let sign = select(select(vec4f(1), vec4f(-1), extreme < vec4f(0)), vec4f(p.poison), bad);
  for (var t = 0u; t < eight; t++) {
    var x = mat4x4f(w[0], w[1], w[2], w[3]);
    var y = mat4x4f(v[0], v[1], v[2], v[3]);
    for (var i = 0u; i < eight / 2; i++) {
      let ofU = sign * select(x[0], y[0], wide);
      let ofV = sign * select(y[0], x[0], wide);
      store(matrix, 4 * t + i, columns.x, places.x, ofU.x, ofV.x);
      store(matrix, 4 * t + i, columns.y, places.y, ofU.y, ofV.y);
      store(matrix, 4 * t + i, columns.z, places.z, ofU.z, ofV.z);
      store(matrix, 4 * t + i, columns.w, places.w, ofU.w, ofV.w);
      x = shift(x, vec4f(0));
      y = shift(y, vec4f(0));
    }
    push(&w, mat4x4f());
    push(&v, mat4x4f());
  }
  for (var e = 0u; e < 4; e++) {
    if (columns[e] < p.P) {
      let at = matrix * p.P + places[e];
      near[at] = values[e];
      s[at] = select(scaleBits(bitcast<u32>(values[e]), exponentOf(most)), bitcast<u32>(p.poison), bad);
    }
  }
  for (var i = lane; i < 4; i += WG) { info[4 * matrix + i] = vec4u(most, rank, turned.x, again)[i]; }
}
