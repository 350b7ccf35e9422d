// svd/rounds: one-sided Jacobi (Hestenes 1958) on the columns of large w (R × 8B), eight columns to a block.
//   begin    info -> flags   before the first sweep; a matrix of rank 0 is done, as if by a sweep
//   round    w, flags -> w   one round of one sweep; many workgroups per matrix
//   settle   flags -> flags, info   between two sweeps
// R rows, B blocks (even). A lane owns a pair of blocks: it forms the Gram matrix of their sixteen columns, rotates
// that once around, and applies the rotations to the columns; lanes never exchange anything within a round. A sweep is B
// rounds, in which blocks pass their neighbours, and long columns go to the front. 512 random columns take 8 sweeps, the
// last three of which turn few; 10 without exchanges, and 10 in the rounds of a tournament, which exchanges do not help.
// A sweep of 512 columns takes 43 ms of CPU time on lavapipe, two thirds of it loads and stores. Figures: bench/results/README.md.
// flags[2b] is set when matrix b is done, flags[2b+1] while it is not.
// requires lib/svdTurn.wgsl

override WG: u32 = 8;

struct Params { R: u32, B: u32, round: u32, count: u32, tolerance: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> flags: array<atomic<u32>>;
@group(0) @binding(3) var<storage, read_write> info: array<u32>;

/** The Gram matrix of sixteen columns, by fours: a matrix for each two of the fours. */
struct Gram16 {
  aa: mat4x4f, ab: mat4x4f, ac: mat4x4f, ad: mat4x4f, bb: mat4x4f,
  bc: mat4x4f, bd: mat4x4f, cc: mat4x4f, cd: mat4x4f, dd: mat4x4f,
}

fn outer(x: vec4f, y: vec4f) -> mat4x4f { return mat4x4f(x * y.x, x * y.y, x * y.z, x * y.w); }

fn gramOf(at: vec2u) -> Gram16 {
  var g = Gram16();
  for (var r = 0u; r < p.R; r++) {
    let row = 2 * r * p.B;
    let a = w[row + at.x];
    let b = w[row + at.x + 1];
    let c = w[row + at.y];
    let d = w[row + at.y + 1];
    g.aa += outer(a, a);
    g.ab += outer(a, b);
    g.ac += outer(a, c);
    g.ad += outer(a, d);
    g.bb += outer(b, b);
    g.bc += outer(b, c);
    g.bd += outer(b, d);
    g.cc += outer(c, c);
    g.cd += outer(c, d);
    g.dd += outer(d, d);
  }
  return g;
}

/** Whether columns x and y, of these lengths, are further from orthogonal than the tolerance. */
fn apart(xy: mat4x4f, x: vec4f, y: vec4f) -> bool {
  return any((abs(xy[0]) > p.tolerance * x * y.x) | (abs(xy[1]) > p.tolerance * x * y.y)
    | (abs(xy[2]) > p.tolerance * x * y.z) | (abs(xy[3]) > p.tolerance * x * y.w));
}

fn unsettled16(g: Gram16) -> bool {
  let b = sqrt(diagonal(g.bb));
  let c = sqrt(diagonal(g.cc));
  return unsettled(Gram(g.aa, g.ad, g.dd), p.tolerance) || unsettled(Gram(g.bb, g.bc, g.cc), p.tolerance)
    || apart(g.ab, sqrt(diagonal(g.aa)), b) || apart(g.ac, sqrt(diagonal(g.aa)), c)
    || apart(g.bd, b, sqrt(diagonal(g.dd))) || apart(g.cd, c, sqrt(diagonal(g.dd)));
}

/** The left and the right half of the row (x, y) times the turn. */
fn turnX(x: vec4f, y: vec4f, turn: Turn) -> vec4f {
  return x.x * turn.x[0] + x.y * turn.x[1] + x.z * turn.x[2] + x.w * turn.x[3]
    + y.x * turn.x[4] + y.y * turn.x[5] + y.z * turn.x[6] + y.w * turn.x[7];
}
fn turnY(x: vec4f, y: vec4f, turn: Turn) -> vec4f {
  return x.x * turn.y[0] + x.y * turn.y[1] + x.z * turn.y[2] + x.w * turn.y[3]
    + y.x * turn.y[4] + y.y * turn.y[5] + y.z * turn.y[6] + y.w * turn.y[7];
}

struct Halves { x: mat4x4f, y: mat4x4f }

/** The matrix [x y] times the turn; its halves are transposed. */
fn turned(x: mat4x4f, y: mat4x4f, turn: Turn) -> Halves {
  let s = transpose(x);
  let t = transpose(y);
  return Halves(
    mat4x4f(turnX(s[0], t[0], turn), turnX(s[1], t[1], turn), turnX(s[2], t[2], turn), turnX(s[3], t[3], turn)),
    mat4x4f(turnY(s[0], t[0], turn), turnY(s[1], t[1], turn), turnY(s[2], t[2], turn), turnY(s[3], t[3], turn)));
}

/** The Gram matrix after the turns `left` of fours a and b and `right` of c and d, and one move around the table. */
fn turnGram(g: Gram16, ab: Gram, cd: Gram, left: Turn, right: Turn) -> Gram16 {
  let upper = turned(g.ac, g.ad, right); // c^T a and d^T a
  let lower = turned(g.bc, g.bd, right); // c^T b and d^T b
  let c = turned(upper.x, lower.x, left); // a^T c and b^T c
  let d = turned(upper.y, lower.y, left);
  return Gram16(ab.xx, d.x, ab.xy, c.x, cd.yy, transpose(d.y), transpose(cd.xy), ab.yy, c.y, cd.xx);
}

/** Makes the columns of two blocks orthogonal, which start at vec4s `at` of a row; false if they were. */
fn orthogonalise(at: vec2u) -> bool {
  var g = gramOf(at);
  if (!unsettled16(g)) { return false; }
  var left: array<Turn, 3>;
  var right: array<Turn, 3>;
  for (var step = 0u; step < 3; step++) {
    var ab = Gram(g.aa, g.ab, g.bb);
    var cd = Gram(g.cc, g.cd, g.dd);
    let l = diagonalise(&ab, p.tolerance, 0);
    let r = diagonalise(&cd, p.tolerance, select(0.0, 8.0, step == 2));
    g = turnGram(g, ab, cd, l, r);
    left[step] = l;
    right[step] = r;
  }
  for (var r = 0u; r < p.R; r++) {
    let row = 2 * r * p.B;
    var a = w[row + at.x];
    var b = w[row + at.x + 1];
    var c = w[row + at.y];
    var d = w[row + at.y + 1];
    let a1 = turnX(a, b, left[0]);
    let b1 = turnY(a, b, left[0]);
    let c1 = turnX(c, d, right[0]);
    let d1 = turnY(c, d, right[0]);
    let a2 = turnX(a1, d1, left[1]);
    let d2 = turnY(a1, d1, left[1]);
    let b2 = turnX(b1, c1, right[1]);
    let c2 = turnY(b1, c1, right[1]);
    w[row + at.x] = turnX(a2, c2, left[2]);
    w[row + at.y] = turnY(a2, c2, left[2]);
    w[row + at.y + 1] = turnX(d2, b2, right[2]);
    w[row + at.x + 1] = turnY(d2, b2, right[2]);
  }
  return true;
}

@compute @workgroup_size(WG)
fn begin(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.count) { return; }
  let zero = u32(info[4 * id.x + 1] == 0u);
  atomicStore(&flags[2 * id.x], zero);
  atomicStore(&flags[2 * id.x + 1], 0u);
  info[4 * id.x + 2] = zero;
}

@compute @workgroup_size(WG)
fn round(@builtin(global_invocation_id) id: vec3u) {
  let low = 2 * id.x + p.round % 2;
  if (low + 1 >= p.B || atomicLoad(&flags[2 * id.y]) != 0u) { return; }
  let base = id.y * p.R * 2 * p.B;
  if (orthogonalise(base + 2 * pairOf(p.round, low))) { atomicStore(&flags[2 * id.y + 1], 1u); }
}

@compute @workgroup_size(WG)
fn settle(@builtin(global_invocation_id) id: vec3u) {
  let at = 2 * id.x;
  if (id.x >= p.count || atomicLoad(&flags[at]) != 0u) { return; }
  let again = atomicLoad(&flags[at + 1]);
  if (again == 0u) { atomicStore(&flags[at], 1u); }
  atomicStore(&flags[at + 1], 0u);
  info[4 * id.x + 2] += 1;
  info[4 * id.x + 3] = again;
}
