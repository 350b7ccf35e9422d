// requires lib/activation.wgsl
// conv2d with filters of 3 × 3 on neighbouring pixels, by Winograd's F(4 × 4, 3 × 3): y is made in tiles of 4 × 4, of which
// each takes 36 products in place of 144. The products are matmul's, of one matrix for each of the 36 places of a tile.
//   x (N,H,W,C)   w (3,3,C,K)   bias (K)   y (N,P,Q,K)   T = N · ⌈P/4⌉ · ⌈Q/4⌉ tiles
//   image     x -> out (36,T,C)        Bᵀ x B of the 6 × 6 pixels that a tile of y is made from, zero outside of the image
//   filters   w -> out (36,C,K)        G w Gᵀ; with FLIPPED of the filter (3,3,K,C) that w turns into for the input's gradient
//   result    x=(36,T,K), bias -> out  y = activate(Aᵀ … A + bias)
//   slopes    x=dz -> out (36,T,K)     A dz Aᵀ of the 4 × 4 pixels of a tile, zero outside of the image
//   weights   x=(36,C,K) -> out dw     Gᵀ (…) G
// A lane owns a tile of a channel, or the taps of a filter; with vec4s of channels they are not faster, and take three times
// as long to compile. Source: Lavin & Gray, "Fast algorithms for convolutional neural networks", CVPR 2016; the points are
// 0, ±1/√2, ±√2, ∞ in place of theirs, 0, ±1, ±2, ∞, whose errors are four times as large. Figures: bench/results/README.md.

override WG: u32 = 64;
override HAS_BIAS: bool = false;
override FLIPPED: bool = false;

struct Params {
  T: u32, first: u32, // tiles of a launch, which are those of the images from `first` on
  H: u32, W: u32, C: u32, P: u32, Q: u32, K: u32, pad_h: u32, pad_w: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

const A = 0.70710678118654752; // the points are 0, ±A, ±B and ∞
const B = 1.41421356237309505;

alias Three = array<f32, 3>;
alias Four = array<f32, 4>;
alias Six = array<f32, 6>;

/** Bᵀ d */
fn ofPixels(d: Six) -> Six {
  let evenA = d[4] - 2 * d[2];
  let oddA = A * d[3] - B * d[1];
  let evenB = d[4] - 0.5 * d[2];
  let oddB = B * d[3] - A * d[1];
  return Six(
    d[0] - 2.5 * d[2] + d[4], evenA + oddA, evenA - oddA, evenB + oddB, evenB - oddB, d[1] - 2.5 * d[3] + d[5],
  );
}

/** G g */
fn ofTaps(g: Three) -> Six {
  let evenA = (g[0] + 0.5 * g[2]) * (-2.0 / 3);
  let oddA = g[1] * (A * -2 / 3);
  let evenB = (g[0] + 2 * g[2]) * (1.0 / 6);
  let oddB = g[1] * (B / 6);
  return Six(g[0], evenA + oddA, evenA - oddA, evenB + oddB, evenB - oddB, g[2]);
}

/** Gᵀ u */
fn toTaps(u: Six) -> Three {
  let sumA = (u[1] + u[2]) * (-2.0 / 3);
  let sumB = (u[3] + u[4]) * (1.0 / 6);
  return Three(
    u[0] + sumA + sumB, (u[1] - u[2]) * (A * -2 / 3) + (u[3] - u[4]) * (B / 6), 0.5 * sumA + 2 * sumB + u[5],
  );
}

/** Aᵀ m */
fn toResult(m: Six) -> Four {
  let sumA = m[1] + m[2];
  let lessA = A * (m[1] - m[2]);
  let sumB = m[3] + m[4];
  let lessB = B * (m[3] - m[4]);
  return Four(m[0] + sumA + sumB, lessA + lessB, 0.5 * sumA + 2 * sumB, 0.5 * lessA + 2 * lessB + m[5]);
}

/** A z */
fn ofResult(z: Four) -> Six {
  let evenA = z[0] + 0.5 * z[2];
  let oddA = A * z[1] + (0.5 * A) * z[3];
  let evenB = z[0] + 2 * z[2];
  let oddB = B * z[1] + (2 * B) * z[3];
  return Six(z[0], evenA + oddA, evenA - oddA, evenB + oddB, evenB - oddB, z[3]);
}

struct Place { channel: u32, image: u32, row: u32, column: u32 }

/** The one of `channels` that lane i owns, and its tile: the image, and the first of 4 × 4 pixels in y. */
fn placeOf(i: u32, channels: u32) -> Place {
  let tile = i / channels;
  let across = (p.Q + 3) / 4;
  let line = tile / across;
  let down = (p.P + 3) / 4;
  let image = line / down;
  return Place(i - tile * channels, p.first + image, 4 * (line - image * down), 4 * (tile - line * across));
}

/** The pixel (h,v) of the image whose first is `start`, with `channels` each; zero outside of height and width. */
fn pixel(start: u32, h: u32, v: u32, height: u32, width: u32, channels: u32, channel: u32) -> f32 {
  let inside = h < height && v < width;
  return select(0.0, x[select(0, (start + h * width + v) * channels + channel, inside)], inside);
}

/** Column v of six pixels from row h on. */
fn imageColumn(at: Place, h: u32, v: u32) -> Six {
  let start = at.image * p.H * p.W;
  let depth = p.C;
  return ofPixels(Six(
    pixel(start, h, v, p.H, p.W, depth, at.channel), pixel(start, h + 1, v, p.H, p.W, depth, at.channel),
    pixel(start, h + 2, v, p.H, p.W, depth, at.channel), pixel(start, h + 3, v, p.H, p.W, depth, at.channel),
    pixel(start, h + 4, v, p.H, p.W, depth, at.channel), pixel(start, h + 5, v, p.H, p.W, depth, at.channel),
  ));
}

/** Six places of a tile, `stride` apart. */
fn storeSix(first: u32, stride: u32, six: Six) {
  out[first] = six[0];
  out[first + stride] = six[1];
  out[first + 2 * stride] = six[2];
  out[first + 3 * stride] = six[3];
  out[first + 4 * stride] = six[4];
  out[first + 5 * stride] = six[5];
}

fn element(id: vec3u, groups: vec3u) -> u32 { return id.x + id.y * groups.x * WG; }

@compute @workgroup_size(WG)
fn image(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  let stride = p.T * p.C;
  if (i >= stride) { return; }
  let at = placeOf(i, p.C);
  let h = at.row - p.pad_h;
  let v = at.column - p.pad_w;
  let a = imageColumn(at, h, v);
  let b = imageColumn(at, h, v + 1);
  let c = imageColumn(at, h, v + 2);
  let d = imageColumn(at, h, v + 3);
  let e = imageColumn(at, h, v + 4);
  let f = imageColumn(at, h, v + 5);
  storeSix(i, stride, ofPixels(Six(a[0], b[0], c[0], d[0], e[0], f[0])));
  storeSix(i + 6 * stride, stride, ofPixels(Six(a[1], b[1], c[1], d[1], e[1], f[1])));
  storeSix(i + 12 * stride, stride, ofPixels(Six(a[2], b[2], c[2], d[2], e[2], f[2])));
  storeSix(i + 18 * stride, stride, ofPixels(Six(a[3], b[3], c[3], d[3], e[3], f[3])));
  storeSix(i + 24 * stride, stride, ofPixels(Six(a[4], b[4], c[4], d[4], e[4], f[4])));
  storeSix(i + 30 * stride, stride, ofPixels(Six(a[5], b[5], c[5], d[5], e[5], f[5])));
}

/** Tap (r,s) from channel c to filter k. */
fn tap(r: u32, s: u32, c: u32, k: u32) -> f32 {
  if (FLIPPED) { return w[((8 - 3 * r - s) * p.K + k) * p.C + c]; }
  return w[((3 * r + s) * p.C + c) * p.K + k];
}

fn tapColumn(s: u32, c: u32, k: u32) -> Six { return ofTaps(Three(tap(0, s, c, k), tap(1, s, c, k), tap(2, s, c, k))); }

@compute @workgroup_size(WG)
fn filters(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  let channels = p.K;
  let stride = p.C * channels;
  if (i >= stride) { return; }
  let c = i / channels;
  let k = i - c * channels;
  let l = tapColumn(0, c, k);
  let m = tapColumn(1, c, k);
  let r = tapColumn(2, c, k);
  storeSix(i, stride, ofTaps(Three(l[0], m[0], r[0])));
  storeSix(i + 6 * stride, stride, ofTaps(Three(l[1], m[1], r[1])));
  storeSix(i + 12 * stride, stride, ofTaps(Three(l[2], m[2], r[2])));
  storeSix(i + 18 * stride, stride, ofTaps(Three(l[3], m[3], r[3])));
  storeSix(i + 24 * stride, stride, ofTaps(Three(l[4], m[4], r[4])));
  storeSix(i + 30 * stride, stride, ofTaps(Three(l[5], m[5], r[5])));
}

/** A column of a tile's six rows, made into the four of the result. */
fn resultColumn(first: u32, stride: u32) -> Four {
  return toResult(Six(
    x[first], x[first + 6 * stride], x[first + 12 * stride],
    x[first + 18 * stride], x[first + 24 * stride], x[first + 30 * stride],
  ));
}

fn storeFour(at: Place, row: u32, four: Four) {
  let channels = p.K;
  let h = at.row + row;
  if (h >= p.P) { return; }
  var shift = 0.0;
  if (HAS_BIAS) { shift = bias[at.channel]; }
  let first = ((at.image * p.P + h) * p.Q + at.column) * channels + at.channel;
  out[first] = activate(vec4f(four[0] + shift)).x;
  if (at.column + 1 < p.Q) { out[first + channels] = activate(vec4f(four[1] + shift)).x; }
  if (at.column + 2 < p.Q) { out[first + 2 * channels] = activate(vec4f(four[2] + shift)).x; }
  if (at.column + 3 < p.Q) { out[first + 3 * channels] = activate(vec4f(four[3] + shift)).x; }
}

@compute @workgroup_size(WG)
fn result(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  let stride = p.T * p.K;
  if (i >= stride) { return; }
  let at = placeOf(i, p.K);
  let a = resultColumn(i, stride);
  let b = resultColumn(i + stride, stride);
  let c = resultColumn(i + 2 * stride, stride);
  let d = resultColumn(i + 3 * stride, stride);
  let e = resultColumn(i + 4 * stride, stride);
  let f = resultColumn(i + 5 * stride, stride);
  storeFour(at, 0, toResult(Six(a[0], b[0], c[0], d[0], e[0], f[0])));
  storeFour(at, 1, toResult(Six(a[1], b[1], c[1], d[1], e[1], f[1])));
  storeFour(at, 2, toResult(Six(a[2], b[2], c[2], d[2], e[2], f[2])));
  storeFour(at, 3, toResult(Six(a[3], b[3], c[3], d[3], e[3], f[3])));
}

/** Column v of a tile of dz. */
fn slopeColumn(at: Place, v: u32) -> Six {
  let start = at.image * p.P * p.Q;
  let channels = p.K;
  return ofResult(Four(
    pixel(start, at.row, v, p.P, p.Q, channels, at.channel), pixel(start, at.row + 1, v, p.P, p.Q, channels, at.channel),
    pixel(start, at.row + 2, v, p.P, p.Q, channels, at.channel), pixel(start, at.row + 3, v, p.P, p.Q, channels, at.channel),
  ));
}

@compute @workgroup_size(WG)
fn slopes(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  let stride = p.T * p.K;
  if (i >= stride) { return; }
  let at = placeOf(i, p.K);
  let a = slopeColumn(at, at.column);
  let b = slopeColumn(at, at.column + 1);
  let c = slopeColumn(at, at.column + 2);
  let d = slopeColumn(at, at.column + 3);
  storeSix(i, stride, ofResult(Four(a[0], b[0], c[0], d[0])));
  storeSix(i + 6 * stride, stride, ofResult(Four(a[1], b[1], c[1], d[1])));
  storeSix(i + 12 * stride, stride, ofResult(Four(a[2], b[2], c[2], d[2])));
  storeSix(i + 18 * stride, stride, ofResult(Four(a[3], b[3], c[3], d[3])));
  storeSix(i + 24 * stride, stride, ofResult(Four(a[4], b[4], c[4], d[4])));
  storeSix(i + 30 * stride, stride, ofResult(Four(a[5], b[5], c[5], d[5])));
}

/** A column of the six rows of a weight's places, made into taps. */
fn weightColumn(first: u32, stride: u32) -> Three {
  return toTaps(Six(
    x[first], x[first + 6 * stride], x[first + 12 * stride],
    x[first + 18 * stride], x[first + 24 * stride], x[first + 30 * stride],
  ));
}

fn storeThree(first: u32, stride: u32, three: Three) {
  out[first] = three[0];
  out[first + stride] = three[1];
  out[first + 2 * stride] = three[2];
}

@compute @workgroup_size(WG)
fn weights(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups);
  let stride = p.C * p.K;
  if (i >= stride) { return; }
  let a = weightColumn(i, stride);
  let b = weightColumn(i + stride, stride);
  let c = weightColumn(i + 2 * stride, stride);
  let d = weightColumn(i + 3 * stride, stride);
  let e = weightColumn(i + 4 * stride, stride);
  let f = weightColumn(i + 5 * stride, stride);
  storeThree(i, stride, toTaps(Six(a[0], b[0], c[0], d[0], e[0], f[0])));
  storeThree(i + 3 * stride, stride, toTaps(Six(a[1], b[1], c[1], d[1], e[1], f[1])));
  storeThree(i + 6 * stride, stride, toTaps(Six(a[2], b[2], c[2], d[2], e[2], f[2])));
}
