// requires lib/ownTile.wgsl
// requires lib/activation.wgsl
// requires lib/slices.wgsl
// mixture: points x (N,D), and K normal distributions N(means (K,D), L Lᵀ), whose L⁻¹ (K,D,D) is in `inverses`. D is
// divisible by 4.
//   joint    x4, means4, inverses4, numbers (K) -> out (K,N)    numbers[k] - |L⁻¹ (x - mean)|² / 2
//   spread   x4, means4, shares (K,N) -> out (Z,K,D,D)    Σ share (x - mean) (x - mean)ᵀ, in Z slices of the points, to be
//            added in order; tiles that lie above the diagonal are not written
// Both are matrix products, of L⁻¹ and points, and of coordinates and coordinates. A lane owns four points in joint, all of
// whose rows of L⁻¹ it goes through, tile by tile as far as the diagonal; in spread, some rows of a vec4 of columns. Which,
// and who loads what, is in lib/ownTile.wgsl (any device) and lib/sharedTile.wgsl (CPU adapters).
// Figures: bench/results/README.md.

struct Params { K: u32, D: u32, N: u32, Z: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x4: array<vec4f>;
@group(0) @binding(2) var<storage, read> means4: array<vec4f>;
@group(0) @binding(3) var<storage, read> inverses4: array<vec4f>;
@group(0) @binding(4) var<storage, read> shares: array<f32>;
@group(0) @binding(5) var<storage, read> numbers: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

const NOWHERE = 0xffffffffu;

fn biasOf(column: u32) -> vec4f { return vec4f(); }

fn storeRow(at: u32, column: u32, y: vec4f) {
  if (at == NOWHERE || column >= p.D) { return; }
  out[at + column] = y.x;
  out[at + column + 1] = y.y;
  out[at + column + 2] = y.z;
  out[at + column + 3] = y.w;
}

/** The sums of the squares of the tile's rows, which are 0 after. */
fn takeSquares() -> vec4f {
  var sum = vec4f();
  for (var row = 0u; row < ROWS; row++) {
    sum += acc[row] * acc[row];
    acc[row] = vec4f();
  }
  return sum;
}

@compute @workgroup_size(TILE_WG)
fn joint(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let k = group.x;
  let depth = p.D / 4;
  let at = place(group.y + group.z * groups.y, lane, 1, (p.N + 3) / 4);
  let n = 4 * at.y;
  let points = min(n + vec4u(0, 1, 2, 3), vec4u(p.N - 1)) * depth;
  var squares = vec4f();
  for (var tile = 0u; tile < (p.D + ROWS - 1) / ROWS; tile++) {
    let rows = tile * ROWS + vec4u(rowOf(0, lane), rowOf(1, lane), rowOf(2, lane), rowOf(3, lane));
    let starts = (k * p.D + min(rows, vec4u(p.D - 1))) * depth;
    let inside = vec4f(rows < vec4u(p.D));
    for (var d = 0u; d < min((tile + 1) * ROWS / 4, depth); d++) {
      let mean = means4[k * depth + d];
      let b = transpose(mat4x4f(
        x4[points.x + d] - mean, x4[points.y + d] - mean, x4[points.z + d] - mean, x4[points.w + d] - mean,
      ));
      multiply(
        array<vec4f, 4>(
          inverses4[starts.x + d] * inside.x, inverses4[starts.y + d] * inside.y,
          inverses4[starts.z + d] * inside.z, inverses4[starts.w + d] * inside.w,
        ),
        array<vec4f, 4>(b[0], b[1], b[2], b[3]),
      );
    }
    squares += takeSquares();
  }
  if (at.x > 0 || n >= p.N) { return; }
  let y = numbers[k] - 0.5 * squares;
  let start = k * p.N + n;
  out[start] = y.x;
  if (n + 1 < p.N) { out[start + 1] = y.y; }
  if (n + 2 < p.N) { out[start + 2] = y.z; }
  if (n + 3 < p.N) { out[start + 3] = y.w; }
}

@compute @workgroup_size(TILE_WG)
fn spread(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let k = group.y;
  let depth = p.D / 4;
  let tiles = (p.D + ROWS - 1) / ROWS;
  let first = place(group.x, 0, tiles, depth);
  let isOneTile = first.x == place(group.x, TILE_WG - 1, tiles, depth).x;
  if (isOneTile && 4 * first.y >= (first.x + 1) * ROWS) { return; }
  let at = place(group.x, lane, tiles, depth);
  let rows = at.x * ROWS + vec4u(rowOf(0, lane), rowOf(1, lane), rowOf(2, lane), rowOf(3, lane));
  let row = min(rows.x / 4, depth - 1);
  let column = min(at.y, depth - 1);
  let rowMean = means4[k * depth + row];
  let columnMean = means4[k * depth + column];
  let steps = (p.N + 3) / 4;
  let end = sliceStart(group.z + 1, steps, p.Z);
  for (var step = sliceStart(group.z, steps, p.Z); step < end; step++) {
    let n = 4 * step + vec4u(0, 1, 2, 3);
    let there = min(n, vec4u(p.N - 1));
    let found = k * p.N + there;
    let share = select(
      vec4f(), vec4f(shares[found.x], shares[found.y], shares[found.z], shares[found.w]), n < vec4u(p.N),
    );
    let points = there * depth;
    let a = transpose(mat4x4f(
      x4[points.x + row] - rowMean, x4[points.y + row] - rowMean,
      x4[points.z + row] - rowMean, x4[points.w + row] - rowMean,
    ));
    multiply(
      array<vec4f, 4>(a[0] * share, a[1] * share, a[2] * share, a[3] * share),
      array<vec4f, 4>(
        x4[points.x + column] - columnMean, x4[points.y + column] - columnMean,
        x4[points.z + column] - columnMean, x4[points.w + column] - columnMean,
      ),
    );
  }
  storeRows(select(vec4u(NOWHERE), ((group.z * p.K + k) * p.D + rows) * p.D, rows < vec4u(p.D)), 4 * at.y);
}
