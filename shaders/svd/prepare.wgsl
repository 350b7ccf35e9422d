// svd/prepare: brings the matrices of a batch near 1, and their short side across.
//   measure   a -> info         info[2b] = bits of the largest |a|, info[2b+1] = 0
//   load      a, info -> w, l   w (Q × stride) = the matrix or its transpose, scaled; l (P × 4B) = 0
// M N: the matrix; P = min(M, N), Q = max(M, N); B: blocks of four columns of l.
// `measure` gives a matrix to a workgroup, `load` an element to a lane.
// requires lib/svdScale.wgsl

override WG: u32 = 8;

struct Params { M: u32, N: u32, P: u32, Q: u32, B: u32, stride: u32, count: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> info: array<u32>;
@group(0) @binding(3) var<storage, read_write> w: array<f32>;
@group(0) @binding(4) var<storage, read_write> l: array<f32>;

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
    w[(b * p.Q + r) * p.stride + c] = select(x * scale, 0.0, scale == 0.0);
  }
  if (i < p.count * p.P * width) { l[i] = 0.0; }
}
