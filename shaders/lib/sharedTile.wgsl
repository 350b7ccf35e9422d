enable subgroups;
// The tile where lanes share what they load: 32 rows by one vec4 of columns a lane, 8 lanes beside each other.
//
// Why: on lavapipe and SwiftShader a load costs ten instructions for every float of every lane, even where all lanes
// read one address; an addition, or a broadcast between lanes, costs one for all. So nothing is loaded twice: the
// lanes of a subgroup load different rows and hand each other the values.
// A row is finished before the next begins, so that its sums stay in registers for four steps of the depth; eight steps, or
// two vec4s of columns a lane, leave the instruction cache. matmul at 512³ goes at 54 GFLOP/s (lavapipe, 2 cores, by
// CPU time), at 17 where each lane loads its own. Figures: bench/results/README.md.

override SUBGROUP: u32 = 8; // lanes that share: 8, or 4 where subgroups have no more
const TILE_WG = 8u;
override LOADS: u32 = 4; // rows that a lane loads: 4, or 2 where there are few
override ROWS = LOADS * SUBGROUP;
// Whether a lane's rows stand next to each other, and not those of neighbouring lanes: for vec4 loads across rows.
// Without them it is 2 % slower.
override ADJACENT: bool = false;

var<private> acc: array<vec4f, 32>;

/** The row of its tile that a lane loads as its `load`-th. */
fn rowOf(load: u32, lane: u32) -> u32 {
  return select(load * SUBGROUP + lane % SUBGROUP, lane % SUBGROUP * LOADS + load, ADJACENT);
}

/** The lane's tile and vec4 of columns: workgroups go over the tiles first, so that `b` stays in the cache. */
fn place(group: u32, lane: u32, tiles: u32, columns: u32) -> vec2u {
  return vec2u(group % tiles, group / tiles * TILE_WG + lane);
}

/** acc += a · b for four steps of the depth: a[load] holds them for row `rowOf(load)`, b[step] is a row of columns. */
fn multiply(a: array<vec4f, 4>, b: array<vec4f, 4>) {
  multiplyLoad(0, a[0], b);
  multiplyLoad(1, a[1], b);
  if (LOADS == 4) {
    multiplyLoad(2, a[2], b);
    multiplyLoad(3, a[3], b);
  }
}

/** The rows that the lanes loaded as their `load`-th. */
fn multiplyLoad(load: u32, a: vec4f, b: array<vec4f, 4>) {
  let row = load * SUBGROUP;
  multiplyRow(row, subgroupBroadcast(a, 0), b);
  multiplyRow(row + 1, subgroupBroadcast(a, 1), b);
  multiplyRow(row + 2, subgroupBroadcast(a, 2), b);
  multiplyRow(row + 3, subgroupBroadcast(a, 3), b);
  if (SUBGROUP == 8) {
    multiplyRow(row + 4, subgroupBroadcast(a, 4), b);
    multiplyRow(row + 5, subgroupBroadcast(a, 5), b);
    multiplyRow(row + 6, subgroupBroadcast(a, 6), b);
    multiplyRow(row + 7, subgroupBroadcast(a, 7), b);
  }
}

fn multiplyRow(row: u32, a: vec4f, b: array<vec4f, 4>) {
  acc[row] = acc[row] + a.x * b[0] + a.y * b[1] + a.z * b[2] + a.w * b[3];
}

/** acc += a · b for one step of the depth: a holds it for the rows `rowOf(0 … 3)`. */
fn multiplyOne(a: vec4f, b: vec4f) {
  multiplyOneLoad(0, a.x, b);
  multiplyOneLoad(1, a.y, b);
  if (LOADS == 4) {
    multiplyOneLoad(2, a.z, b);
    multiplyOneLoad(3, a.w, b);
  }
}

fn multiplyOneLoad(load: u32, a: f32, b: vec4f) {
  let row = load * SUBGROUP;
  acc[row] += subgroupBroadcast(a, 0) * b;
  acc[row + 1] += subgroupBroadcast(a, 1) * b;
  acc[row + 2] += subgroupBroadcast(a, 2) * b;
  acc[row + 3] += subgroupBroadcast(a, 3) * b;
  if (SUBGROUP == 8) {
    acc[row + 4] += subgroupBroadcast(a, 4) * b;
    acc[row + 5] += subgroupBroadcast(a, 5) * b;
    acc[row + 6] += subgroupBroadcast(a, 6) * b;
    acc[row + 7] += subgroupBroadcast(a, 7) * b;
  }
}

/**
 * Calls the kernel's `storeRow` for each row; at[load] is where row `rowOf(load)` goes. A loop, whose length the
 * compiler is kept from knowing: unrolled, stores are two thirds of the machine code, and compiling takes twice as long.
 */
fn storeRows(at: vec4u, column: u32) {
  let shift = biasOf(column);
  let loads = LOADS - u32(arrayLength(&out) == 0);
  for (var load = 0u; load < loads; load++) {
    let place = at[load];
    storeRow(subgroupBroadcast(place, 0), column, activate(sumOf(load, 0) + shift));
    storeRow(subgroupBroadcast(place, 1), column, activate(sumOf(load, 1) + shift));
    storeRow(subgroupBroadcast(place, 2), column, activate(sumOf(load, 2) + shift));
    storeRow(subgroupBroadcast(place, 3), column, activate(sumOf(load, 3) + shift));
    if (SUBGROUP == 8) {
      storeRow(subgroupBroadcast(place, 4), column, activate(sumOf(load, 4) + shift));
      storeRow(subgroupBroadcast(place, 5), column, activate(sumOf(load, 5) + shift));
      storeRow(subgroupBroadcast(place, 6), column, activate(sumOf(load, 6) + shift));
      storeRow(subgroupBroadcast(place, 7), column, activate(sumOf(load, 7) + shift));
    }
  }
}

/** The sums of the row that lane `lane` loaded as its `load`-th; `acc` stays in registers, as no index varies. */
fn sumOf(load: u32, lane: u32) -> vec4f {
  let low = select(acc[lane], acc[SUBGROUP + lane], load == 1);
  let high = select(acc[2 * SUBGROUP + lane], acc[3 * SUBGROUP + lane], load == 3);
  return select(low, high, load > 1);
}
