// requires lib/math.wgsl
// cholesky: the lower triangular L (B,N,N) with L Lᵀ = (a + aᵀ) / 2, for B matrices a (N,N).
//   factor   a -> out    NaN in all columns from the first pivot on that is not above 0
//   mirror   a -> out    half the lower triangle of each matrix, and the same above the diagonal
// A workgroup factors a matrix column by column; its lanes own rows, WG apart. In mirror a lane owns an element.

override WG: u32 = 64;

struct Params { B: u32, N: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

var<workgroup> pivot: f32;

@compute @workgroup_size(WG)
fn factor(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let matrix = group.x + group.y * groups.x;
  if (matrix >= p.B) { return; }
  let first = matrix * p.N * p.N;
  for (var j = 0u; j < p.N; j++) {
    let turns = (p.N - j + WG - 1) / WG;
    for (var turn = 0u; turn < turns; turn++) {
      let i = j + lane + turn * WG;
      if (i >= p.N) { continue; }
      var known = 0.0;
      for (var k = 0u; k < j; k++) { known += out[first + i * p.N + k] * out[first + j * p.N + k]; }
      let rest = (0.5 * a[first + i * p.N + j] + 0.5 * a[first + j * p.N + i]) - known;
      if (i == j) {
        pivot = select(fromBits(0x7fc00000u), sqrt(rest), rest > 0);
      } else {
        out[first + i * p.N + j] = rest;
        out[first + j * p.N + i] = 0;
      }
    }
    workgroupBarrier();
    for (var turn = 0u; turn < turns; turn++) {
      let i = j + lane + turn * WG;
      if (i < p.N) { out[first + i * p.N + j] = select(out[first + i * p.N + j] / pivot, pivot, i == j); }
    }
    storageBarrier();
    workgroupBarrier();
  }
}

@compute @workgroup_size(WG)
fn mirror(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let e = id.x + id.y * groups.x * WG;
  if (e >= p.B * p.N * p.N) { return; }
  let row = e / p.N;
  let first = row / p.N * p.N;
  let i = row - first;
  let j = e - row * p.N;
  out[e] = 0.5 * a[(first + max(i, j)) * p.N + min(i, j)];
}
