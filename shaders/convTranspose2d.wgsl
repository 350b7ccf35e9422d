// requires lib/activation.wgsl
// requires lib/convolution.wgsl
// convTranspose2d: y = activate(x ∗ᵀ w + bias), the input gradient of the convolution with the filter w,
// in the letters of that convolution:     x (N,P,Q,K)   w (R,S,C/G,K)   bias (C)   y (N,H,W,C)
//   forward      x, w, bias -> out    y[n,h,w,c] = Σ x[n,p,q,k] w[r,s,c,k]  over the p, r with
//                                     p·stride + r·dilation = h + pad, and the same for q, s
// Its gradient for x is conv2d's forward, and that for w is conv2d's backward_w: conv2d.wgsl.

override WG: u32 = 64;
override HAS_BIAS: bool = false;

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

/** Any shape: a lane owns one element of y. */
@compute @workgroup_size(WG)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups, WG);
  if (i >= p.N * p.H * p.W * p.C) { return; }
  let c = i % p.C;
  let column = i / p.C % p.W;
  let h = i / p.C / p.W % p.H;
  let n = i / p.C / p.W / p.H;
  let width = p.C / p.G;
  let depth = p.K / p.G;
  let first = c / width * depth;
  var sum = 0.0;
  for (var r = 0u; r < p.R; r++) {
    let down = h + p.pad_h - r * p.dilation_h; // wraps past P·stride above the image
    let row = down / p.stride_h;
    if (row >= p.P || down % p.stride_h != 0) { continue; }
    for (var s = 0u; s < p.S; s++) {
      let right = column + p.pad_w - s * p.dilation_w;
      let q = right / p.stride_w;
      if (q >= p.Q || right % p.stride_w != 0) { continue; }
      let xs = ((n * p.P + row) * p.Q + q) * p.K + first;
      let ws = ((r * p.S + s) * width + c % width) * p.K + first;
      for (var k = 0u; k < depth; k++) { sum += x[xs + k] * w[ws + k]; }
    }
  }
  if (HAS_BIAS) { sum += bias[c]; }
  out[i] = activate(vec4f(sum)).x;
}
