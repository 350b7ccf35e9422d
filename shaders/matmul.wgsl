// requires lib/ownTile.wgsl
// requires lib/activation.wgsl
// requires lib/slices.wgsl
// matmul: out = activate(a · b + bias)     a (B,M,K)   b (B,K,N)   bias (N)   out (B,M,N)
//   tile   register tiles; in Z slices of the depth if asked: out (Z·B,M,N), to be added in order
// The strides in Params turn either matrix around. A lane owns some rows of a vec4 of columns; which, and who
// loads what, is in lib/ownTile.wgsl (any device), lib/sharedTile.wgsl and lib/tallTile.wgsl (CPU adapters).
// matmul.staged.wgsl is the kernel for GPUs.
// At 512³, with shared loads, it does 52 GFLOP/s on lavapipe (2 cores, by CPU time). Figures: bench/results/README.md.

override HAS_BIAS: bool = false;
// Vec4 loads along the depth (a, b) or the columns (b), where that axis is contiguous and divisible by 4.
override A_BY_DEPTH: bool = false;
override A_BY_ROW: bool = false; // along the rows of a, of which a lane has some next to each other
override B_BY_DEPTH: bool = false;
override B_BY_COLUMN: bool = false;
override WHOLE: bool = false; // N is divisible by 4
override WHOLE_DEPTH: bool = false; // K is

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

/** Four steps of the depth from k on of a lane's rows, the first of which is `row`; zero past the end. */
fn loadRows(start: u32, row: u32, k: u32) -> array<vec4f, 4> {
  let i = start + min(row, p.M - 4);
  let t = transpose(mat4x4f(columnOf(i, k), columnOf(i, k + 1), columnOf(i, k + 2), columnOf(i, k + 3)));
  return array<vec4f, 4>(t[0], t[1], t[2], t[3]);
}

fn columnOf(start: u32, k: u32) -> vec4f {
  return select(vec4f(), a4[(start + min(k, p.K - 1) * p.a_column) / 4], isInside(k));
}

fn a_at(start: u32, k: u32) -> f32 {
  return select(0, a[start + min(k, p.K - 1) * p.a_column], isInside(k));
}

/** Whether there is a step k; where there is none, both matrices are zero, as 0 · ∞ is not. */
fn isInside(k: u32) -> bool { return WHOLE_DEPTH || k < p.K; }

/** The four rows b[k … k+3, n … n+3]: zero past the last row, some other element past the last column. */
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
  if (B_BY_COLUMN) { return select(vec4f(), b4[(row + min(n, p.N - 4)) / 4], isInside(k)); }
  let four = vec4f(b[row + column(n, 0)], b[row + column(n, 1)], b[row + column(n, 2)], b[row + column(n, 3)]);
  return select(vec4f(), four, isInside(k));
}

fn column(n: u32, i: u32) -> u32 { return min(n + i, p.N - 1) * p.b_column; }

fn biasOf(n: u32) -> vec4f {
  if (!HAS_BIAS) { return vec4f(); }
  let i = min(n + vec4u(0, 1, 2, 3), vec4u(p.N - 1));
  return vec4f(bias[i.x], bias[i.y], bias[i.z], bias[i.w]);
}

/** Stores four columns of the row that starts at `at`. */
fn storeRow(at: u32, n: u32, y: vec4f) {
  if (at == NOWHERE || n >= p.N) { return; }
  out[at + n] = y.x;
  if (WHOLE || n + 1 < p.N) { out[at + n + 1] = y.y; }
  if (WHOLE || n + 2 < p.N) { out[at + n + 2] = y.z; }
  if (WHOLE || n + 3 < p.N) { out[at + n + 3] = y.w; }
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
  let end = sliceStart(slice + 1, steps, p.Z);
  for (var step = sliceStart(slice, steps, p.Z); step < end; step++) {
    let k = 4 * step;
    var rows_of_a = array<vec4f, 4>();
    if (A_BY_ROW && LOADS == 4) {
      rows_of_a = loadRows(batch * p.a_batch, rows.x, k);
    } else {
      rows_of_a[0] = loadA(starts.x, k);
      rows_of_a[1] = loadA(starts.y, k);
      if (LOADS == 4) {
        rows_of_a[2] = loadA(starts.z, k);
        rows_of_a[3] = loadA(starts.w, k);
      }
    }
    multiply(rows_of_a, loadB(batch * p.b_batch, k, n));
  }
  storeRows(select(vec4u(NOWHERE), ((slice * (groups.z / p.Z) + batch) * p.M + rows) * p.N, rows < vec4u(p.M)), n);
}
