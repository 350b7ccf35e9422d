// svd/orthonormalise.shared: the columns of small y (Q × K) become orthonormal, as svd/orthonormalise makes them, for
// lavapipe.
//   orthonormalise   y, info -> y, s   a workgroup, which is a subgroup, per matrix
// Q ≤ 32 rows, K ≤ 4 WG columns. Lane i holds columns 4 i … 4 i + 3; the column at work is with all of them.
// requires lib/svdColumns.wgsl

struct Params { Q: u32, K: u32, bounded: u32, strong: f32, zero: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read> info: array<u32>;
@group(0) @binding(3) var<storage, read_write> s: array<f32>;

alias Column = array<f32, ROWS>;

/** The sum over all lanes. */
fn total(part: f32) -> f32 {
  var sum = part + subgroupShuffleXor(part, 1);
  sum += subgroupShuffleXor(sum, 2);
  return sum + subgroupShuffleXor(sum, 4);
}

/** Takes the columns that `before` marks out of q, and returns the square of what is left of its length. */
fn takeOut(x: ptr<function, Columns>, q: ptr<function, Column>, before: vec4<bool>) -> f32 {
  var products = vec4f(0);
  for (var r = 0u; r < ROWS; r++) { products += (*x)[r] * (*q)[r]; }
  products = select(vec4f(0), products, before);
  var squared = 0.0;
  for (var r = 0u; r < ROWS; r++) {
    let rest = (*q)[r] - total(dot((*x)[r], products));
    (*q)[r] = rest;
    squared += rest * rest;
  }
  return squared;
}

/** The row whose unit vector those columns span least. */
fn freest(x: ptr<function, Columns>, before: vec4<bool>) -> u32 {
  var least = 2.0 * f32(4 * WG);
  var place = 0u;
  for (var r = 0u; r < ROWS; r++) {
    let own = select(vec4f(0), (*x)[r], before);
    let spanned = total(dot(own, own));
    if (r < p.Q && spanned < least) {
      least = spanned;
      place = r;
    }
  }
  return place;
}

@compute @workgroup_size(WG)
fn orthonormalise(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let columns = 4 * lane + vec4u(0, 1, 2, 3);
  let start = group.x * p.Q * p.K;
  let rows = ROWS - u32(p.K == 0); // the compiler shall not know, and unroll
  var x: Columns;
  var squares = vec4f(0);
  for (var r = 0u; r < rows; r++) {
    var row = vec4f(0);
    for (var e = 0u; e < 4; e++) {
      if (r < p.Q && columns[e] < p.K) { row[e] = y[start + r * p.K + columns[e]]; }
    }
    push(&x, row);
    squares += row * row;
  }
  var lengths = sqrt(squares);
  let unit = select(vec4f(0), 1 / lengths, squares > vec4f(0));
  for (var r = 0u; r < ROWS; r++) { x[r] *= unit; }

  let longest = subgroupShuffle(lengths.x, 0);
  let weak = select(vec4u(p.K), columns, lengths <= vec4f(p.strong * longest));
  let first = subgroupMin(min(min(weak.x, weak.y), min(weak.z, weak.w)));
  for (var j = first; j < p.K; j++) {
    let mine = columns == vec4u(j);
    let before = columns < vec4u(j);
    let held = select(vec4f(0), lengths, mine);
    var length = subgroupShuffle((held.x + held.y) + (held.z + held.w), j / 4);
    var q: Column;
    for (var r = 0u; r < ROWS; r++) {
      let own = select(vec4f(0), x[r], mine);
      q[r] = subgroupShuffle((own.x + own.y) + (own.z + own.w), j / 4);
    }
    var alive = length > 0.0;
    for (var turn = 0u; turn < 4; turn++) {
      // turns 0 and 1 work on the column; 2 and 3 on a unit vector, where the column was spanned already
      if (turn == 2) {
        if (alive) { break; }
        let place = freest(&x, before);
        for (var r = 0u; r < ROWS; r++) { q[r] = select(0.0, 1.0, r == place); }
      }
      let squared = takeOut(&x, &q, before);
      let scale = select(0.0, 1 / sqrt(squared), squared > 0.0);
      for (var r = 0u; r < ROWS; r++) { q[r] *= scale; }
      if (turn == 0) { length *= sqrt(squared); }
      if (turn == 1) { alive = alive && squared > 0.25; }
    }
    lengths = select(lengths, vec4f(length), mine);
    for (var r = 0u; r < ROWS; r++) { x[r] = select(x[r], vec4f(q[r]), mine); }
  }

  // no value is larger than one before it
  lengths.y = min(lengths.y, lengths.x);
  lengths.z = min(lengths.z, lengths.y);
  lengths.w = min(lengths.w, lengths.z);
  var least = lengths;
  for (var distance = 1u; distance < WG; distance++) {
    let earlier = subgroupShuffle(lengths.w, max(lane, distance) - distance);
    if (distance <= lane) { least = min(least, vec4f(earlier)); }
  }
  let zero = (vec4f(p.zero) > vec4f(0)) & (least <= vec4f(p.zero * longest));
  let past = vec4<bool>(p.bounded == 1) & (columns >= vec4u(info[4 * group.x + 1]));
  for (var e = 0u; e < 4; e++) {
    if (columns[e] < p.K) { s[group.x * p.K + columns[e]] = select(least[e], 0.0, zero[e] || past[e]); }
  }
  for (var r = 0u; r < rows; r++) {
    let row = select(x[0], vec4f(0), zero);
    for (var e = 0u; e < 4; e++) {
      if (r < p.Q && columns[e] < p.K) { y[start + r * p.K + columns[e]] = row[e]; }
    }
    push(&x, vec4f(0));
  }
}
