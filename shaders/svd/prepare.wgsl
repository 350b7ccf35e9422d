// svd/prepare: from a batch of matrices to the squarish triangles that Jacobi rotates.
//   measure   a -> info        info[2b] = bits of the largest |a|, info[2b+1] = 0
//   load      a, info -> w, l  w (Q × P) = the matrix with its short side across, scaled; l = 0
//   reduce    w, info -> l     l (P × 4B) = R^T of the pivoted factorisation w Π = Q R
// M N: the matrix; P = min(M, N), Q = max(M, N); B: blocks of four columns of l.
// `measure` and `reduce` give a matrix to a workgroup, `load` an element to a lane.
//
// Pivoted modified Gram–Schmidt, whose R is as good as Householder's (Björck 1967): in every step the
// longest column left is taken out of all the others. A lane owns four columns, so that products of
// columns need no exchange; row c of l belongs to column c of w, so nothing is ever permuted. Columns
// that are noise when their turn comes count as zero: they get an entry `noise` of their own on the
// diagonal, which keeps the triangle regular and completes the basis.
// requires lib/svdScale.wgsl

override WG: u32 = 8;

struct Params { M: u32, N: u32, P: u32, Q: u32, B: u32, count: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> info: array<u32>;
@group(0) @binding(3) var<storage, read_write> w: array<f32>;
@group(0) @binding(4) var<storage, read_write> l: array<f32>;
@group(0) @binding(5) var<storage, read_write> norms: array<f32>;
@group(0) @binding(6) var<storage, read_write> order: array<u32>;

var<workgroup> largest: atomic<u32>;

@compute @workgroup_size(WG)
fn measure(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let size = p.M * p.N;
  let base = group.x * size;
  var most = 0u;
  for (var t = 0u; t < (size + WG - 1) / WG; t++) {
    let i = t * WG + lane;
    if (i < size) { most = max(most, bitcast<u32>(a[base + i]) & 0x7fffffffu); }
  }
  if (lane == 0u) { atomicStore(&largest, 0u); }
  workgroupBarrier();
  atomicMax(&largest, most);
  workgroupBarrier();
  if (lane == 0u) {
    info[2 * group.x] = atomicLoad(&largest);
    info[2 * group.x + 1] = 0u;
  }
}

@compute @workgroup_size(WG)
fn load(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  let size = p.Q * p.P;
  let width = 4 * p.B;
  if (i < p.count * size) {
    let b = i / size;
    let r = i % size / p.P;
    let c = i % p.P;
    let scale = scaleOf(info[2 * b]);
    let x = a[b * size + select(r * p.P + c, c * p.Q + r, p.M < p.N)];
    w[i] = select(x * scale, 0.0, scale == 0.0);
  }
  if (i < p.count * p.P * width) { l[i] = 0.0; }
}

const EPS = 1.1920929e-7;

@compute @workgroup_size(WG)
fn reduce(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let P = p.P;
  let W = group.x * p.Q * P;
  let L = group.x * P * 4 * p.B;
  let at = group.x * P;
  for (var t = 0u; t < (P + WG - 1) / WG; t++) {
    let c = t * WG + lane;
    if (c < P) {
      var norm = 0.0;
      for (var r = 0u; r < p.Q; r++) { norm = fma(w[W + r * P + c], w[W + r * P + c], norm); }
      norms[at + c] = norm;
      order[at + c] = c;
    }
  }
  storageBarrier();
  var floor = 0.0;
  for (var k = 0u; k < P; k++) {
    var most = -1.0;
    var best = k;
    for (var t = k; t < P; t++) {
      let norm = norms[at + order[at + t]];
      if (norm > most) { most = norm; best = t; }
    }
    storageBarrier();
    if (lane == 0u) {
      let taken = order[at + best];
      order[at + best] = order[at + k];
      order[at + k] = taken;
    }
    storageBarrier();
    let pivot = order[at + k];
    if (k == 0u) { floor = 64 * EPS * EPS * most; }
    if (most <= floor) {
      if (lane == 0u) { l[L + pivot * 4 * p.B + k] = select(sqrt(floor) / 16, 1.0, floor == 0.0); }
    } else {
      if (lane == 0u) {
        l[L + pivot * 4 * p.B + k] = sqrt(most);
        info[2 * group.x + 1] = k + 1;
      }
      let left = P - k - 1;
      for (var t = 0u; t < (left + 4 * WG - 1) / (4 * WG); t++) {
        let first = k + 1 + 4 * (t * WG + lane);
        if (first < P) { project(W, L, at, pivot, k, first, most); }
      }
    }
    storageBarrier();
  }
}

/** Takes column `pivot` out of the four columns from place `first` of the order on. */
fn project(W: u32, L: u32, at: u32, pivot: u32, k: u32, first: u32, norm: f32) {
  let P = p.P;
  let places = min(vec4u(first) + vec4u(0, 1, 2, 3), vec4u(P - 1));
  let c = vec4u(order[at + places.x], order[at + places.y], order[at + places.z], order[at + places.w]);
  var product = vec4f(0);
  for (var r = 0u; r < p.Q; r++) {
    let row = W + r * P;
    product = fma(vec4f(w[row + c.x], w[row + c.y], w[row + c.z], w[row + c.w]), vec4f(w[row + pivot]), product);
  }
  let factor = product / norm;
  var left = vec4f(0);
  for (var r = 0u; r < p.Q; r++) {
    let row = W + r * P;
    let x = vec4f(w[row + c.x], w[row + c.y], w[row + c.z], w[row + c.w]) - factor * w[row + pivot];
    left = fma(x, x, left);
    w[row + c.x] = x.x;
    w[row + c.y] = x.y;
    w[row + c.z] = x.z;
    w[row + c.w] = x.w;
  }
  let entry = product / sqrt(norm);
  for (var e = 0u; e < 4; e++) {
    if (first + e < P) {
      norms[at + c[e]] = left[e];
      l[L + c[e] * 4 * p.B + k] = entry[e];
    }
  }
}
