// requires lib/tallTile.wgsl
// requires lib/activation.wgsl
// requires lib/convolution.wgsl
// requires convTranspose2d.wgsl
// convTranspose2d for 5 to 8 columns; shapes, phases and loads are those of convTranspose2d.wgsl.
//   forward_tall   K divisible by 4: each lane loads the weights of one channel only, and hands them to the others

/** Four rows of the filter, of the channels whose weights the lanes from `first` on hold: 0 or 4. */
fn columnsOf(weights: vec4f, first: u32) -> array<vec4f, 4> {
  var t = mat4x4f();
  if (first == 0) {
    t = transpose(mat4x4f(
      subgroupBroadcast(weights, 0), subgroupBroadcast(weights, 1),
      subgroupBroadcast(weights, 2), subgroupBroadcast(weights, 3),
    ));
  } else {
    t = transpose(mat4x4f(
      subgroupBroadcast(weights, 4), subgroupBroadcast(weights, 5),
      subgroupBroadcast(weights, 6), subgroupBroadcast(weights, 7),
    ));
  }
  return array<vec4f, 4>(t[0], t[1], t[2], t[3]);
}

@compute @workgroup_size(TILE_WG)
fn forward_tall(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = group.x + group.y * groups.x;
  let phase = phaseOf(i);
  let first = i / PHASES * ROWS + lane;
  let pixels = array<vec3u, 4>(
    pixelOf(first, phase), pixelOf(first + SUBGROUP, phase),
    pixelOf(first + 2 * SUBGROUP, phase), pixelOf(first + 3 * SUBGROUP, phase),
  );
  for (var r = 0u; r < p.R; r++) {
    for (var s = 0u; s < p.S; s++) {
      if (!belongs(phase, r, s)) { continue; }
      let places = tapsOf(pixels, r, s);
      let t = r * p.S + s;
      let near = channel(t, lane) / 4;
      let far = channel(t, lane + 4) / 4;
      for (var step = 0u; step < p.K / 4; step++) {
        let k = 4 * step;
        let a = array<vec4f, 4>(load4(places.x, k), load4(places.y, k), load4(places.z, k), load4(places.w, k));
        let weights = w4[near + step];
        if (SUBGROUP == 8) {
          multiplyBoth(a, columnsOf(weights, 0), columnsOf(weights, 4));
        } else {
          multiplyBoth(a, columnsOf(weights, 0), columnsOf(w4[far + step], 0));
        }
      }
    }
  }
  storeRows(vec4u(placeOf(pixels[0]), placeOf(pixels[1]), placeOf(pixels[2]), placeOf(pixels[3])), 0);
}
