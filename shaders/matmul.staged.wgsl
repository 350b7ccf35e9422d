// requires lib/ownTile.wgsl
// requires lib/activation.wgsl
// requires lib/slices.wgsl
// requires matmul.wgsl
// requires lib/stagedTile.wgsl
// matmul in workgroup memory, for GPUs; shapes, slices and loads are those of matmul.wgsl, the tile is in
// lib/stagedTile.wgsl.

@compute @workgroup_size(64)
fn tile_staged(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let batch = group.z / p.Z;
  let slice = group.z % p.Z;
  let first = tileOf(group.x + group.y * groups.x, p.N);
  let row = first.x + broughtBy(lane);
  let starts = batch * p.a_batch + min(row + vec4u(0, 1, 2, 3), vec4u(p.M - 1)) * p.a_row;
  let steps = (p.K + 15) / 16;
  let end = sliceStart(slice + 1, steps, p.Z);
  for (var step = sliceStart(slice, steps, p.Z); step < end; step++) {
    let k = 16 * step + depthOf(lane);
    var a = array<vec4f, 4>();
    var b = array<vec4f, 4>();
    if (k < p.K) {
      a = array<vec4f, 4>(loadA(starts.x, k), loadA(starts.y, k), loadA(starts.z, k), loadA(starts.w, k));
      b = loadB(batch * p.b_batch, k, first.y + broughtBy(lane));
    }
    step16(lane, a, b);
  }
  let start = (slice * (groups.z / p.Z) + batch) * p.M * p.N;
  storeTile(lane, first.y, eightRows(start, first.x + firstRow(lane), p.M, p.N));
}
