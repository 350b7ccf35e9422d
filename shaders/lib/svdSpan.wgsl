// What the columns of svdColumns.wgsl span: one of them is taken out of others, or made orthogonal to them.

alias Column = array<f32, ROWS>;

/** The lane that holds a column of its own. */
fn ownerOf(mine: vec4<bool>, lane: u32) -> u32 { return subgroupMax(select(0, lane, any(mine))); }

/** Gives all lanes some rows of the column that is marked, times `factor`; their part of its products with theirs. */
fn spread(
  x: ptr<function, Columns>, q: ptr<function, Column>, first: u32, mine: vec4<bool>, owner: u32, factor: f32,
) -> vec4f {
  var products = vec4f(0);
  for (var i = 0u; i < CHUNK; i++) {
    let own = (*x)[first + i];
    let left = select(own.x, own.y, mine.y);
    let right = select(own.z, own.w, mine.w);
    let entry = factor * subgroupShuffle(select(left, right, mine.z || mine.w), owner);
    (*q)[first + i] = entry;
    products += entry * own;
  }
  return products;
}

/** The sum over all lanes. */
fn total(part: f32) -> f32 {
  var sum = part + subgroupShuffleXor(part, 1);
  sum += subgroupShuffleXor(sum, 2);
  return sum + subgroupShuffleXor(sum, 4);
}

/** Makes q orthogonal to the columns that `before` marks, and returns the square of what is left of its length. */
fn project(x: ptr<function, Columns>, q: ptr<function, Column>, before: vec4<bool>) -> f32 {
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

/** The row, of the first `rows`, whose unit vector the columns that `before` marks span least. */
fn freest(x: ptr<function, Columns>, before: vec4<bool>, rows: u32) -> u32 {
  var least = 2.0 * f32(4 * WG);
  var place = 0u;
  for (var r = 0u; r < ROWS; r++) {
    let own = select(vec4f(0), (*x)[r], before);
    let spanned = total(dot(own, own));
    if (r < rows && spanned < least) {
      least = spanned;
      place = r;
    }
  }
  return place;
}

/**
 * Makes the K columns of x, of `rows` rows and these lengths, orthonormal in the order of their places, to the end of
 * svd/complete. Those longer than `strong` times the first are orthogonal. The lengths become those of what was left of each.
 */
fn orthonormalise(
  x: ptr<function, Columns>, rows: u32, K: u32, lengths: ptr<function, vec4f>, places: vec4u, strong: f32, lane: u32,
) {
  let unit = select(vec4f(0), 1 / *lengths, *lengths > vec4f(0));
  for (var r = 0u; r < ROWS; r++) { (*x)[r] *= unit; }
  let longest = subgroupMax(max(max((*lengths).x, (*lengths).y), max((*lengths).z, (*lengths).w)));
  let weak = select(vec4u(K), places, *lengths <= vec4f(strong * longest));
  let start = subgroupMin(min(min(weak.x, weak.y), min(weak.z, weak.w)));
  for (var j = start; j < K; j++) {
    let mine = places == vec4u(j);
    let before = places < vec4u(j);
    let owner = ownerOf(mine, lane);
    let held = select(vec4f(0), *lengths, mine);
    var length = subgroupShuffle((held.x + held.y) + (held.z + held.w), owner);
    var q: Column;
    _ = spread(x, &q, 0, mine, owner, 1);
    _ = spread(x, &q, 8, mine, owner, 1);
    _ = spread(x, &q, 16, mine, owner, 1);
    _ = spread(x, &q, 24, mine, owner, 1);
    var alive = length > 0.0;
    for (var turn = 0u; turn < 4; turn++) {
      // turns 0 and 1 work on the column; 2 and 3 on a unit vector, where the column was spanned already
      if (turn == 2) {
        if (alive) { break; }
        let place = freest(x, before, rows);
        for (var r = 0u; r < ROWS; r++) { q[r] = select(0.0, 1.0, r == place); }
      }
      let squared = project(x, &q, before);
      let scale = select(0.0, 1 / sqrt(squared), squared > 0.0);
      for (var r = 0u; r < ROWS; r++) { q[r] *= scale; }
      if (turn == 0) { length *= sqrt(squared); }
      if (turn == 1) { alive = alive && squared > 0.25; }
    }
    *lengths = select(*lengths, vec4f(length), mine);
    for (var r = 0u; r < ROWS; r++) { (*x)[r] = select((*x)[r], vec4f(q[r]), mine); }
  }
}
