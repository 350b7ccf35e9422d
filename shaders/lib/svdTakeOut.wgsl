// svd/reduce on any device: each lane loads the panel for itself.

/** Takes the panel out of the four columns from place `first` on; what lies past the last column stays by itself. */
fn takeOut(at: Place, k: u32, first: u32, made: Panel, lane: u32) {
  if (first >= p.P) { return; }
  let column = at.w + first / 4;
  var d = mat4x4f();
  for (var r = 0u; r < p.Q; r++) {
    d = plusProducts(d, w[column + r * p.stride / 4], panel[at.panel + r]);
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
