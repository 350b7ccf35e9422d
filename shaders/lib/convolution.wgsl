// What the convolution kernels share: x (N,H,W,C), w (R,S,C/G,K), y (N,P,Q,K), G groups.
//   y[n,p,q,k] = Σ_{r,s,c} x[n, h, w, c] w[r,s,c,k],  h = p·stride_h + r·dilation_h − pad_h,  w likewise

struct Params {
  N: u32, H: u32, W: u32, C: u32,
  P: u32, Q: u32, K: u32,
  R: u32, S: u32, G: u32,
  stride_h: u32, stride_w: u32,
  pad_h: u32, pad_w: u32,        // rows of zeros above, columns of zeros to the left
  dilation_h: u32, dilation_w: u32,
  slices: u32,
}
@group(0) @binding(0) var<uniform> p: Params;

/** The lane's number in a grid of one-dimensional workgroups that may be folded into rows. */
fn element(id: vec3u, groups: vec3u, size: u32) -> u32 { return id.x + id.y * groups.x * size; }
