enable subgroups;
// The tile where lanes share what they load: 16 rows by one vec4 of columns a lane, 8 lanes beside each other.
//
// Why: on lavapipe and SwiftShader a load costs many instructions for every lane, even where all lanes read one
// address; an addition, or a broadcast between lanes, costs one for all. So nothing is loaded twice: the lanes of
// a subgroup load different rows and hand each other the values.
// Measured on lavapipe (matmul 512³, 2 cores, GFLOP/s from CPU time): 17 where each lane loads its own 4 rows for
// 2 vec4, 31 with 8 shared rows, 38 with 16, 36 with 24 (registers spill); 47 with 16 where a row is finished before
// the next begins, so that its sums stay in registers for four steps; 34 with eight steps in the loop (it leaves the
// instruction cache). SwiftShader: 4.9 without sharing, 6.5 with.

override SUBGROUP: u32 = 8; // lanes that share: 8, or 4 where subgroups have no more
const TILE_WG = 8u;
const ROWS = 16u;
override LOADS = ROWS / SUBGROUP; // rows that a lane loads: 2 or 4

var<private> acc: array<vec4f, 16>;

/** The row of its tile that a lane loads as its `load`-th; with a subgroup of 8, loads 2 and 3 repeat 0 and 1. */
fn rowOf(load: u32, lane: u32) -> u32 { return load * SUBGROUP % ROWS + lane % SUBGROUP; }

/** The lane's tile and vec4 of columns: workgroups go over the tiles first, so that `b` stays in the cache. */
fn place(group: u32, lane: u32, tiles: u32, columns: u32) -> vec2u {
  return vec2u(group % tiles, group / tiles * TILE_WG + lane);
}

/** acc += a · b for four steps of the depth: a[load] holds them for row `rowOf(load)`, b[step] is a row of columns. */
fn multiply(a: array<vec4f, 4>, b: array<vec4f, 4>) {
  if (SUBGROUP == 8) {
    multiplyRow(0, subgroupBroadcast(a[0], 0), b);
    multiplyRow(1, subgroupBroadcast(a[0], 1), b);
    multiplyRow(2, subgroupBroadcast(a[0], 2), b);
    multiplyRow(3, subgroupBroadcast(a[0], 3), b);
    multiplyRow(4, subgroupBroadcast(a[0], 4), b);
    multiplyRow(5, subgroupBroadcast(a[0], 5), b);
    multiplyRow(6, subgroupBroadcast(a[0], 6), b);
    multiplyRow(7, subgroupBroadcast(a[0], 7), b);
    multiplyRow(8, subgroupBroadcast(a[1], 0), b);
    multiplyRow(9, subgroupBroadcast(a[1], 1), b);
    multiplyRow(10, subgroupBroadcast(a[1], 2), b);
    multiplyRow(11, subgroupBroadcast(a[1], 3), b);
    multiplyRow(12, subgroupBroadcast(a[1], 4), b);
    multiplyRow(13, subgroupBroadcast(a[1], 5), b);
    multiplyRow(14, subgroupBroadcast(a[1], 6), b);
    multiplyRow(15, subgroupBroadcast(a[1], 7), b);
  } else {
    multiplyRow(0, subgroupBroadcast(a[0], 0), b);
    multiplyRow(1, subgroupBroadcast(a[0], 1), b);
    multiplyRow(2, subgroupBroadcast(a[0], 2), b);
    multiplyRow(3, subgroupBroadcast(a[0], 3), b);
    multiplyRow(4, subgroupBroadcast(a[1], 0), b);
    multiplyRow(5, subgroupBroadcast(a[1], 1), b);
    multiplyRow(6, subgroupBroadcast(a[1], 2), b);
    multiplyRow(7, subgroupBroadcast(a[1], 3), b);
    multiplyRow(8, subgroupBroadcast(a[2], 0), b);
    multiplyRow(9, subgroupBroadcast(a[2], 1), b);
    multiplyRow(10, subgroupBroadcast(a[2], 2), b);
    multiplyRow(11, subgroupBroadcast(a[2], 3), b);
    multiplyRow(12, subgroupBroadcast(a[3], 0), b);
    multiplyRow(13, subgroupBroadcast(a[3], 1), b);
    multiplyRow(14, subgroupBroadcast(a[3], 2), b);
    multiplyRow(15, subgroupBroadcast(a[3], 3), b);
  }
}

fn multiplyRow(row: u32, a: vec4f, b: array<vec4f, 4>) {
  acc[row] = acc[row] + a.x * b[0] + a.y * b[1] + a.z * b[2] + a.w * b[3];
}

/** acc += a · b for one step of the depth: a holds it for the rows `rowOf(0 … 3)`. */
fn multiplyOne(a: vec4f, b: vec4f) {
  if (SUBGROUP == 8) {
    acc[0] += subgroupBroadcast(a.x, 0) * b;
    acc[1] += subgroupBroadcast(a.x, 1) * b;
    acc[2] += subgroupBroadcast(a.x, 2) * b;
    acc[3] += subgroupBroadcast(a.x, 3) * b;
    acc[4] += subgroupBroadcast(a.x, 4) * b;
    acc[5] += subgroupBroadcast(a.x, 5) * b;
    acc[6] += subgroupBroadcast(a.x, 6) * b;
    acc[7] += subgroupBroadcast(a.x, 7) * b;
    acc[8] += subgroupBroadcast(a.y, 0) * b;
    acc[9] += subgroupBroadcast(a.y, 1) * b;
    acc[10] += subgroupBroadcast(a.y, 2) * b;
    acc[11] += subgroupBroadcast(a.y, 3) * b;
    acc[12] += subgroupBroadcast(a.y, 4) * b;
    acc[13] += subgroupBroadcast(a.y, 5) * b;
    acc[14] += subgroupBroadcast(a.y, 6) * b;
    acc[15] += subgroupBroadcast(a.y, 7) * b;
  } else {
    acc[0] += subgroupBroadcast(a.x, 0) * b;
    acc[1] += subgroupBroadcast(a.x, 1) * b;
    acc[2] += subgroupBroadcast(a.x, 2) * b;
    acc[3] += subgroupBroadcast(a.x, 3) * b;
    acc[4] += subgroupBroadcast(a.y, 0) * b;
    acc[5] += subgroupBroadcast(a.y, 1) * b;
    acc[6] += subgroupBroadcast(a.y, 2) * b;
    acc[7] += subgroupBroadcast(a.y, 3) * b;
    acc[8] += subgroupBroadcast(a.z, 0) * b;
    acc[9] += subgroupBroadcast(a.z, 1) * b;
    acc[10] += subgroupBroadcast(a.z, 2) * b;
    acc[11] += subgroupBroadcast(a.z, 3) * b;
    acc[12] += subgroupBroadcast(a.w, 0) * b;
    acc[13] += subgroupBroadcast(a.w, 1) * b;
    acc[14] += subgroupBroadcast(a.w, 2) * b;
    acc[15] += subgroupBroadcast(a.w, 3) * b;
  }
}

/** Calls the kernel's `storeRow` for each row; at[load] is where row `rowOf(load)` goes. */
fn storeRows(at: vec4u, column: u32) {
  let shift = biasOf(column);
  if (SUBGROUP == 8) {
    storeRow(subgroupBroadcast(at.x, 0), column, activate(acc[0] + shift));
    storeRow(subgroupBroadcast(at.x, 1), column, activate(acc[1] + shift));
    storeRow(subgroupBroadcast(at.x, 2), column, activate(acc[2] + shift));
    storeRow(subgroupBroadcast(at.x, 3), column, activate(acc[3] + shift));
    storeRow(subgroupBroadcast(at.x, 4), column, activate(acc[4] + shift));
    storeRow(subgroupBroadcast(at.x, 5), column, activate(acc[5] + shift));
    storeRow(subgroupBroadcast(at.x, 6), column, activate(acc[6] + shift));
    storeRow(subgroupBroadcast(at.x, 7), column, activate(acc[7] + shift));
    storeRow(subgroupBroadcast(at.y, 0), column, activate(acc[8] + shift));
    storeRow(subgroupBroadcast(at.y, 1), column, activate(acc[9] + shift));
    storeRow(subgroupBroadcast(at.y, 2), column, activate(acc[10] + shift));
    storeRow(subgroupBroadcast(at.y, 3), column, activate(acc[11] + shift));
    storeRow(subgroupBroadcast(at.y, 4), column, activate(acc[12] + shift));
    storeRow(subgroupBroadcast(at.y, 5), column, activate(acc[13] + shift));
    storeRow(subgroupBroadcast(at.y, 6), column, activate(acc[14] + shift));
    storeRow(subgroupBroadcast(at.y, 7), column, activate(acc[15] + shift));
  } else {
    storeRow(subgroupBroadcast(at.x, 0), column, activate(acc[0] + shift));
    storeRow(subgroupBroadcast(at.x, 1), column, activate(acc[1] + shift));
    storeRow(subgroupBroadcast(at.x, 2), column, activate(acc[2] + shift));
    storeRow(subgroupBroadcast(at.x, 3), column, activate(acc[3] + shift));
    storeRow(subgroupBroadcast(at.y, 0), column, activate(acc[4] + shift));
    storeRow(subgroupBroadcast(at.y, 1), column, activate(acc[5] + shift));
    storeRow(subgroupBroadcast(at.y, 2), column, activate(acc[6] + shift));
    storeRow(subgroupBroadcast(at.y, 3), column, activate(acc[7] + shift));
    storeRow(subgroupBroadcast(at.z, 0), column, activate(acc[8] + shift));
    storeRow(subgroupBroadcast(at.z, 1), column, activate(acc[9] + shift));
    storeRow(subgroupBroadcast(at.z, 2), column, activate(acc[10] + shift));
    storeRow(subgroupBroadcast(at.z, 3), column, activate(acc[11] + shift));
    storeRow(subgroupBroadcast(at.w, 0), column, activate(acc[12] + shift));
    storeRow(subgroupBroadcast(at.w, 1), column, activate(acc[13] + shift));
    storeRow(subgroupBroadcast(at.w, 2), column, activate(acc[14] + shift));
    storeRow(subgroupBroadcast(at.w, 3), column, activate(acc[15] + shift));
  }
}
