// Row-major walks through tensors whose axes have any strides: RANK axes, the last one first, the first four
// in one vec4u and the rest in another.

override RANK: u32 = 1;

fn axisOf(low: vec4u, high: vec4u, axis: u32) -> u32 {
  return select(high[axis & 3], low[axis & 3], axis < 4);
}

/** i / n, by way of f32: software adapters divide integers one lane at a time. */
fn quotient(i: u32, n: u32) -> u32 {
  let inverse = 1 / f32(n);
  let guess = u32(f32(i) * inverse);
  let far = bitcast<i32>(i - guess * n); // some multiple of 2^-22 of i, of either sign
  let near = guess + bitcast<u32>(i32(f32(far) * inverse));
  let left = bitcast<i32>(i - near * n);
  return near + select(0u, 1u, left >= bitcast<i32>(n)) - select(0u, 1u, left < 0);
}

/** Where element i of a tensor with these extents is found, given its strides. */
fn stridedIndex(i: u32, e0: vec4u, e1: vec4u, s0: vec4u, s1: vec4u) -> u32 {
  var rest = i;
  var found = 0u;
  for (var axis = 0u; axis + 1 < RANK; axis++) {
    let extent = axisOf(e0, e1, axis);
    let next = quotient(rest, extent);
    found += (rest - next * extent) * axisOf(s0, s1, axis);
    rest = next;
  }
  return found + rest * axisOf(s0, s1, RANK - 1);
}
