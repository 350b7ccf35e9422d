// requires lib/handed.wgsl
// requires lib/activation.wgsl
// requires lib/convolution.wgsl
// conv2d where one side of the filters has few channels, and the tiles of conv2d.wgsl would be mostly empty; for CPU
// adapters. x (N,H,W,C)   w (R,S,C,K)   bias (K)   y (N,P,Q,K), one group, in the letters of lib/convolution.wgsl.
//   forward_one      x, w, bias -> out       one filter: K = 1, C divisible by 4; windows next to each other
//   backward_x_one   x=dz, w -> out4  dx     the same, stride 1 on both axes
//   forward_few      x, w, bias -> out4      few channels: R·S·C at most 32, K divisible by 4
//   backward_x_few   x=dz, w -> out   dx     one channel: C = 1, K divisible by 4; stride 1 or 2, one for both axes
//
// On lavapipe a load of a vec4 costs 13 ns for 8 lanes, even from one address; handing a vec4 round in a subgroup
// costs 0.3. So lanes load different pixels, keep those that several windows have in common, and load one vec4 of the
// filter each, which they hand round. A division costs twice a load, so that few pixels' places are worked out.
//   forward_one      a lane owns 4 pixels of a row of y; 4 columns of x roll past the taps of a row of the filter
//   backward_x_one   a lane owns 4 pixels of a row of x, with all channels; 4 columns of dz roll past the taps
//   forward_few      a workgroup owns a row of y, a lane a vec4 of its channels and the filter for them; each lane
//                    loads the window of one pixel
//   backward_x_few   a lane owns a strip of 4 columns of dz, and what they are of x with stride 2: 2 × 8 pixels; the
//                    columns roll past the taps
// On lavapipe they are 1.7 to 5 times as fast as the tiles. Divisions stand outside of all loops, as the compiler leaves
// them where they are. SwiftShader takes the tiles in place of forward_few: it does not unroll loops, and keeps arrays in
// memory. Figures: bench/results/README.md.

override WG: u32 = 64;
// Of the filters, so that loops over arrays are unrolled.
override S: u32 = 1;
override CHANNELS: u32 = 1; // C
override DEPTH: u32 = 1;    // R·S·C
// Of backward_x_few, whose strips of STRIDE rows of x need ABOVE rows of dz, the last of which is LAST_P past the strip's
// number: row y of dz stands for the tap h + pad - y·stride at pixel h. And so for columns.
override R: u32 = 1;
override PAD_H: u32 = 0;
override PAD_W: u32 = 0;
override STRIDE: u32 = 1;
override LAST_P = (STRIDE - 1 + PAD_H) / STRIDE;
override LAST_Q = (STRIDE - 1 + PAD_W) / STRIDE;
override ABOVE = (R - 1 + LAST_P * STRIDE - PAD_H) / STRIDE + 1;
override BEFORE = (S - 1 + LAST_Q * STRIDE - PAD_W) / STRIDE + 1;
override PHASES = STRIDE * STRIDE; // pixels of x by what is left of their place, as in convTranspose2d.wgsl

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

/** Which tap of the filter meets dz at LAST - (up,left) of a strip and the strip's pixels of a phase; NOWHERE if none. */
fn tapOf(up: u32, left: u32, phase: vec2u) -> u32 {
  let r = phase.x + up * STRIDE + PAD_H - LAST_P * STRIDE;
  let s = phase.y + left * STRIDE + PAD_W - LAST_Q * STRIDE;
  return select(NOWHERE, r * S + s, r < R && s < S);
}

/** The products of four columns of dz with a tap. */
fn products(a0: vec4f, a1: vec4f, a2: vec4f, a3: vec4f, tap: vec4f) -> vec4f {
  return vec4f(dot(a0, tap), dot(a1, tap), dot(a2, tap), dot(a3, tap));
}

/** The four pixels of a phase, STRIDE apart, of the strip whose first pixel is (h,v) of image n. */
fn storePhase(n: u32, h: u32, v: u32, y: vec4f) {
  if (n >= p.N || h >= p.H || v >= p.W) { return; }
  let at = (n * p.H + h) * p.W + v;
  let end = p.W - v;
  out[at] = y.x;
  if (STRIDE < end) { out[at + STRIDE] = y.y; }
  if (2 * STRIDE < end) { out[at + 2 * STRIDE] = y.z; }
  if (3 * STRIDE < end) { out[at + 3 * STRIDE] = y.w; }
}

@compute @workgroup_size(WG)
fn backward_x_few(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let i = element(id, groups, WG);
  let across = (p.W + 4 * STRIDE - 1) / (4 * STRIDE);
  let down = (p.H + STRIDE - 1) / STRIDE;
  let row = i / across;
  let n = row / down;
  let h = row - n * down;
  let v = (i - row * across) * 4;
  let depth = p.K / 4;
  let q = v + LAST_Q;
  let mine = lane / PHASES; // lanes load the taps of all phases at once, and those of the next columns
  let phase = vec2u(lane % PHASES / STRIDE, lane % STRIDE);
  var sum00 = vec4f();
  var sum01 = vec4f();
  var sum10 = vec4f();
  var sum11 = vec4f();
  for (var up = 0u; up < ABOVE; up++) {
    let y = h + LAST_P - up;
    let line = (n * p.P + y) * p.Q * depth;
    let width = select(0, p.Q, n < p.N && y < p.P);
    for (var k = 0u; k < depth; k++) {
      let at = line + k;
      var a1 = columnAt(at + (q + 1) * depth, q + 1, width);
      var a2 = columnAt(at + (q + 2) * depth, q + 2, width);
      var a3 = columnAt(at + (q + 3) * depth, q + 3, width);
      var taps = vec4f();
      for (var left = 0u; left < BEFORE; left++) {
        let a0 = columnAt(at + (q - left) * depth, q - left, width);
        var first = 0u;
        if (SUBGROUP > PHASES) { first = left * PHASES % SUBGROUP; }
        if (first == 0) {
          let t = tapOf(up, left + mine, phase);
          taps = w4[select(t, 0, t == NOWHERE) * depth + k];
        }
        // Not by branches: SwiftShader takes both sides, and merges them slowly.
        let y00 = products(a0, a1, a2, a3, subgroupShuffle(taps, first));
        sum00 += select(vec4f(), y00, tapOf(up, left, vec2u(0, 0)) != NOWHERE);
        if (PHASES == 4) {
          let y01 = products(a0, a1, a2, a3, subgroupShuffle(taps, first + 1));
          let y10 = products(a0, a1, a2, a3, subgroupShuffle(taps, first + 2));
          let y11 = products(a0, a1, a2, a3, subgroupShuffle(taps, first + 3));
          sum01 += select(vec4f(), y01, tapOf(up, left, vec2u(0, 1)) != NOWHERE);
          sum10 += select(vec4f(), y10, tapOf(up, left, vec2u(1, 0)) != NOWHERE);
          sum11 += select(vec4f(), y11, tapOf(up, left, vec2u(1, 1)) != NOWHERE);
        }
        a3 = a2;
        a2 = a1;
        a1 = a0;
      }
    }
  }
  storePhase(n, h * STRIDE, v * STRIDE, sum00);
  if (PHASES == 4) {
    storePhase(n, h * STRIDE, v * STRIDE + 1, sum01);
    storePhase(n, h * STRIDE + 1, v * STRIDE, sum10);
    storePhase(n, h * STRIDE + 1, v * STRIDE + 1, sum11);
  }
}
