// requires lib/ownTile.wgsl
// requires lib/activation.wgsl
// matmul: out = activate(a · b + bias)     a (B,M,K)   b (B,K,N)   bias (N)   out (B,M,N)
//   tile     register tiles; in Z slices of the depth if asked: out (Z·B,M,N), to be added in order
//   staged   tiles in workgroup memory, for GPUs; the same slices
// The strides in Params turn either matrix around. A lane owns some rows of a vec4 of columns; which, and who
// loads what, is in lib/ownTile.wgsl (any device) and lib/sharedTile.wgsl (CPU adapters).
// Measured (2 cores, wall time, `tile` with shared loads): lavapipe 30 GFLOP/s at 512³, 36 at 1024³, 31 at
// 64×16384×200; SwiftShader 6 at 512³. `staged` has been checked for its values only, not timed on a GPU.

override HAS_BIAS: bool = false;
// Vec4 loads along the depth (a, b) or the columns (b), where that axis is contiguous and divisible by 4.
override A_BY_DEPTH: bool = false;
override B_BY_DEPTH: bool = false;
override B_BY_COLUMN: bool = false;

struct Params {
  M: u32, N: u32, K: u32, Z: u32,
  a_batch: u32, a_row: u32, a_column: u32,
  b_batch: u32, b_row: u32, b_column: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> a4: array<vec4f>; // the same memory as `a`
@group(0) @binding(3) var<storage, read> b: array<f32>;
@group(0) @binding(4) var<storage, read> b4: array<vec4f>; // the same memory as `b`
@group(0) @binding(5) var<storage, read> bias: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

const NOWHERE = 0xffffffffu;

/** a[row, k … k+3], zero past the end. */
fn loadA(start: u32, k: u32) -> vec4f {
  if (A_BY_DEPTH) { return a4[(start + k) / 4]; }
  return vec4f(a_at(start, k), a_at(start, k + 1), a_at(start, k + 2), a_at(start, k + 3));
}

fn a_at(start: u32, k: u32) -> f32 { return select(0, a[start + min(k, p.K - 1) * p.a_column], k < p.K); }

/** The four rows b[k … k+3, n … n+3]; past the end, some other element. */
fn loadB(start: u32, k: u32, n: u32) -> array<vec4f, 4> {
  if (B_BY_DEPTH) {
    let t = transpose(mat4x4f(
      b4[(start + column(n, 0) + k) / 4],
      b4[(start + column(n, 1) + k) / 4],
      b4[(start + column(n, 2) + k) / 4],
      b4[(start + column(n, 3) + k) / 4],
    ));
    return array<vec4f, 4>(t[0], t[1], t[2], t[3]);
  }
  return array<vec4f, 4>(b_row(start, k, n), b_row(start, k + 1, n), b_row(start, k + 2, n), b_row(start, k + 3, n));
}

fn b_row(start: u32, k: u32, n: u32) -> vec4f {
  let row = start + min(k, p.K - 1) * p.b_row;
  if (B_BY_COLUMN) { return b4[(row + min(n, p.N - 4)) / 4]; }
  return vec4f(b[row + column(n, 0)], b[row + column(n, 1)], b[row + column(n, 2)], b[row + column(n, 3)]);
}

fn column(n: u32, i: u32) -> u32 { return min(n + i, p.N - 1) * p.b_column; }

/** Stores four columns of the row that starts at `at`. */
fn storeRow(at: u32, n: u32, sum: vec4f) {
  if (at == NOWHERE || n >= p.N) { return; }
  var z = sum;
  if (HAS_BIAS) { z += vec4f(bias[n], bias[min(n + 1, p.N - 1)], bias[min(n + 2, p.N - 1)], bias[min(n + 3, p.N - 1)]); }
  let y = activate(z);
  out[at + n] = y.x;
  if (n + 1 < p.N) { out[at + n + 1] = y.y; }
  if (n + 2 < p.N) { out[at + n + 2] = y.z; }
  if (n + 3 < p.N) { out[at + n + 3] = y.w; }
}

@compute @workgroup_size(TILE_WG)
fn tile(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let at = place(group.x + group.y * groups.x, lane, (p.M + ROWS - 1) / ROWS, (p.N + 3) / 4);
  let n = 4 * at.y;
  let batch = group.z / p.Z;
  let slice = group.z % p.Z;
  let rows = at.x * ROWS + vec4u(rowOf(0, lane), rowOf(1, lane), rowOf(2, lane), rowOf(3, lane));
  let starts = batch * p.a_batch + min(rows, vec4u(p.M - 1)) * p.a_row;
  let steps = (p.K + 3) / 4;
  let end = (slice + 1) * steps / p.Z;
  for (var step = slice * steps / p.Z; step < end; step++) {
    let k = 4 * step;
    var rows_of_a = array<vec4f, 4>(loadA(starts.x, k), loadA(starts.y, k), vec4f(), vec4f());
    if (LOADS == 4) {
      rows_of_a[2] = loadA(starts.z, k);
      rows_of_a[3] = loadA(starts.w, k);
    }
    multiply(rows_of_a, loadB(batch * p.b_batch, k, n));
  }
  storeRows(select(vec4u(NOWHERE), ((slice * groups.z / p.Z + batch) * p.M + rows) * p.N, rows < vec4u(p.M)), n);
}

// k-major: column k of the tile of a, row k of that of b, as 16 vec4s each.
var<workgroup> staged_a: array<vec4f, 256>;
var<workgroup> staged_b: array<vec4f, 256>;

/**
 * A workgroup of 64 lanes makes a tile of 64 × 64, in steps of 16 along the depth: each lane brings one block of
 * 4 × 4 of either matrix to workgroup memory, then multiplies 8 rows by 8 columns. Its columns are two vec4s that
 * stand 32 apart, so that neighbouring lanes read neighbouring words.
 */
@compute @workgroup_size(64)
fn staged(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let batch = group.z / p.Z;
  let slice = group.z % p.Z;
  let m = group.y * 64;
  let n = group.x * 64;
  let block = lane % 16; // of the rows of a, or of the columns of b
  let depth = lane / 16; // the block's place in the depth, 0 to 3
  let row = m + 4 * block;
  let last = p.M - 1;
  let starts = batch * p.a_batch + min(vec4u(row, row + 1, row + 2, row + 3), vec4u(last)) * p.a_row;
  let tile_row = lane / 8;
  let tile_column = lane % 8;
  var left: array<vec4f, 8>;
  var right: array<vec4f, 8>;
  let steps = (p.K + 15) / 16;
  let end = (slice + 1) * steps / p.Z;
  for (var step = slice * steps / p.Z; step < end; step++) {
    let wanted = 16 * step + 4 * depth;
    let inside = wanted < p.K;
    let k = select(0, wanted, inside);
    var a_block = mat4x4f();
    if (inside) {
      a_block = transpose(mat4x4f(loadA(starts.x, k), loadA(starts.y, k), loadA(starts.z, k), loadA(starts.w, k)));
    }
    let b_block = loadB(batch * p.b_batch, k, n + 4 * block);
    workgroupBarrier();
    for (var i = 0u; i < 4; i++) {
      staged_a[(4 * depth + i) * 16 + block] = a_block[i];
      staged_b[(4 * depth + i) * 16 + block] = b_block[i];
    }
    workgroupBarrier();
    for (var i = 0u; i < 16; i++) {
      let a0 = staged_a[i * 16 + 2 * tile_row];
      let a1 = staged_a[i * 16 + 2 * tile_row + 1];
      let b0 = staged_b[i * 16 + tile_column];
      let b1 = staged_b[i * 16 + tile_column + 8];
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
  let first = ((slice * groups.z / p.Z + batch) * p.M + m + 8 * tile_row) * p.N;
  storeStaged(m + 8 * tile_row + 0, first + 0 * p.N, n + 4 * tile_column, left[0], right[0]);
  storeStaged(m + 8 * tile_row + 1, first + 1 * p.N, n + 4 * tile_column, left[1], right[1]);
  storeStaged(m + 8 * tile_row + 2, first + 2 * p.N, n + 4 * tile_column, left[2], right[2]);
  storeStaged(m + 8 * tile_row + 3, first + 3 * p.N, n + 4 * tile_column, left[3], right[3]);
  storeStaged(m + 8 * tile_row + 4, first + 4 * p.N, n + 4 * tile_column, left[4], right[4]);
  storeStaged(m + 8 * tile_row + 5, first + 5 * p.N, n + 4 * tile_column, left[5], right[5]);
  storeStaged(m + 8 * tile_row + 6, first + 6 * p.N, n + 4 * tile_column, left[6], right[6]);
  storeStaged(m + 8 * tile_row + 7, first + 7 * p.N, n + 4 * tile_column, left[7], right[7]);
}

/** Stores the two vec4s of a lane in row m. */
fn storeStaged(m: u32, at: u32, n: u32, left: vec4f, right: vec4f) {
  if (m >= p.M) { return; }
  storeRow(at, n, left);
  storeRow(at, n + 32, right);
}
