// svd/jacobi: one-sided Jacobi (Hestenes 1958) on the columns of w (R × 4B), four columns to a block.
//   solve    w, flags -> w   all sweeps; a workgroup per matrix
//   round    w, flags -> w   one round of one sweep, for large matrices; many workgroups per matrix
//   settle   flags -> flags  between two sweeps of rounds: nothing left to rotate means done
// R rows, B blocks (even). A round pairs every block with another one; a sweep is the B − 1 rounds of a
// tournament. A lane owns a pair of blocks: it forms the Gram matrix of their eight columns, rotates
// that once around, and applies the product of the rotations to the columns; lanes never exchange
// anything within a round. flags[2b] is set when matrix b is done, flags[2b+1] while it is not.

override WG: u32 = 8;

struct Params { R: u32, B: u32, sweeps: u32, round: u32, count: u32, tolerance: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> flags: array<atomic<u32>>;

/** The blocks that meet at table `t` in round `round`: the last one stays, the others move around. */
fn pairOf(round: u32, t: u32) -> vec2u {
  let last = p.B - 1;
  let i = select((round + t) % last, last, t == 0u);
  let j = (round + last - t) % last;
  return vec2u(min(i, j), max(i, j));
}

/** The Gram matrix [xx xy; xy^T yy] of eight columns x, y. */
struct Gram { xx: mat4x4f, xy: mat4x4f, yy: mat4x4f }

/** An 8 × 8 matrix by rows: x and y hold their left and right halves. */
struct Turn { x: array<vec4f, 8>, y: array<vec4f, 8> }

fn diagonal(m: mat4x4f) -> vec4f { return vec4f(m[0].x, m[1].y, m[2].z, m[3].w); }

/** Whether two of the eight columns are further from orthogonal than the tolerance. */
fn unsettled(g: Gram) -> bool {
  let x = sqrt(diagonal(g.xx)); // squares of products would underflow
  let y = sqrt(diagonal(g.yy));
  var found = vec4<bool>(false);
  for (var j = 0u; j < 4; j++) {
    found = found | (abs(g.xy[j]) > p.tolerance * x * y[j]);
    let others = vec4u(0, 1, 2, 3) != vec4u(j);
    found = found | (others & (abs(g.xx[j]) > p.tolerance * x * x[j]));
    found = found | (others & (abs(g.yy[j]) > p.tolerance * y * y[j]));
  }
  return any(found);
}

/** Rotates columns x_i and y_i, for i = 0 … 3, to be orthogonal. */
fn rotate(g: ptr<function, Gram>, turn: ptr<function, Turn>) {
  let x2 = diagonal((*g).xx);
  let y2 = diagonal((*g).yy);
  let unit = max(max(x2, y2), vec4f(1e-37));
  let gap = (y2 - x2) / unit;
  let twice = 2 * vec4f((*g).xy[0].x, (*g).xy[1].y, (*g).xy[2].z, (*g).xy[3].w) / unit;
  let reach = abs(gap) + sqrt(gap * gap + twice * twice);
  let tangent = select(vec4f(0), select(twice, -twice, gap < vec4f(0)) / max(reach, vec4f(1e-37)), reach > vec4f(0));
  let c = 1 / sqrt(1 + tangent * tangent);
  let s = tangent * c;
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

/** Scales the columns to length 1; they have it but for rounding. */
fn normalise(turn: ptr<function, Turn>) {
  var x = vec4f(0);
  var y = vec4f(0);
  for (var k = 0u; k < 8; k++) {
    x = fma((*turn).x[k], (*turn).x[k], x);
    y = fma((*turn).y[k], (*turn).y[k], y);
  }
  for (var k = 0u; k < 8; k++) {
    (*turn).x[k] *= 1.5 - 0.5 * x;
    (*turn).y[k] *= 1.5 - 0.5 * y;
  }
}

/** Makes the columns of blocks i and j orthogonal; false if they were. `base` is where matrix starts. */
fn orthogonalise(base: u32, i: u32, j: u32) -> bool {
  var g = Gram();
  for (var r = 0u; r < p.R; r++) {
    let row = base + r * p.B;
    let x = w[row + i];
    let y = w[row + j];
    g.xx[0] += x * x.x; g.xx[1] += x * x.y; g.xx[2] += x * x.z; g.xx[3] += x * x.w;
    g.xy[0] += x * y.x; g.xy[1] += x * y.y; g.xy[2] += x * y.z; g.xy[3] += x * y.w;
    g.yy[0] += y * y.x; g.yy[1] += y * y.y; g.yy[2] += y * y.z; g.yy[3] += y * y.w;
  }
  if (!unsettled(g)) { return false; }
  var turn = identity();
  for (var step = 0u; step < 7; step++) {
    rotate(&g, &turn);
    turnTable(&g, &turn);
  }
  normalise(&turn);
  for (var r = 0u; r < p.R; r++) {
    let row = base + r * p.B;
    let x = w[row + i];
    let y = w[row + j];
    w[row + i] = x.x * turn.x[0] + x.y * turn.x[1] + x.z * turn.x[2] + x.w * turn.x[3]
      + y.x * turn.x[4] + y.y * turn.x[5] + y.z * turn.x[6] + y.w * turn.x[7];
    w[row + j] = x.x * turn.y[0] + x.y * turn.y[1] + x.z * turn.y[2] + x.w * turn.y[3]
      + y.x * turn.y[4] + y.y * turn.y[5] + y.z * turn.y[6] + y.w * turn.y[7];
  }
  return true;
}

var<workgroup> turned: atomic<u32>;
var<workgroup> again: u32;

@compute @workgroup_size(WG)
fn solve(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let base = group.x * p.R * p.B;
  for (var sweep = 0u; sweep < p.sweeps; sweep++) {
    if (lane == 0u) { atomicStore(&turned, 0u); }
    workgroupBarrier();
    var rotated = false;
    for (var round = 0u; round < p.B - 1; round++) {
      for (var t = lane; t < p.B / 2; t += WG) {
        let pair = pairOf(round, t);
        rotated = orthogonalise(base, pair.x, pair.y) || rotated;
      }
      storageBarrier();
    }
    if (rotated) { atomicStore(&turned, 1u); }
    workgroupBarrier();
    if (lane == 0u) {
      again = atomicLoad(&turned);
      atomicStore(&flags[2 * group.x + 1], sweep + 1);
    }
    if (workgroupUniformLoad(&again) == 0u) { break; }
  }
}

@compute @workgroup_size(WG)
fn round(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.B / 2 || atomicLoad(&flags[2 * id.y]) != 0u) { return; }
  let pair = pairOf(p.round, id.x);
  if (orthogonalise(id.y * p.R * p.B, pair.x, pair.y)) { atomicStore(&flags[2 * id.y + 1], 1u); }
}

@compute @workgroup_size(WG)
fn settle(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.count) { return; }
  if (atomicLoad(&flags[2 * id.x + 1]) == 0u) { atomicStore(&flags[2 * id.x], 1u); }
  atomicStore(&flags[2 * id.x + 1], 0u);
}
