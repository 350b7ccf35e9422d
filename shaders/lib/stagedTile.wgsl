// Tiles in workgroup memory, for GPUs: 64 lanes make a tile of 64 rows × 64 columns, in steps of 16 along the depth.
// Each lane brings one block of 4 × 4 of either matrix to workgroup memory, then multiplies 8 rows by 8 columns.
// Its columns are two vec4s that stand 32 apart, so that neighbouring lanes read neighbouring words.
// Checked for its values on CPU adapters; not timed on a GPU.

// k-major: column k of the tile of a, row k of that of b, as 16 vec4s each.
var<workgroup> staged_a: array<vec4f, 256>;
var<workgroup> staged_b: array<vec4f, 256>;
var<private> left: array<vec4f, 8>;
var<private> right: array<vec4f, 8>;

/** The first row and column of the i-th workgroup's tile, of a matrix with so many columns. */
fn tileOf(i: u32, columns: u32) -> vec2u {
  let across = (columns + 63) / 64;
  return 64 * vec2u(i / across, i % across);
}

/** In the tile: the first of the four rows of a, and columns of b, that a lane brings. */
fn broughtBy(lane: u32) -> u32 { return 4 * (lane % 16); }

/** In a step: the first of the four depths that a lane brings. */
fn depthOf(lane: u32) -> u32 { return 4 * (lane / 16); }

/** One step: each lane brings rows `a` of four depths, and columns `b` of the same four. */
fn step16(lane: u32, a: array<vec4f, 4>, b: array<vec4f, 4>) {
  let at = depthOf(lane) * 16 + lane % 16;
  let by_depth = transpose(mat4x4f(a[0], a[1], a[2], a[3]));
  workgroupBarrier();
  staged_a[at] = by_depth[0];
  staged_a[at + 16] = by_depth[1];
  staged_a[at + 32] = by_depth[2];
  staged_a[at + 48] = by_depth[3];
  staged_b[at] = b[0];
  staged_b[at + 16] = b[1];
  staged_b[at + 32] = b[2];
  staged_b[at + 48] = b[3];
  workgroupBarrier();
  let row = lane / 8;
  let column = lane % 8;
  for (var i = 0u; i < 16; i++) {
    let a0 = staged_a[i * 16 + 2 * row];
    let a1 = staged_a[i * 16 + 2 * row + 1];
    let b0 = staged_b[i * 16 + column];
    let b1 = staged_b[i * 16 + column + 8];
    left[0] += a0.x * b0;
    left[1] += a0.y * b0;
    left[2] += a0.z * b0;
    left[3] += a0.w * b0;
    left[4] += a1.x * b0;
    left[5] += a1.y * b0;
    left[6] += a1.z * b0;
    left[7] += a1.w * b0;
    right[0] += a0.x * b1;
    right[1] += a0.y * b1;
    right[2] += a0.z * b1;
    right[3] += a0.w * b1;
    right[4] += a1.x * b1;
    right[5] += a1.y * b1;
    right[6] += a1.z * b1;
    right[7] += a1.w * b1;
  }
}

/** In the tile: the first of a lane's eight rows. */
fn firstRow(lane: u32) -> u32 { return 8 * (lane / 8); }

/** Calls the kernel's `storeRow` for a lane's rows, of which the i-th goes to at[i], in the tile that begins at column n. */
fn storeTile(lane: u32, n: u32, at: array<u32, 8>) {
  let column = n + 4 * (lane % 8);
  let near = biasOf(column);
  let far = biasOf(column + 32);
  storeRow(at[0], column, activate(left[0] + near));
  storeRow(at[1], column, activate(left[1] + near));
  storeRow(at[2], column, activate(left[2] + near));
  storeRow(at[3], column, activate(left[3] + near));
  storeRow(at[4], column, activate(left[4] + near));
  storeRow(at[5], column, activate(left[5] + near));
  storeRow(at[6], column, activate(left[6] + near));
  storeRow(at[7], column, activate(left[7] + near));
  storeRow(at[0], column + 32, activate(right[0] + far));
  storeRow(at[1], column + 32, activate(right[1] + far));
  storeRow(at[2], column + 32, activate(right[2] + far));
  storeRow(at[3], column + 32, activate(right[3] + far));
  storeRow(at[4], column + 32, activate(right[4] + far));
  storeRow(at[5], column + 32, activate(right[5] + far));
  storeRow(at[6], column + 32, activate(right[6] + far));
  storeRow(at[7], column + 32, activate(right[7] + far));
}

/** Where eight rows from m on go that stand `length` apart: `start` is row 0, and there are M. */
fn eightRows(start: u32, m: u32, M: u32, length: u32) -> array<u32, 8> {
  let low = m + vec4u(0, 1, 2, 3);
  let high = low + 4;
  let a = select(vec4u(NOWHERE), start + low * length, low < vec4u(M));
  let b = select(vec4u(NOWHERE), start + high * length, high < vec4u(M));
  return array<u32, 8>(a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w);
}
