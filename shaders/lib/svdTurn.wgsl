// Rotations of eight columns x and y, four to a vector, towards orthogonality, reckoned from their Gram matrix.

/** The Gram matrix [xx xy; xy^T yy] of eight columns x, y. */
struct Gram { xx: mat4x4f, xy: mat4x4f, yy: mat4x4f }

/** An 8 × 8 matrix by rows: x and y hold their left and right halves. */
struct Turn { x: array<vec4f, 8>, y: array<vec4f, 8> }

fn diagonal(m: mat4x4f) -> vec4f { return vec4f(m[0].x, m[1].y, m[2].z, m[3].w); }

/** Whether two of the eight columns are further from orthogonal than the tolerance. */
fn unsettled(g: Gram, tolerance: f32) -> bool {
  let x = sqrt(diagonal(g.xx)); // squares of products would underflow
  let y = sqrt(diagonal(g.yy));
  var found = vec4<bool>(false);
  for (var j = 0u; j < 4; j++) {
    found = found | (abs(g.xy[j]) > tolerance * x * y[j]);
    let others = vec4u(0, 1, 2, 3) != vec4u(j);
    found = found | (others & (abs(g.xx[j]) > tolerance * x * x[j]));
    found = found | (others & (abs(g.yy[j]) > tolerance * y * y[j]));
  }
  return any(found);
}

/**
 * Rotates columns x_i and y_i, for i = 0 … 3, to be orthogonal. Those well within the tolerance stay: columns of equal
 * length would be turned by large angles that rounding errors choose, at 3 to 5 more sweeps where many are equal. Of those
 * that turn, the longer becomes x_i where `lead` is positive, and y_i where it is negative.
 */
fn rotate(g: ptr<function, Gram>, turn: ptr<function, Turn>, tolerance: f32, lead: vec4f) {
  let x2 = diagonal((*g).xx);
  let y2 = diagonal((*g).yy);
  let unit = max(max(x2, y2), vec4f(1e-37));
  let gap = (y2 - x2) / unit;
  let xy = diagonal((*g).xy);
  let twice = 2 * xy / unit;
  let reach = abs(gap) + sqrt(gap * gap + twice * twice);
  let wanted = (reach > vec4f(0)) & (abs(xy) > 0.25 * tolerance * sqrt(x2) * sqrt(y2));
  let tangent = select(vec4f(0), select(twice, -twice, gap < vec4f(0)) / max(reach, vec4f(1e-37)), wanted);
  let cosine = 1 / sqrt(1 + tangent * tangent);
  let sine = tangent * cosine;
  let exchanged = wanted & (gap * lead > vec4f(0));
  let c = select(cosine, sine, exchanged);
  let s = select(sine, -cosine, exchanged);
  let yx = transpose((*g).xy);
  for (var j = 0u; j < 4; j++) {
    let p1 = c[j] * (*g).xx[j] - s[j] * (*g).xy[j];
    let p2 = c[j] * yx[j] - s[j] * (*g).yy[j];
    let q1 = s[j] * (*g).xx[j] + c[j] * (*g).xy[j];
    let q2 = s[j] * yx[j] + c[j] * (*g).yy[j];
    (*g).xx[j] = c * p1 - s * p2;
    (*g).xy[j] = c * q1 - s * q2;
    (*g).yy[j] = s * q1 + c * q2;
  }
  for (var k = 0u; k < 8; k++) {
    let x = (*turn).x[k];
    let y = (*turn).y[k];
    (*turn).x[k] = c * x - s * y;
    (*turn).y[k] = s * x + c * y;
  }
}

fn movedTop(top: vec4f, bottom: vec4f) -> vec4f { return vec4f(top.x, bottom.x, top.yz); }
fn movedBottom(top: vec4f, bottom: vec4f) -> vec4f { return vec4f(bottom.yzw, top.w); }

/** Moves the eight columns around the table, x_0 staying: seven moves bring all pairs together. */
fn turnTable(g: ptr<function, Gram>, turn: ptr<function, Turn>) {
  let xx = (*g).xx;
  let xy = (*g).xy;
  let yy = (*g).yy;
  let yx = transpose(xy);
  (*g).xx = mat4x4f(
    movedTop(xx[0], yx[0]), movedTop(xy[0], yy[0]), movedTop(xx[1], yx[1]), movedTop(xx[2], yx[2]));
  (*g).xy = mat4x4f(
    movedTop(xy[1], yy[1]), movedTop(xy[2], yy[2]), movedTop(xy[3], yy[3]), movedTop(xx[3], yx[3]));
  (*g).yy = mat4x4f(
    movedBottom(xy[1], yy[1]), movedBottom(xy[2], yy[2]), movedBottom(xy[3], yy[3]), movedBottom(xx[3], yx[3]));
  for (var k = 0u; k < 8; k++) {
    let x = (*turn).x[k];
    let y = (*turn).y[k];
    (*turn).x[k] = movedTop(x, y);
    (*turn).y[k] = movedBottom(x, y);
  }
}

fn identity() -> Turn {
  const I = mat4x4f(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1);
  const O = vec4f(0);
  return Turn(
    array(I[0], I[1], I[2], I[3], O, O, O, O),
    array(O, O, O, O, I[0], I[1], I[2], I[3]));
}

/** Scales the columns to length 1; they have it but for rounding, of which less is lost near 0 than near 1. */
fn normalise(turn: ptr<function, Turn>) {
  var x = vec4f(-1);
  var y = vec4f(-1);
  for (var k = 0u; k < 8; k++) {
    x = fma((*turn).x[k], (*turn).x[k], x);
    y = fma((*turn).y[k], (*turn).y[k], y);
  }
  for (var k = 0u; k < 8; k++) {
    (*turn).x[k] = fma(-0.5 * x, (*turn).x[k], (*turn).x[k]);
    (*turn).y[k] = fma(-0.5 * y, (*turn).y[k], (*turn).y[k]);
  }
}

/** Rotates eight columns once around, all pairs of them, long ones to the front, where x_0 stands at `place` and y_0 at 4. */
fn diagonalise(g: ptr<function, Gram>, tolerance: f32, place: f32) -> Turn {
  var turn = identity();
  var x = place + vec4f(0, 1, 2, 3);
  var y = vec4f(4, 5, 6, 7);
  for (var step = 0u; step < 7; step++) {
    rotate(g, &turn, tolerance, y - x);
    turnTable(g, &turn);
    let top = x;
    x = movedTop(top, y);
    y = movedBottom(top, y);
  }
  normalise(&turn);
  return turn;
}

/** The block that starts at a place of a ring of 2B: even blocks go up one after the other, odd ones down on the way back. */
fn blockFrom(place: u32) -> u32 {
  let start = place % (2 * p.B);
  return min(start, 2 * p.B - 1 - start);
}

/**
 * The blocks that pass each other in round `round` of B, from `low` to the place beside it and back, the first one first. They
 * begin in order, neighbours change places in every round (odd–even transposition), and in the end all have met.
 */
fn pairOf(round: u32, low: u32) -> vec2u {
  let up = blockFrom(2 * p.B + low - round);
  let down = blockFrom(4 * p.B - 2 - low - round);
  return vec2u(min(up, down), max(up, down));
}
