// svd/reduce on any device: each lane loads the panel for itself.

/** Takes the panel out of the four columns from place `first` on; what lies past the last column stays by itself. */
fn takeOut(at: Place, k: u32, first: u32, made: Panel, lane: u32) {
  if (first >= p.P) { return; }
  let column = at.w + first / 4;
  var d = mat4x4f();
  for (var r = 0u; r < p.Q; r++) {
    let x = w[column + r * p.stride / 4];
    let q = panel[at.panel + r];
    d[0] = fma(x, vec4f(q.x), d[0]);
    d[1] = fma(x, vec4f(q.y), d[1]);
    d[2] = fma(x, vec4f(q.z), d[2]);
    d[3] = fma(x, vec4f(q.w), d[3]);
  }
  d = inTurn(d, made);
  var left = vec4f(0);
  for (var r = 0u; r < p.Q; r++) {
    let place = column + r * p.stride / 4;
    let x = without(w[place], panel[at.panel + r], d);
    left = fma(x, x, left);
    w[place] = x;
  }
  noteColumns(at, k, first, d, left);
}
