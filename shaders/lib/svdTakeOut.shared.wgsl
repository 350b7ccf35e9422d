enable subgroups;
diagnostic(off, subgroup_uniformity); // what decides is the same for a whole subgroup, which is the workgroup
// svd/reduce on lavapipe, whose loads cost as much for every lane as for one alone, and an exchange nearly nothing: the
// lanes load eight rows of the panel, one each, and hand them round.

/** Eight rows of the panel from `start` on, zero past the last. */
fn eightRows(at: Place, start: u32, lane: u32) -> array<vec4f, 8> {
  let r = start + lane;
  let q = select(vec4f(0), panel[at.panel + min(r, p.Q - 1)], r < p.Q);
  return array<vec4f, 8>(
    subgroupBroadcast(q, 0), subgroupBroadcast(q, 1), subgroupBroadcast(q, 2), subgroupBroadcast(q, 3),
    subgroupBroadcast(q, 4), subgroupBroadcast(q, 5), subgroupBroadcast(q, 6), subgroupBroadcast(q, 7),
  );
}

/**
 * Takes the panel out of the four columns from place `first` on; what lies past the last column stays by itself. Lanes
 * without columns join in, for the rows that they hand round.
 */
fn takeOut(at: Place, k: u32, first: u32, made: Panel, lane: u32) {
  let there = first < p.P;
  let column = at.w + select(0, first, there) / 4;
  var d = mat4x4f();
  for (var start = 0u; start < p.Q; start += 8) {
    let q = eightRows(at, start, lane);
    for (var i = 0u; i < 8; i++) {
      d = plusProducts(d, w[column + min(start + i, p.Q - 1) * p.stride / 4], q[i]);
    }
  }
  d = inTurn(d, made);
  var left = vec4f(0);
  for (var start = 0u; start < p.Q; start += 8) {
    let q = eightRows(at, start, lane);
    if (!there) { continue; }
    for (var i = 0u; i < 8; i++) {
      if (start + i >= p.Q) { break; }
      let place = column + (start + i) * p.stride / 4;
      let x = without(w[place], q[i], d);
      left = fma(x, x, left);
      w[place] = x;
    }
  }
  if (there) { noteColumns(at, k, first, d, left); }
}
