// requires lib/ownTile.wgsl
// requires lib/activation.wgsl
// requires lib/convolution.wgsl
// convTranspose2d: y = activate(x ∗ᵀ w + bias), the input gradient of the convolution with the filter w,
// in the letters of that convolution:     x (N,P,Q,K)   w (R,S,C/G,K)   bias (C)   y (N,H,W,C)
//   forward          x, w, bias -> out    y[n,h,v,c] = Σ x[n,p,q,k] w[r,s,c,k]  over the p, r with
//                                         p·stride + r·dilation = h + pad, and the same for v, q, s; one group
//   forward_groups   the same with any number of groups
// Its gradient for x is conv2d's forward, and that for w is conv2d's backward_w: conv2d.wgsl.
//
// Which taps meet a pixel depends on its phase only, (h mod stride_h, v mod stride_w): a filter of 3 × 3 with stride
// 2 has 1, 2, 2 and 4 taps in the four phases. So each phase is a matrix product of its own, without multiplications
// by zeros in between:   rows = pixels of the phase   columns = C   depth = taps of the phase · K
// Workgroups take the phases in turn: lavapipe hands each of its threads one contiguous share of the workgroups.
// A lane owns some rows of a vec4 of columns; which, and who loads what, is in lib/ownTile.wgsl (any device),
// lib/sharedTile.wgsl and lib/tallTile.wgsl (CPU adapters). convTranspose2d.staged.wgsl has the kernel for GPUs.
// 64×8×8×256→128 with stride 2 goes at 52 GFLOP/s (lavapipe, 2 cores, by CPU time). Figures: bench/results/README.md.

override WG: u32 = 64;
// Of Params, but known to the compiler: CPU adapters divide lane by lane.
override STRIDE_H: u32 = 1;
override STRIDE_W: u32 = 1;
override PHASES = STRIDE_H * STRIDE_W;

fn biasOf(column: u32) -> vec4f { return biasAt(column, p.C); }

fn storeRow(at: u32, column: u32, y: vec4f) { store(at, column, p.C, y); }

/** The phase of the i-th workgroup. */
fn phaseOf(i: u32) -> vec2u { return vec2u(i % PHASES / STRIDE_W, i % STRIDE_W); }

/** Pixel m of a phase: the first row of its image in x, and its h + pad, v + pad; x = NOWHERE past the images. */
fn pixelOf(m: u32, phase: vec2u) -> vec3u {
  let height = (p.H + STRIDE_H - 1) / STRIDE_H;
  let width = (p.W + STRIDE_W - 1) / STRIDE_W;
  let row = m / width;
  let n = row / height;
  let h = (row - n * height) * STRIDE_H + phase.x;
  let v = (m - row * width) * STRIDE_W + phase.y;
  return vec3u(select(NOWHERE, n * p.P, n < p.N && h < p.H && v < p.W), h + p.pad_h, v + p.pad_w);
}

/** Whether a tap meets a pixel: both leave the same remainder. */
fn meets(pixel: u32, tap: u32, stride: u32) -> bool { return pixel % stride == tap % stride; }

/** Where in x the tap (r,s) of a pixel lies; the tap belongs to the pixel's phase. */
fn tap(pixel: vec3u, r: u32, s: u32) -> u32 {
  let row = (pixel.y - r * p.dilation_h) / STRIDE_H; // wraps past P above the image
  let q = (pixel.z - s * p.dilation_w) / STRIDE_W;
  let inside = pixel.x != NOWHERE && r * p.dilation_h <= pixel.y && s * p.dilation_w <= pixel.z && row < p.P && q < p.Q;
  return select(NOWHERE, ((pixel.x + row) * p.Q + q) * p.K, inside);
}

/** Where the tap (r,s) of each of four pixels lies. */
fn tapsOf(pixels: array<vec3u, 4>, r: u32, s: u32) -> vec4u {
  return vec4u(tap(pixels[0], r, s), tap(pixels[1], r, s), tap(pixels[2], r, s), tap(pixels[3], r, s));
}

/** Whether the tap (r,s) belongs to a phase. */
fn belongs(phase: vec2u, r: u32, s: u32) -> bool {
  return meets(phase.x + p.pad_h, r * p.dilation_h, STRIDE_H) && meets(phase.y + p.pad_w, s * p.dilation_w, STRIDE_W);
}

/** Where in y a pixel goes. */
fn placeOf(pixel: vec3u) -> u32 {
  let at = ((pixel.x / p.P * p.H + pixel.y - p.pad_h) * p.W + pixel.z - p.pad_w) * p.C;
  return select(at, NOWHERE, pixel.x == NOWHERE);
}

/** Where the weights of channel c begin in a tap; past the channels, those of the last. */
fn channel(t: u32, c: u32) -> u32 { return (t * p.C + min(c, p.C - 1)) * p.K; }

@compute @workgroup_size(TILE_WG)
fn forward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = group.x + group.y * groups.x;
  let phase = phaseOf(i);
  let M = p.N * ((p.H + STRIDE_H - 1) / STRIDE_H) * ((p.W + STRIDE_W - 1) / STRIDE_W);
  let at = place(i / PHASES, lane, (M + ROWS - 1) / ROWS, (p.C + 3) / 4);
  let c = 4 * at.y;
  let rows = at.x * ROWS + vec4u(rowOf(0, lane), rowOf(1, lane), rowOf(2, lane), rowOf(3, lane));
  let pixels = array<vec3u, 4>(
    pixelOf(rows.x, phase), pixelOf(rows.y, phase), pixelOf(rows.z, phase), pixelOf(rows.w, phase),
  );
  for (var r = 0u; r < p.R; r++) {
    for (var s = 0u; s < p.S; s++) {
      if (!belongs(phase, r, s)) { continue; }
      let places = tapsOf(pixels, r, s);
      let t = r * p.S + s;
      let w0 = channel(t, c);
      let w1 = channel(t, c + 1);
      let w2 = channel(t, c + 2);
      let w3 = channel(t, c + 3);
      if (BY_DEPTH) {
        for (var step = 0u; step < p.K / 4; step++) {
          let k = 4 * step;
          var a = array<vec4f, 4>(load4(places.x, k), load4(places.y, k), vec4f(), vec4f());
          if (LOADS == 4) {
            a[2] = load4(places.z, k);
            a[3] = load4(places.w, k);
          }
          let b0 = w4[w0 / 4 + step];
          if (ONE_COLUMN) {
            multiply(a, array<vec4f, 4>(b0.xxxx, b0.yyyy, b0.zzzz, b0.wwww));
          } else {
            let b = transpose(mat4x4f(b0, w4[w1 / 4 + step], w4[w2 / 4 + step], w4[w3 / 4 + step]));
            multiply(a, array<vec4f, 4>(b[0], b[1], b[2], b[3]));
          }
        }
      } else {
        for (var k = 0u; k < p.K; k++) {
          var a = vec4f(load(places.x, k), load(places.y, k), 0, 0);
          if (LOADS == 4) { a = vec4f(a.xy, load(places.z, k), load(places.w, k)); }
          multiplyOne(a, vec4f(w[w0 + k], w[w1 + k], w[w2 + k], w[w3 + k]));
        }
      }
    }
  }
  storeRows(vec4u(placeOf(pixels[0]), placeOf(pixels[1]), placeOf(pixels[2]), placeOf(pixels[3])), c);
}

/** A lane owns one element of y. */
@compute @workgroup_size(WG)
fn forward_groups(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups, WG);
  if (i >= p.N * p.H * p.W * p.C) { return; }
  let c = i % p.C;
  let row = i / p.C / p.W;
  let pixel = vec3u(row / p.H * p.P, row % p.H + p.pad_h, i / p.C % p.W + p.pad_w);
  let width = p.C / p.G;
  let depth = p.K / p.G;
  let first = c / width * depth;
  var sum = 0.0;
  for (var r = 0u; r < p.R; r++) {
    if (!meets(pixel.y, r * p.dilation_h, STRIDE_H)) { continue; }
    for (var s = 0u; s < p.S; s++) {
      if (!meets(pixel.z, s * p.dilation_w, STRIDE_W)) { continue; }
      let start = tap(pixel, r, s);
      if (start == NOWHERE) { continue; }
      let weights = ((r * p.S + s) * width + c % width) * p.K;
      for (var k = 0u; k < depth; k++) { sum += x[start + first + k] * w[weights + first + k]; }
    }
  }
  if (HAS_BIAS) { sum += bias[c]; }
  out[i] = activate(vec4f(sum)).x;
}
