// requires lib/ownTile.wgsl
// requires lib/activation.wgsl
// requires lib/convolution.wgsl
// requires convTranspose2d.wgsl
// requires lib/stagedTile.wgsl
// convTranspose2d in workgroup memory, for GPUs; shapes, phases and loads are those of convTranspose2d.wgsl, the tile
// is in lib/stagedTile.wgsl.
//   forward_staged   rows = pixels of the phase   depth = the taps of the phase, of each K in steps of 16

/** x at k … k+3 of a tap, zero past the end. */
fn tapAt(at: u32, k: u32) -> vec4f {
  if (k >= p.K) { return vec4f(); }
  if (BY_DEPTH) { return load4(at, k); }
  return vec4f(depthAt(at, k), depthAt(at, k + 1), depthAt(at, k + 2), depthAt(at, k + 3));
}

fn depthAt(at: u32, k: u32) -> f32 { return load(select(NOWHERE, at, k < p.K), k); }

/** The weights k … k+3 of the channel that begins at `at`, zero past the end. */
fn weightsAt(at: u32, k: u32) -> vec4f {
  if (k >= p.K) { return vec4f(); }
  if (BY_DEPTH) { return w4[(at + k) / 4]; }
  let i = k + vec4u(0, 1, 2, 3);
  let j = at + min(i, vec4u(p.K - 1));
  return select(vec4f(), vec4f(w[j.x], w[j.y], w[j.z], w[j.w]), i < vec4u(p.K));
}

@compute @workgroup_size(64)
fn forward_staged(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = group.x + group.y * groups.x;
  let phase = phaseOf(i);
  let first = tileOf(i / PHASES, p.C);
  let m = first.x + broughtBy(lane);
  let c = first.y + broughtBy(lane);
  let pixels = array<vec3u, 4>(
    pixelOf(m, phase), pixelOf(m + 1, phase), pixelOf(m + 2, phase), pixelOf(m + 3, phase),
  );
  for (var r = 0u; r < p.R; r++) {
    for (var s = 0u; s < p.S; s++) {
      if (!belongs(phase, r, s)) { continue; }
      let places = tapsOf(pixels, r, s);
      let t = r * p.S + s;
      let channels = vec4u(channel(t, c), channel(t, c + 1), channel(t, c + 2), channel(t, c + 3));
      for (var step = 0u; step < (p.K + 15) / 16; step++) {
        let k = 16 * step + depthOf(lane);
        let b = transpose(mat4x4f(
          weightsAt(channels.x, k), weightsAt(channels.y, k), weightsAt(channels.z, k), weightsAt(channels.w, k),
        ));
        step16(
          lane,
          array<vec4f, 4>(tapAt(places.x, k), tapAt(places.y, k), tapAt(places.z, k), tapAt(places.w, k)),
          array<vec4f, 4>(b[0], b[1], b[2], b[3]),
        );
      }
    }
  }
  let row = first.x + firstRow(lane);
  storeTile(lane, first.y, array<u32, 8>(
    placeOf(pixelOf(row, phase)), placeOf(pixelOf(row + 1, phase)),
    placeOf(pixelOf(row + 2, phase)), placeOf(pixelOf(row + 3, phase)),
    placeOf(pixelOf(row + 4, phase)), placeOf(pixelOf(row + 5, phase)),
    placeOf(pixelOf(row + 6, phase)), placeOf(pixelOf(row + 7, phase)),
  ));
}
