// requires lib/ownTile.wgsl
// requires lib/activation.wgsl
// requires lib/convolution.wgsl
// requires lib/slices.wgsl
// conv2d: y = activate(x ∗ w + bias)     x (N,H,W,C)   w (R,S,C/G,K)   bias (K)   y (N,P,Q,K)
//   forward             x, w, bias -> out   y                                    one group
//   backward_w          x, w=dz -> out      (Z, R,S,C,K), Z slices of the pixels, to be added in order; one group
//   forward_groups, backward_w_groups       the same with any number of groups
// The gradient for x is the transposed convolution: convTranspose2d.wgsl.
//
// Both are matrix products whose left matrix is gathered from the image (no im2col in memory):
//   forward      rows = N·P·Q pixels       columns = K   depth = R·S·C, tap by tap
//   backward_w   rows = R·S·C weights      columns = K   depth = N·P·Q pixels, four of an image row at a time
// A lane owns some rows of a vec4 of columns; which, and who loads what, is in lib/ownTile.wgsl (any device),
// lib/sharedTile.wgsl and lib/tallTile.wgsl (CPU adapters). conv2d.staged.wgsl has the kernels for GPUs.
// Where C is divisible by 4, a lane's four weights are channels of one tap, loaded as vec4s: 1.3 times faster.
// 4×64×64×64→64 goes at 49 GFLOP/s forward and 58 in backward_w (lavapipe, 2 cores, by CPU time).
// Figures: bench/results/README.md.
// Filters with few channels on one side have kernels of their own: conv2d.direct.wgsl and conv2d.narrow.wgsl.

override WG: u32 = 64;
override WHOLE_ROWS: bool = false; // Q is divisible by 4

fn biasOf(column: u32) -> vec4f { return biasAt(column, p.K); }

fn storeRow(at: u32, column: u32, y: vec4f) { store(at, column, p.K, y); }

/** Pixel m of the output: the first row of its image in x, and where in the image its window begins. */
fn windowOf(m: u32) -> vec3u {
  if (m >= p.N * p.P * p.Q) { return vec3u(0, NOWHERE / 2, 0); }
  let row = m / p.Q;
  let n = row / p.P;
  return vec3u(n * p.H, (row - n * p.P) * p.stride_h - p.pad_h, (m - row * p.Q) * p.stride_w - p.pad_w);
}

/** Where in x the tap (r,s) of a window lies. */
fn tap(window: vec3u, r: u32, s: u32) -> u32 {
  let h = window.y + r * p.dilation_h;
  let v = window.z + s * p.dilation_w;
  return select(NOWHERE, ((window.x + h) * p.W + v) * p.C, h < p.H && v < p.W);
}

/** w[d, k … k+3]: a row of the filters as a matrix (R·S·C, K); past its columns, some other weight. */
fn filterRow(d: u32, k: u32) -> vec4f {
  if (BY_COLUMN) { return w4[(d * p.K + min(k, p.K - 4)) / 4]; }
  let last = p.K - 1;
  let row = d * p.K;
  return vec4f(w[row + min(k, last)], w[row + min(k + 1, last)], w[row + min(k + 2, last)], w[row + min(k + 3, last)]);
}

/**
 * The same for d below `end`, and zero from there on, as 0 · ∞ is not. `min` does nothing in whole rows, but without it
 * lavapipe makes code that takes 1.13 times as long.
 */
fn filterRowTo(end: u32, d: u32, k: u32) -> vec4f {
  let row = filterRow(min(d, end - 1), k);
  if (WHOLE_ROWS) { return row; }
  return select(vec4f(), row, d < end);
}

/** Four rows of the filters from a multiple of 4 on; of a single filter they are one vec4 of memory. */
fn filterRows(d: u32, k: u32) -> array<vec4f, 4> {
  if (ONE_COLUMN) {
    let b = w4[d / 4];
    return array<vec4f, 4>(b.xxxx, b.yyyy, b.zzzz, b.wwww);
  }
  return array<vec4f, 4>(filterRow(d, k), filterRow(d + 1, k), filterRow(d + 2, k), filterRow(d + 3, k));
}

@compute @workgroup_size(TILE_WG)
fn forward(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let M = p.N * p.P * p.Q;
  let at = place(group.x + group.y * groups.x, lane, (M + ROWS - 1) / ROWS, (p.K + 3) / 4);
  let k = 4 * at.y;
  let rows = at.x * ROWS + vec4u(rowOf(0, lane), rowOf(1, lane), rowOf(2, lane), rowOf(3, lane));
  let windows = array<vec3u, 4>(windowOf(rows.x), windowOf(rows.y), windowOf(rows.z), windowOf(rows.w));
  for (var r = 0u; r < p.R; r++) {
    for (var s = 0u; s < p.S; s++) {
      let x0 = tap(windows[0], r, s);
      let x1 = tap(windows[1], r, s);
      let x2 = tap(windows[2], r, s);
      let x3 = tap(windows[3], r, s);
      let first = (r * p.S + s) * p.C;
      if (BY_DEPTH) {
        for (var step = 0u; step < p.C / 4; step++) {
          let c = 4 * step;
          var a = array<vec4f, 4>(load4(x0, c), load4(x1, c), vec4f(), vec4f());
          if (LOADS == 4) {
            a[2] = load4(x2, c);
            a[3] = load4(x3, c);
          }
          multiply(a, filterRows(first + c, k));
        }
      } else {
        for (var c = 0u; c < p.C; c++) {
          var a = vec4f(load(x0, c), load(x1, c), 0, 0);
          if (LOADS == 4) { a = vec4f(a.xy, load(x2, c), load(x3, c)); }
          multiplyOne(a, filterRow(first + c, k));
        }
      }
    }
  }
  storeRows(select(vec4u(NOWHERE), rows * p.K, rows < vec4u(M)), k);
}

/** Weight m: its channel, and where its tap stands in a window. */
fn weightOf(m: u32) -> vec3u {
  let t = m / p.C;
  if (m >= p.R * p.S * p.C) { return vec3u(0, NOWHERE / 2, 0); }
  return vec3u(m % p.C, t / p.S * p.dilation_h - p.pad_h, t % p.S * p.dilation_w - p.pad_w);
}

/** What a weight is multiplied with at four pixels of the image row (n·H, p) from q on. */
fn gather(weight: vec3u, image: u32, row: u32, q: u32) -> vec4f {
  let h = weight.y + row * p.stride_h;
  let start = (image + h) * p.W;
  let columns = q + vec4u(0, 1, 2, 3);
  let v = weight.z + columns * p.stride_w;
  let inside = (v < vec4u(p.W)) & (columns < vec4u(p.Q)) & vec4<bool>(h < p.H);
  let i = select(vec4u(0), (start + v) * p.C + weight.x, inside);
  return select(vec4f(), vec4f(x[i.x], x[i.y], x[i.z], x[i.w]), inside);
}

/**
 * The same for the weights of a lane's rows, where these are channels of one tap: their number is divisible by 4. The
 * columns of a transposed matrix are registers as its rows are, so it costs nothing.
 */
fn gatherChannels(weight: vec3u, image: u32, row: u32, q: u32) -> array<vec4f, 4> {
  let h = weight.y + row * p.stride_h;
  let columns = q + vec4u(0, 1, 2, 3);
  let v = weight.z + columns * p.stride_w;
  let inside = (v < vec4u(p.W)) & vec4<bool>(h < p.H) & (columns < vec4u(p.Q));
  let i = select(vec4u(0), ((image + h) * p.W + v) * p.C + weight.x, inside);
  let t = transpose(mat4x4f(
    select(vec4f(), x4[i.x / 4], inside.x), select(vec4f(), x4[i.y / 4], inside.y),
    select(vec4f(), x4[i.z / 4], inside.z), select(vec4f(), x4[i.w / 4], inside.w),
  ));
  return array<vec4f, 4>(t[0], t[1], t[2], t[3]);
}

@compute @workgroup_size(TILE_WG)
fn backward_w(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let M = p.R * p.S * p.C;
  let at = place(group.x + group.y * groups.x, lane, (M + ROWS - 1) / ROWS, (p.K + 3) / 4);
  let k = 4 * at.y;
  let rows = at.x * ROWS + vec4u(rowOf(0, lane), rowOf(1, lane), rowOf(2, lane), rowOf(3, lane));
  let weights = array<vec3u, 4>(weightOf(rows.x), weightOf(rows.y), weightOf(rows.z), weightOf(rows.w));
  let begin = sliceStart(group.z, p.N * p.P, p.slices);
  let end = sliceStart(group.z + 1, p.N * p.P, p.slices);
  var n = begin / p.P;
  var row = begin % p.P;
  var q = 0u;
  for (var step = 0u; step < (end - begin) * ((p.Q + 3) / 4); step++) { // one loop: an inner one of Q / 4 is short
    let image = n * p.H;
    var a = array<vec4f, 4>();
    if (BY_DEPTH && LOADS == 4) {
      a = gatherChannels(weights[0], image, row, q);
    } else {
      a[0] = gather(weights[0], image, row, q);
      a[1] = gather(weights[1], image, row, q);
      if (LOADS == 4) {
        a[2] = gather(weights[2], image, row, q);
        a[3] = gather(weights[3], image, row, q);
      }
    }
    let line = (n * p.P + row) * p.Q;
    let end = line + p.Q;
    multiply(a, array<vec4f, 4>(
      filterRow(line + q, k),
      filterRowTo(end, line + q + 1, k),
      filterRowTo(end, line + q + 2, k),
      filterRowTo(end, line + q + 3, k),
    ));
    q += 4;
    row += select(0u, 1u, q >= p.Q);
    q = select(q, 0, q >= p.Q);
    n += select(0u, 1u, row == p.P);
    row = select(row, 0, row == p.P);
  }
  storeRows(select(vec4u(NOWHERE), (group.z * M + rows) * p.K, rows < vec4u(M)), k);
}

/** A lane owns one element of y. */
@compute @workgroup_size(WG)
fn forward_groups(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups, WG);
  if (i >= p.N * p.P * p.Q * p.K) { return; }
  let k = i % p.K;
  let window = windowOf(i / p.K);
  let depth = p.C / p.G;
  let first = k / (p.K / p.G) * depth;
  var sum = 0.0;
  for (var r = 0u; r < p.R; r++) {
    for (var s = 0u; s < p.S; s++) {
      let start = tap(window, r, s);
      if (start == NOWHERE) { continue; }
      let d = (r * p.S + s) * depth;
      for (var c = 0u; c < depth; c++) { sum += x[start + first + c] * w[(d + c) * p.K + k]; }
    }
  }
  if (HAS_BIAS) { sum += bias[k]; }
  out[i] = activate(vec4f(sum)).x;
}

/** A lane owns one element of w, in one slice of the pixels. */
@compute @workgroup_size(WG)
fn backward_w_groups(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups, WG);
  let depth = p.C / p.G;
  let size = p.R * p.S * depth * p.K;
  if (i >= size * p.slices) { return; }
  let k = i % p.K;
  let c = i / p.K % depth + k / (p.K / p.G) * depth;
  let t = i % size / p.K / depth;
  let slice = i / size;
  var sum = 0.0;
  let end = sliceStart(slice + 1, p.N * p.P, p.slices);
  for (var line = sliceStart(slice, p.N * p.P, p.slices); line < end; line++) {
    let h = line % p.P * p.stride_h + t / p.S * p.dilation_h - p.pad_h;
    if (h >= p.H) { continue; }
    let start = (line / p.P * p.H + h) * p.W;
    for (var q = 0u; q < p.Q; q++) {
      let v = q * p.stride_w + t % p.S * p.dilation_w - p.pad_w;
      if (v < p.W) { sum += x[(start + v) * p.C + c] * w[(line * p.Q + q) * p.K + k]; }
    }
  }
  out[i] = sum;
}
