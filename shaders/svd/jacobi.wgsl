// svd/jacobi: one-sided Jacobi (Hestenes 1958) on the columns of w (R × 4B), four columns to a block.
//   solve    w, info -> w, info   `sweeps` more sweeps, if they are needed; a workgroup per matrix
// R rows, B blocks (even). A sweep is B rounds, in which blocks pass their neighbours, as in svd/rounds. A lane owns a
// pair of blocks: it forms the Gram matrix of their eight columns, rotates that once around, and applies the
// product of the rotations to the columns; lanes never exchange anything within a round.
// requires lib/svdTurn.wgsl

override WG: u32 = 8;

struct Params { R: u32, B: u32, sweeps: u32, tolerance: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> info: array<u32>;

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
  if (!unsettled(g, p.tolerance)) { return false; }
  let turn = diagonalise(&g, p.tolerance, 0);
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
  let at = 4 * group.x;
  if (lane == 0u) { again = u32(info[at + 1] > 0 && (info[at + 2] == 0 || info[at + 3] > 0)); }
  for (var sweep = 0u; sweep < p.sweeps; sweep++) {
    if (workgroupUniformLoad(&again) == 0u) { break; }
    if (lane == 0u) { atomicStore(&turned, 0u); }
    workgroupBarrier();
    var rotated = false;
    for (var round = 0u; round < p.B; round++) {
      for (var t = lane; t < (p.B - round % 2) / 2; t += WG) {
        let pair = pairOf(round, 2 * t + round % 2);
        rotated = orthogonalise(base, pair.x, pair.y) || rotated;
      }
      storageBarrier();
    }
    if (rotated) { atomicStore(&turned, 1u); }
    workgroupBarrier();
    if (lane == 0u) {
      again = atomicLoad(&turned);
      info[at + 2] += 1;
      info[at + 3] = again;
    }
  }
}
