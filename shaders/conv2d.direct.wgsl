// requires lib/handed.wgsl
// requires lib/activation.wgsl
// requires lib/convolution.wgsl
// conv2d where one side of the filters has few channels, and the tiles of conv2d.wgsl would be mostly empty; for CPU
// adapters. x (N,H,W,C)   w (R,S,C,K)   bias (K)   y (N,P,Q,K), one group, in the letters of lib/convolution.wgsl.
//   forward_one      x, w, bias -> out       one filter: K = 1, C divisible by 4; windows next to each other
//   backward_x_one   x=dz, w -> out4  dx     the same, stride 1 on both axes
//   forward_few      x, w, bias -> out4      few channels: R·S·C at most 32, K divisible by 4
//   backward_x_few   x=dz, w -> out   dx     one channel: C = 1, K divisible by 4; stride 1 or 2 on both axes
//
// On lavapipe a load of a vec4 costs 13 ns for 8 lanes, even from one address; handing a vec4 round in a subgroup
// costs 0.3. So lanes load different pixels, keep those that several windows have in common, and load one vec4 of the
// filter each, which they hand round. A division costs twice a load, so that few pixels' places are worked out.
//   forward_one      a lane owns 4 pixels of a row of y; 4 columns of x roll past the taps of a row of the filter
//   backward_x_one   a lane owns 4 pixels of a row of x, with all channels; 4 columns of dz roll past the taps
//   forward_few      a workgroup owns a row of y, a lane a vec4 of its channels and the filter for them; each lane
//                    loads the window of one pixel
//   backward_x_few   a lane owns 2 × 2 pixels of x, which need the same few pixels of dz
// Measured on lavapipe (ms of CPU time, in brackets with a tile): 576×32×32×8→1, 5 × 5, forward 28 (71), dx 20 (107);
// 64×64×64×1→32, 3 × 3, stride 2, forward 4.3 (7.4), dx 10 (23). Divisions stand outside of all loops, as the compiler
// leaves them where they are: that is 1.15 times faster. Two rows of y a lane in forward_one lose: sums spill.
// SwiftShader gains as much where there is one filter. With few channels it loses: it does not unroll loops, and keeps
// arrays in memory; it takes the tiles there.

override WG: u32 = 64;
// Of the filters, so that loops over arrays are unrolled.
override S: u32 = 1;
override CHANNELS: u32 = 1; // C
override DEPTH: u32 = 1;    // R·S·C

@group(0) @binding(7) var<storage, read_write> out4: array<vec4f>; // in place of `out`

/** Where in x the row h of image n begins, if it is there. */
fn lineOf(n: u32, h: u32) -> u32 {
  return select(NOWHERE, (n * p.H + h) * p.W, n < p.N && h < p.H);
}

@compute @workgroup_size(WG)
fn forward_one(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let i = element(id, groups, WG);
  let strips = (p.Q + 3) / 4;
  let row = i / strips;
  let n = row / p.P;
  let top = (row - n * p.P) * p.stride_h - p.pad_h;
  let q = (i - row * strips) * 4;
  let v = q - p.pad_w;
  let depth = p.C / 4;
  var sum = biasAt(0, 1);
  for (var r = 0u; r < p.R; r++) {
    let line = lineOf(n, top + r * p.dilation_h);
    let width = select(p.W, 0, line == NOWHERE);
    for (var c = 0u; c < depth; c++) {
      var taps = vec4f();
      var at = (line + v) * depth + c;
      var a = array<vec4f, 4>(
        vec4f(), columnAt(at, v, width), columnAt(at + depth, v + 1, width), columnAt(at + 2 * depth, v + 2, width),
      );
      at += 3 * depth;
      for (var s = 0u; s < S; s++) {
        if (s % SUBGROUP == 0) { taps = w4[(r * S + min(s + lane, S - 1)) * depth + c]; }
        let b = subgroupShuffle(taps, s % SUBGROUP);
        a[0] = a[1];
        a[1] = a[2];
        a[2] = a[3];
        a[3] = columnAt(at, v + s + 3, width);
        at += depth;
        sum += vec4f(dot(a[0], b), dot(a[1], b), dot(a[2], b), dot(a[3], b));
      }
    }
  }
  store(select(NOWHERE, row * p.Q, row < p.N * p.P), q, p.Q, activate(sum));
}

/** dz at column q of the row that begins at `line`, zero past its width; x is dz. */
fn slopeOf(line: u32, q: u32, width: u32) -> f32 { return select(0, x[select(0, line + q, q < width)], q < width); }

@compute @workgroup_size(WG)
fn backward_x_one(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let i = element(id, groups, WG);
  let strips = (p.W + 3) / 4;
  let row = i / strips;
  let n = row / p.H;
  let bottom = row - n * p.H + p.pad_h;
  let v = (i - row * strips) * 4;
  let q = v + p.pad_w;
  let depth = p.C / 4;
  for (var c = 0u; c < depth; c++) {
    var sum = array<vec4f, 4>();
    for (var r = 0u; r < p.R; r++) {
      let h = bottom - r * p.dilation_h;
      let line = (n * p.P + h) * p.Q;
      let width = select(0, p.Q, n < p.N && h < p.P);
      var taps = vec4f();
      var a = vec4f(slopeOf(line, q + 1, width), slopeOf(line, q + 2, width), slopeOf(line, q + 3, width), 0);
      for (var s = 0u; s < S; s++) {
        if (s % SUBGROUP == 0) { taps = w4[(r * S + min(s + lane, S - 1)) * depth + c]; }
        let b = subgroupShuffle(taps, s % SUBGROUP);
        a = vec4f(slopeOf(line, q - s, width), a.xyz);
        sum[0] += a.x * b;
        sum[1] += a.y * b;
        sum[2] += a.z * b;
        sum[3] += a.w * b;
      }
    }
    let at = (row * p.W + v) * depth + c;
    if (n < p.N) {
      out4[at] = sum[0];
      if (v + 1 < p.W) { out4[at + depth] = sum[1]; }
      if (v + 2 < p.W) { out4[at + 2 * depth] = sum[2]; }
      if (v + 3 < p.W) { out4[at + 3 * depth] = sum[3]; }
    }
  }
}

@compute @workgroup_size(SUBGROUP)
fn forward_few(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = group.x + group.y * groups.x;
  let columns = p.K / 4;
  let blocks = (columns + SUBGROUP - 1) / SUBGROUP;
  let row = i / blocks;
  let k = i % blocks * SUBGROUP + lane;
  let shift = biasAt(4 * k, p.K);
  var filters: array<vec4f, 32>;
  for (var d = 0u; d < DEPTH; d++) { filters[d] = w4[d * columns + min(k, columns - 1)]; }
  for (var step = 0u; step < (p.Q + SUBGROUP - 1) / SUBGROUP; step++) {
    let window = windowOf(row, step * SUBGROUP + lane);
    var a: array<f32, 32>;
    for (var d = 0u; d < DEPTH; d++) { a[d] = windowAt(window, d); }
    for (var j = 0u; j < SUBGROUP; j++) {
      var sum = shift;
      for (var d = 0u; d < DEPTH; d++) { sum += subgroupShuffle(a[d], j) * filters[d]; }
      let q = step * SUBGROUP + j;
      if (k < columns && q < p.Q && row < p.N * p.P) { out4[(row * p.Q + q) * columns + k] = activate(sum); }
    }
  }
}

fn windowOf(row: u32, q: u32) -> vec3u {
  return vec3u(row / p.P, row % p.P * p.stride_h - p.pad_h, q * p.stride_w - p.pad_w);
}

/** x at depth d of a window. */
fn windowAt(window: vec3u, d: u32) -> f32 {
  let line = lineOf(window.x, window.y + d / (S * CHANNELS) * p.dilation_h);
  let v = window.z + d / CHANNELS % S * p.dilation_w;
  return load(select(NOWHERE, (line + v) * CHANNELS, line != NOWHERE && v < p.W), d % CHANNELS);
}

@compute @workgroup_size(WG)
fn backward_x_few(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let i = element(id, groups, WG);
  let across = (p.W + 1) / 2;
  let row = i / across;
  let down = (p.H + 1) / 2;
  let n = row / down;
  let h = (row - n * down) * 2;
  let v = (i - row * across) * 2;
  let depth = p.K / 4;
  // dz row y stands for the tap h + pad - y·stride at pixel h: the last y that meets h + 1 or h, then those above
  let last_p = (1 + p.pad_h) / p.stride_h;
  let last_q = (1 + p.pad_w) / p.stride_w;
  let y_last = h / p.stride_h + last_p;
  let q_last = v / p.stride_w + last_q;
  let rows = (p.R - 1 + last_p * p.stride_h - p.pad_h) / p.stride_h + 1;
  let columns = (S - 1 + last_q * p.stride_w - p.pad_w) / p.stride_w + 1;
  var sum = vec4f();
  for (var up = 0u; up < rows; up++) {
    let y = y_last - up;
    let r = p.pad_h - (last_p - up) * p.stride_h;
    for (var left = 0u; left < columns; left++) {
      let q = q_last - left;
      let s = p.pad_w - (last_q - left) * p.stride_w;
      let at = select(NOWHERE, ((n * p.P + y) * p.Q + q) * p.K, n < p.N && y < p.P && q < p.Q);
      let meets = (vec4u(r, r, r + 1, r + 1) < vec4u(p.R)) & (vec4u(s, s + 1, s, s + 1) < vec4u(S));
      let t = select(vec4u(0), vec4u(r, r, r + 1, r + 1) * S + vec4u(s, s + 1, s, s + 1), meets) * depth;
      var w00 = vec4f();
      var w01 = vec4f();
      var w10 = vec4f();
      var w11 = vec4f();
      for (var k = 0u; k < depth; k++) {
        if (k % SUBGROUP == 0) {
          let mine = min(k + lane, depth - 1);
          w00 = w4[t.x + mine];
          w01 = w4[t.y + mine];
          w10 = w4[t.z + mine];
          w11 = w4[t.w + mine];
        }
        let a = load4(at, 4 * k);
        let j = k % SUBGROUP;
        if (meets.x) { sum.x += dot(a, subgroupShuffle(w00, j)); }
        if (meets.y) { sum.y += dot(a, subgroupShuffle(w01, j)); }
        if (meets.z) { sum.z += dot(a, subgroupShuffle(w10, j)); }
        if (meets.w) { sum.w += dot(a, subgroupShuffle(w11, j)); }
      }
    }
  }
  if (n < p.N) {
    let at = (n * p.H + h) * p.W + v;
    out[at] = sum.x;
    if (v + 1 < p.W) { out[at + 1] = sum.y; }
    if (h + 1 < p.H) { out[at + p.W] = sum.z; }
    if (v + 1 < p.W && h + 1 < p.H) { out[at + p.W + 1] = sum.w; }
  }
}
