enable subgroups;
// The tile for 5 to 8 columns: a lane owns 4 rows by both vec4s of columns. Even lanes load the first vec4, odd ones
// the second, and hand them to each other: 1.8 times as fast as ownTile.wgsl on lavapipe, 1.3 times on SwiftShader.
// convTranspose2d.tall.wgsl has each lane load another channel of the filter, by `multiplyBoth`.
// Figures: bench/results/README.md.

override SUBGROUP: u32 = 8; // lanes of a workgroup, which share
override TILE_WG: u32 = SUBGROUP;
override ROWS: u32 = 4 * SUBGROUP;
const LOADS = 4u; // rows that a lane loads
override ADJACENT: bool = false; // whether these stand next to each other, for vec4 loads across rows

var<private> acc: array<vec4f, 8>; // rows 0 to 3 of the first vec4 of columns, then of the second

/** The row of its tile that a lane loads as its `load`-th. */
fn rowOf(load: u32, lane: u32) -> u32 { return select(load * SUBGROUP + lane, lane * LOADS + load, ADJACENT); }

/** The lane's tile and the vec4 of columns that it loads. */
fn place(group: u32, lane: u32, tiles: u32, columns: u32) -> vec2u { return vec2u(group, lane % 2); }

/** acc += a · b for four steps of the depth: a[load] holds them for row `rowOf(load)`, b[step] is a row of columns. */
fn multiply(a: array<vec4f, 4>, b: array<vec4f, 4>) {
  let left = array<vec4f, 4>(
    subgroupBroadcast(b[0], 0), subgroupBroadcast(b[1], 0), subgroupBroadcast(b[2], 0), subgroupBroadcast(b[3], 0),
  );
  let right = array<vec4f, 4>(
    subgroupBroadcast(b[0], 1), subgroupBroadcast(b[1], 1), subgroupBroadcast(b[2], 1), subgroupBroadcast(b[3], 1),
  );
  multiplyBoth(a, left, right);
}

/** The same with both vec4s of columns at hand. */
fn multiplyBoth(a: array<vec4f, 4>, left: array<vec4f, 4>, right: array<vec4f, 4>) {
  multiplyRow(0, a[0], left);
  multiplyRow(1, a[1], left);
  multiplyRow(2, a[2], left);
  multiplyRow(3, a[3], left);
  multiplyRow(4, a[0], right);
  multiplyRow(5, a[1], right);
  multiplyRow(6, a[2], right);
  multiplyRow(7, a[3], right);
}

fn multiplyRow(row: u32, a: vec4f, b: array<vec4f, 4>) {
  acc[row] = acc[row] + a.x * b[0] + a.y * b[1] + a.z * b[2] + a.w * b[3];
}

/** acc += a · b for one step of the depth: a holds it for the rows `rowOf(0 … 3)`. */
fn multiplyOne(a: vec4f, b: vec4f) {
  let left = subgroupBroadcast(b, 0);
  let right = subgroupBroadcast(b, 1);
  acc[0] += a.x * left;
  acc[1] += a.y * left;
  acc[2] += a.z * left;
  acc[3] += a.w * left;
  acc[4] += a.x * right;
  acc[5] += a.y * right;
  acc[6] += a.z * right;
  acc[7] += a.w * right;
}

/** Calls the kernel's `storeRow` for each row; at[load] is where row `rowOf(load)` goes. */
fn storeRows(at: vec4u, column: u32) {
  let left = biasOf(0);
  let right = biasOf(4);
  storeRow(at.x, 0, activate(acc[0] + left));
  storeRow(at.y, 0, activate(acc[1] + left));
  storeRow(at.z, 0, activate(acc[2] + left));
  storeRow(at.w, 0, activate(acc[3] + left));
  storeRow(at.x, 4, activate(acc[4] + right));
  storeRow(at.y, 4, activate(acc[5] + right));
  storeRow(at.z, 4, activate(acc[6] + right));
  storeRow(at.w, 4, activate(acc[7] + right));
}
