// triangular: X with T X = b, where T is the lower triangle of a (N,N), or the upper one, or the transpose of either.
//   solve      a, b (N,M) -> out (N,M)     for B matrices of each; a_batch or b_batch is 0 where one is for all
//   triangle   a (B,N,N) -> out            minus the part of a in the triangle, and zeros
// T(i,j) is a[i · row + j · column]. By forward substitution, where T is upper from the last row on (REVERSE). A lane
// solves for two columns of b, half of M apart, four rows at a time: neighbouring lanes read neighbouring columns.

override WG: u32 = 64;
override REVERSE: bool = false;
override UPPER: bool = false;

struct Params { B: u32, N: u32, M: u32, a_batch: u32, b_batch: u32, row: u32, column: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

/** The row that is the i-th to be solved for; one past the end is the last. */
fn rowOf(i: u32) -> u32 {
  let at = min(i, p.N - 1);
  return select(at, p.N - 1 - at, REVERSE);
}

@compute @workgroup_size(WG)
fn solve(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let matrix = group.y + group.z * groups.y;
  let half = (p.M + 1) / 2;
  let m = group.x * WG + lane;
  if (matrix >= p.B || m >= half) { return; }
  let n = select(m, m + half, m + half < p.M);
  let t = matrix * p.a_batch;
  let given = matrix * p.b_batch;
  let solved = matrix * p.N * p.M;
  for (var block = 0u; block < (p.N + 3) / 4; block++) {
    let first = 4 * block;
    let rows = vec4u(rowOf(first), rowOf(first + 1), rowOf(first + 2), rowOf(first + 3));
    let starts = t + rows * p.row;
    var r = vec4f(b[given + rows.x * p.M + m], b[given + rows.y * p.M + m], b[given + rows.z * p.M + m], b[given + rows.w * p.M + m]);
    var s = vec4f(b[given + rows.x * p.M + n], b[given + rows.y * p.M + n], b[given + rows.z * p.M + n], b[given + rows.w * p.M + n]);
    for (var j = 0u; j < first; j++) {
      let k = rowOf(j);
      let at = starts + k * p.column;
      let known = vec4f(a[at.x], a[at.y], a[at.z], a[at.w]);
      r -= known * out[solved + k * p.M + m];
      s -= known * out[solved + k * p.M + n];
    }
    let columns = rows * p.column;
    let x = vec2f(r.x, s.x) / a[starts.x + columns.x];
    let y = (vec2f(r.y, s.y) - a[starts.y + columns.x] * x) / a[starts.y + columns.y];
    let z = (vec2f(r.z, s.z) - a[starts.z + columns.x] * x - a[starts.z + columns.y] * y) / a[starts.z + columns.z];
    let w = (vec2f(r.w, s.w) - a[starts.w + columns.x] * x - a[starts.w + columns.y] * y - a[starts.w + columns.z] * z) /
      a[starts.w + columns.w];
    write(solved, rows.x, m, n, x);
    if (first + 1 < p.N) { write(solved, rows.y, m, n, y); }
    if (first + 2 < p.N) { write(solved, rows.z, m, n, z); }
    if (first + 3 < p.N) { write(solved, rows.w, m, n, w); }
  }
}

fn write(start: u32, row: u32, m: u32, n: u32, values: vec2f) {
  out[start + row * p.M + m] = values.x;
  out[start + row * p.M + n] = select(values.x, values.y, n != m);
}

@compute @workgroup_size(WG)
fn triangle(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let e = id.x + id.y * groups.x * WG;
  if (e >= p.B * p.N * p.N) { return; }
  let row = e / p.N;
  let i = row % p.N;
  let j = e - row * p.N;
  let inside = select(j <= i, j >= i, UPPER);
  out[e] = select(0, -a[e], inside);
}
