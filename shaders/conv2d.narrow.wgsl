// requires lib/convolution.wgsl
// requires lib/slices.wgsl
// conv2d where few filters' windows stand side by side, and the tiles of conv2d.wgsl would be mostly empty; C in vec4s.
//   backward_w   x, w=dz -> out   (Z, R,S,C,K), Z slices of the pixels, to be added in order; one group
// A lane owns up to 5 taps side by side by a vec4 of channels and one filter; as many columns of x roll past, so that
// each is loaded once for 5 products: 4 times faster than a lane for each tap (64×32×32×8→1, 5 × 5).

override WG: u32 = 64;
override TAPS: u32 = 1; // side by side in a lane: 1 to 5

// Columns of x side by side, the newest first, and the sums of their products: sum0 is for the last tap.
var<private> column0: vec4f;
var<private> column1: vec4f;
var<private> column2: vec4f;
var<private> column3: vec4f;
var<private> column4: vec4f;
var<private> sum0: vec4f;
var<private> sum1: vec4f;
var<private> sum2: vec4f;
var<private> sum3: vec4f;
var<private> sum4: vec4f;

fn roll(next: vec4f) {
  column4 = column3;
  column3 = column2;
  column2 = column1;
  column1 = column0;
  column0 = next;
}

/** The products of dz at one pixel with its window, the last column of which is `next`. */
fn addProducts(next: vec4f, dz: f32) {
  roll(next);
  sum0 += column0 * dz;
  if (TAPS > 1) { sum1 += column1 * dz; }
  if (TAPS > 2) { sum2 += column2 * dz; }
  if (TAPS > 3) { sum3 += column3 * dz; }
  if (TAPS > 4) { sum4 += column4 * dz; }
}

fn storeTap(r: u32, s: u32, c: u32, k: u32, y: vec4f) {
  if (s >= p.S) { return; }
  let at = ((r * p.S + s) * p.C + c) * p.K + k;
  out[at] = y.x;
  out[at + p.K] = y.y;
  out[at + 2 * p.K] = y.z;
  out[at + 3 * p.K] = y.w;
}

/** A lane owns TAPS taps by four channels and a filter, in one slice of the pixels. */
@compute @workgroup_size(WG)
fn backward_w(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups, WG);
  let across = (p.S + TAPS - 1) / TAPS;
  let depth = p.C / 4;
  let size = p.R * across * p.K * depth;
  if (i >= size * p.slices) { return; }
  let c = i % depth * 4;
  let k = i / depth % p.K;
  let t = i % size / depth / p.K;
  let r = t / across;
  let s = t % across * TAPS;
  let slice = i / size;
  let end = sliceStart(slice + 1, p.N * p.P, p.slices);
  for (var row = sliceStart(slice, p.N * p.P, p.slices); row < end; row++) {
    let h = row % p.P * p.stride_h + r * p.dilation_h - p.pad_h;
    if (h >= p.H) { continue; }
    let v = s - p.pad_w;
    var x_at = ((row / p.P * p.H + h) * p.W + v) * depth + c / 4;
    for (var tap = 0u; tap < TAPS - 1; tap++) { roll(columnAt(x_at + tap * depth, v + tap, p.W)); }
    x_at += (TAPS - 1) * depth;
    let last = v + TAPS - 1;
    let start = row * p.Q * p.K + k;
    for (var step = 0u; step < p.Q / 4; step++) {
      let q = 4 * step;
      let at = start + q * p.K;
      addProducts(columnAt(x_at, last + q, p.W), w[at]);
      addProducts(columnAt(x_at + depth, last + q + 1, p.W), w[at + p.K]);
      addProducts(columnAt(x_at + 2 * depth, last + q + 2, p.W), w[at + 2 * p.K]);
      addProducts(columnAt(x_at + 3 * depth, last + q + 3, p.W), w[at + 3 * p.K]);
      x_at += 4 * depth;
    }
    for (var q = p.Q / 4 * 4; q < p.Q; q++) {
      addProducts(columnAt(x_at, last + q, p.W), w[start + q * p.K]);
      x_at += depth;
    }
  }
  let rows = slice * p.R + r;
  storeTap(rows, s + TAPS - 1, c, k, sum0);
  if (TAPS > 1) { storeTap(rows, s + TAPS - 2, c, k, sum1); }
  if (TAPS > 2) { storeTap(rows, s + TAPS - 3, c, k, sum2); }
  if (TAPS > 3) { storeTap(rows, s + TAPS - 4, c, k, sum3); }
  if (TAPS > 4) { storeTap(rows, s + TAPS - 5, c, k, sum4); }
}
