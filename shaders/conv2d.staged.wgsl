// requires lib/ownTile.wgsl
// requires lib/activation.wgsl
// requires lib/convolution.wgsl
// requires lib/slices.wgsl
// requires conv2d.wgsl
// requires lib/stagedTile.wgsl
// conv2d in workgroup memory, for GPUs; shapes, products and loads are those of conv2d.wgsl, the tile is in
// lib/stagedTile.wgsl.
//   forward_staged      rows = N·P·Q pixels      depth = R·S·C, the taps one after the other
//   backward_w_staged   rows = R·S·C weights     depth = N·P·Q pixels of a slice, four of an image row at a time

/** x at the depths d … d+3 of a window. */
fn windowAt(window: vec3u, d: u32) -> vec4f {
  if (BY_DEPTH) { return load4(tapAt(window, d), d % p.C); }
  return vec4f(depthAt(window, d), depthAt(window, d + 1), depthAt(window, d + 2), depthAt(window, d + 3));
}

fn tapAt(window: vec3u, d: u32) -> u32 { return tap(window, d / p.C / p.S, d / p.C % p.S); }

fn depthAt(window: vec3u, d: u32) -> f32 {
  return load(select(NOWHERE, tapAt(window, d), d < p.R * p.S * p.C), d % p.C);
}

@compute @workgroup_size(64)
fn forward_staged(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let M = p.N * p.P * p.Q;
  let D = p.R * p.S * p.C;
  let first = tileOf(group.x + group.y * groups.x, p.K);
  let m = first.x + broughtBy(lane);
  let windows = array<vec3u, 4>(windowOf(m), windowOf(m + 1), windowOf(m + 2), windowOf(m + 3));
  for (var step = 0u; step < (D + 15) / 16; step++) {
    let d = 16 * step + depthOf(lane);
    var a = array<vec4f, 4>();
    if (d < D) {
      a = array<vec4f, 4>(
        windowAt(windows[0], d), windowAt(windows[1], d), windowAt(windows[2], d), windowAt(windows[3], d),
      );
    }
    let k = first.y + broughtBy(lane);
    step16(lane, a, array<vec4f, 4>(
      filterRowTo(D, d, k), filterRowTo(D, d + 1, k), filterRowTo(D, d + 2, k), filterRowTo(D, d + 3, k),
    ));
  }
  storeTile(lane, first.y, eightRows(0, first.x + firstRow(lane), M, p.K));
}

@compute @workgroup_size(64)
fn backward_w_staged(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let M = p.R * p.S * p.C;
  let first = tileOf(group.x + group.y * groups.x, p.K);
  let m = first.x + broughtBy(lane);
  let weights = array<vec3u, 4>(weightOf(m), weightOf(m + 1), weightOf(m + 2), weightOf(m + 3));
  let begin = sliceStart(group.z, p.N * p.P, p.slices);
  let end = sliceStart(group.z + 1, p.N * p.P, p.slices);
  let fours = (p.Q + 3) / 4;
  let all = (end - begin) * fours;
  for (var step = 0u; step < (all + 3) / 4; step++) {
    let i = 4 * step + depthOf(lane) / 4;
    let row = begin + min(i, all - 1) / fours;
    let q = min(i, all - 1) % fours * 4;
    let pixel = row * p.Q + q;
    let stop = row * p.Q + p.Q;
    let k = first.y + broughtBy(lane);
    var a = array<vec4f, 4>();
    var b = array<vec4f, 4>();
    if (i < all) {
      let image = row / p.P * p.H;
      let line = row % p.P;
      a = array<vec4f, 4>(
        gather(weights[0], image, line, q), gather(weights[1], image, line, q),
        gather(weights[2], image, line, q), gather(weights[3], image, line, q),
      );
      b = array<vec4f, 4>(
        filterRow(pixel, k), filterRowTo(stop, pixel + 1, k),
        filterRowTo(stop, pixel + 2, k), filterRowTo(stop, pixel + 3, k),
      );
    }
    step16(lane, a, b);
  }
  storeTile(lane, first.y, eightRows(group.z * M * p.K, first.x + firstRow(lane), M, p.K));
}
