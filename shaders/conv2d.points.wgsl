// requires lib/activation.wgsl
// requires lib/convolution.wgsl
// requires lib/slices.wgsl
// conv2d where one filter stands on one pixel: R = S = K = 1, stride 1, no padding; C and the pixels M = N·P·Q
// divisible by 4. So y (M) = activate(x (M,C) w (C) + bias), and images have no edges to look out for.
//   forward_points      x, w, bias -> out4     a lane owns 4 pixels
//   backward_x_points   x=dz, w -> out4  dx    a lane owns 4 pixels, with all channels
//   backward_w_points   x, w=dz -> out4 (Z,C)  a lane owns 4 channels in one of Z = p.slices parts of the pixels
// All are bound by memory: they do 2 operations for each element of x, and reach 5.5 to 7 GB/s on a core with lavapipe,
// where a copy reaches 7.4. Figures: bench/results/README.md.

override WG: u32 = 64;
@group(0) @binding(7) var<storage, read_write> out4: array<vec4f>; // in place of `out`

@compute @workgroup_size(WG)
fn forward_points(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups, WG);
  if (4 * i >= p.N * p.P * p.Q) { return; }
  let depth = p.C / 4;
  var sum = biasAt(0, 1);
  for (var c = 0u; c < depth; c++) {
    let at = 4 * i * depth + c;
    let b = w4[c];
    sum += vec4f(dot(x4[at], b), dot(x4[at + depth], b), dot(x4[at + 2 * depth], b), dot(x4[at + 3 * depth], b));
  }
  out4[i] = activate(sum);
}

@compute @workgroup_size(WG)
fn backward_x_points(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups, WG);
  if (4 * i >= p.N * p.P * p.Q) { return; }
  let depth = p.C / 4;
  let dz = x4[i];
  for (var c = 0u; c < depth; c++) {
    let at = 4 * i * depth + c;
    let b = w4[c];
    out4[at] = dz.x * b;
    out4[at + depth] = dz.y * b;
    out4[at + 2 * depth] = dz.z * b;
    out4[at + 3 * depth] = dz.w * b;
  }
}

@compute @workgroup_size(WG)
fn backward_w_points(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = element(id, groups, WG);
  let depth = p.C / 4;
  if (i >= p.slices * depth) { return; }
  let c = i % depth;
  let slice = i / depth;
  let fours = p.N * p.P * p.Q / 4;
  let end = sliceStart(slice + 1, fours, p.slices);
  var sum = vec4f();
  for (var m = sliceStart(slice, fours, p.slices); m < end; m++) {
    let at = 4 * m * depth + c;
    let dz = w4[m];
    sum += x4[at] * dz.x + x4[at + depth] * dz.y + x4[at + 2 * depth] * dz.z + x4[at + 3 * depth] * dz.w;
  }
  out4[i] = sum;
}
