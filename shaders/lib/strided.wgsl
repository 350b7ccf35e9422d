// Row-major walks through tensors whose axes have any strides: RANK axes, the last one first, the first four
// in one vec4u and the rest in another. Axes are written out: an index into a vec4u that is not constant is slow.

override RANK: u32 = 1;

fn axisOf(low: vec4u, high: vec4u, axis: u32) -> u32 {
  return select(high[axis & 3], low[axis & 3], axis < 4);
}

/** (index left over, place so far), one axis further. */
fn nextAxis(walk: vec2u, extent: u32, stride: u32) -> vec2u {
  let rest = walk.x / extent;
  return vec2u(rest, walk.y + (walk.x - rest * extent) * stride);
}

/** Where element i of a tensor with these extents is found, given its strides. */
fn stridedIndex(i: u32, e0: vec4u, e1: vec4u, s0: vec4u, s1: vec4u) -> u32 {
  var walk = vec2u(i, 0);
  if (RANK > 1) { walk = nextAxis(walk, e0.x, s0.x); }
  if (RANK > 2) { walk = nextAxis(walk, e0.y, s0.y); }
  if (RANK > 3) { walk = nextAxis(walk, e0.z, s0.z); }
  if (RANK > 4) { walk = nextAxis(walk, e0.w, s0.w); }
  if (RANK > 5) { walk = nextAxis(walk, e1.x, s1.x); }
  if (RANK > 6) { walk = nextAxis(walk, e1.y, s1.y); }
  if (RANK > 7) { walk = nextAxis(walk, e1.z, s1.z); }
  return walk.y + walk.x * axisOf(s0, s1, RANK - 1);
}
