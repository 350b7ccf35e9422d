// What the convolution kernels share: x (N,H,W,C), w (R,S,C/G,K), y (N,P,Q,K), G groups.
//   y[n,p,q,k] = Σ_{r,s,c} x[n,h,v,c] w[r,s,c,k],   h = p·stride_h + r·dilation_h − pad_h,   v likewise from q, s
// Coordinates are unsigned: one above or left of the image wraps to a number past its end.

override HAS_BIAS: bool = false;
// Vec4 loads of images and filters along the axis that is summed over; of filters along the columns of the result.
override BY_DEPTH: bool = false;
override BY_COLUMN: bool = false;
override WHOLE: bool = false; // the columns of the result are a number of vec4s
override ONE_COLUMN: bool = false; // the result has a single channel; with BY_DEPTH

struct Params {
  N: u32, H: u32, W: u32, C: u32,
  P: u32, Q: u32, K: u32,
  R: u32, S: u32, G: u32,
  stride_h: u32, stride_w: u32,
  pad_h: u32, pad_w: u32,        // rows of zeros above, columns of zeros to the left
  dilation_h: u32, dilation_w: u32,
  slices: u32,                   // parts of the N·P rows of pixels that backward_w sums over
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> x4: array<vec4f>; // the same memory as `x`
@group(0) @binding(3) var<storage, read> w: array<f32>;
@group(0) @binding(4) var<storage, read> w4: array<vec4f>; // the same memory as `w`
@group(0) @binding(5) var<storage, read> bias: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

const NOWHERE = 0xffffffffu;

/** The lane's number in a grid of one-dimensional workgroups that may be folded into rows. */
fn element(id: vec3u, groups: vec3u, size: u32) -> u32 { return id.x + id.y * groups.x * size; }

/** x[at + c … at + c+3], zero where the pixel is nowhere. */
fn load4(at: u32, c: u32) -> vec4f {
  return select(x4[select((at + c) / 4, 0, at == NOWHERE)], vec4f(), at == NOWHERE);
}

/** x[at + c], zero where the pixel is nowhere. */
fn load(at: u32, c: u32) -> f32 {
  return select(x[select(at + c, 0, at == NOWHERE)], 0, at == NOWHERE);
}

/** The i-th vec4 of x, zero where column v lies past the row's width. */
fn columnAt(i: u32, v: u32, width: u32) -> vec4f { return select(vec4f(), x4[select(0, i, v < width)], v < width); }

/** bias[column … column+3]; past the end of `columns`, that of the last. */
fn biasAt(column: u32, columns: u32) -> vec4f {
  if (!HAS_BIAS) { return vec4f(); }
  let i = min(column + vec4u(0, 1, 2, 3), vec4u(columns - 1));
  return vec4f(bias[i.x], bias[i.y], bias[i.z], bias[i.w]);
}

/** out[at + column … + 3] = y, the columns that there are of `columns`. */
fn store(at: u32, column: u32, columns: u32, y: vec4f) {
  if (at == NOWHERE || column >= columns) { return; }
  let last = columns - 1;
  out[at + column] = y.x;
  if (WHOLE || column < last) { out[at + column + 1] = y.y; }
  if (WHOLE || column + 1 < last) { out[at + column + 2] = y.z; }
  if (WHOLE || column + 2 < last) { out[at + column + 3] = y.w; }
}
