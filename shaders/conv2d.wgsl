// requires lib/activation.wgsl
// requires lib/convolution.wgsl
// conv2d: y = activate(x ∗ w + bias)     x (N,H,W,C)   w (R,S,C/G,K)   bias (K)   y (N,P,Q,K)
//   forward      x, w, bias -> out    y
//   backward_w   x, dz -> out         (Z, R,S,C/G,K): Z slices of the pixels, to be added in order
// The gradient for x is the transposed convolution: convTranspose2d.wgsl.

override WG: u32 = 64;
override HAS_BIAS: bool = false;

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read> dz: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

/** Any shape: a lane owns one element of y. */
@compute @workgroup_size(WG)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups, WG);
  if (i >= p.N * p.P * p.Q * p.K) { return; }
  let k = i % p.K;
  let q = i / p.K % p.Q;
  let row = i / p.K / p.Q % p.P;
  let n = i / p.K / p.Q / p.P;
  let depth = p.C / p.G;
  let first = k / (p.K / p.G) * depth;
  var sum = 0.0;
  for (var r = 0u; r < p.R; r++) {
    let h = row * p.stride_h + r * p.dilation_h - p.pad_h; // wraps past H above the image
    if (h >= p.H) { continue; }
    for (var s = 0u; s < p.S; s++) {
      let column = q * p.stride_w + s * p.dilation_w - p.pad_w;
      if (column >= p.W) { continue; }
      let xs = ((n * p.H + h) * p.W + column) * p.C + first;
      let ws = (r * p.S + s) * depth * p.K + k;
      for (var c = 0u; c < depth; c++) { sum += x[xs + c] * w[ws + c * p.K]; }
    }
  }
  if (HAS_BIAS) { sum += bias[k]; }
  out[i] = activate(vec4f(sum)).x;
}

/** Any shape: a lane owns one element of w in one slice of the N·P rows of pixels. */
@compute @workgroup_size(WG)
fn backward_w(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups, WG);
  let depth = p.C / p.G;
  let size = p.R * p.S * depth * p.K;
  if (i >= size * p.slices) { return; }
  let k = i % p.K;
  let c = i / p.K % depth + k / (p.K / p.G) * depth;
  let s = i / p.K / depth % p.S;
  let r = i / p.K / depth / p.S % p.R;
  let slice = i / size;
  var sum = 0.0;
  let end = (slice + 1) * p.N * p.P / p.slices;
  for (var row = slice * p.N * p.P / p.slices; row < end; row++) {
    let h = row % p.P * p.stride_h + r * p.dilation_h - p.pad_h;
    if (h >= p.H) { continue; }
    let xs = (row / p.P * p.H + h) * p.W;
    for (var q = 0u; q < p.Q; q++) {
      let column = q * p.stride_w + s * p.dilation_w - p.pad_w;
      if (column < p.W) { sum += x[(xs + column) * p.C + c] * dz[(row * p.Q + q) * p.K + k]; }
    }
  }
  out[i] = sum;
}
