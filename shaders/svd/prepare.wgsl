// svd/prepare: brings the matrices of a batch near 1, and results back.
//   measure   a -> info            info[4b] = bits of the largest |a|, the other three 0
//   load      a, info -> b, w, l   b = a · 2^−e, w (rows × stride) = b or its transpose and rows of zeros, l (P × 4B) = 0
//   stack     l, order -> w        w (rows × stride) = R of each of `parts`, below each other, and rows of zeros
//   rescale   x, info -> y         y = x · 2^(sign · e), for `size` numbers of each matrix
// M N: the matrix; P = min(M, N), Q = max(M, N); B: blocks of four columns of l; e: the exponent of the largest |a|.
// `measure` gives a matrix to a workgroup, `load` some entries of a column to a lane, of whose place nothing is divided, as
// CPUs do lane by lane; `stack` a column of a part, `rescale` a number. A matrix that has no factors is zero to `load`, and
// `rescale` gives `poison` for it.
// requires lib/svdScale.wgsl

override WG: u32 = 8;

struct Params {
  M: u32, N: u32, P: u32, Q: u32, B: u32, stride: u32, rows: u32, parts: u32,
  count: u32, size: u32, sign: i32, poison: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<u32>;
@group(0) @binding(2) var<storage, read_write> info: array<u32>;
@group(0) @binding(3) var<storage, read_write> b: array<u32>;
@group(0) @binding(4) var<storage, read_write> w: array<u32>;
@group(0) @binding(5) var<storage, read_write> l: array<u32>;
@group(0) @binding(6) var<storage, read> x: array<u32>;
@group(0) @binding(7) var<storage, read_write> y: array<u32>;
@group(0) @binding(8) var<storage, read> order: array<u32>;

var<workgroup> largest: atomic<u32>;

@compute @workgroup_size(WG)
fn measure(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let size = p.M * p.N;
  let base = group.x * size;
  var most = 0u;
  for (var t = 0u; t < (size + WG - 1) / WG; t++) {
    let i = t * WG + lane;
    if (i < size) { most = max(most, a[base + i] & 0x7fffffffu); }
  }
  if (lane == 0u) { atomicStore(&largest, 0u); }
  workgroupBarrier();
  atomicMax(&largest, most);
  workgroupBarrier();
  for (var i = lane; i < 4; i += WG) { info[4 * group.x + i] = select(0u, atomicLoad(&largest), i == 0); }
}

/** The entry of matrix m with these bits, brought near 1. */
fn near(bits: u32, m: u32) -> u32 {
  let most = info[4 * m];
  return select(scaleBits(bits, -exponentOf(most)), 0u, lost(most, 0u));
}

@compute @workgroup_size(WG)
fn load(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let c = id.x;
  let m = id.z;
  for (var t = 0u; t < (p.rows + groups.y - 1) / groups.y; t++) {
    let r = id.y + t * groups.y;
    if (r < p.rows && c < p.P) {
      var entry = 0u;
      if (r < p.Q) {
        let at = m * p.Q * p.P + select(r * p.P + c, c * p.Q + r, p.M < p.N);
        entry = near(a[at], m);
        b[at] = entry;
      }
      w[(m * p.rows + r) * p.stride + c] = entry;
    }
    if (r < p.P && c < 4 * p.B) { l[(m * p.P + r) * 4 * p.B + c] = 0; }
  }
}

@compute @workgroup_size(WG)
fn stack(@builtin(global_invocation_id) id: vec3u) {
  let place = id.x; // in the part: the number of columns that were taken out before
  if (place >= p.P) { return; }
  let there = id.y < p.parts; // past the last part are rows of zeros
  let part = id.z * p.parts + min(id.y, p.parts - 1);
  let c = select(place, order[part * p.P + place], there);
  let first = id.y * p.P;
  for (var r = first; r < select(p.rows, first + p.P, there); r++) {
    let entry = l[(part * p.P + c) * 4 * p.B + min(r - first, place)];
    w[(id.z * p.rows + r) * p.stride + c] = select(0, entry, there && r - first <= place);
  }
}

@compute @workgroup_size(WG)
fn rescale(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.count * p.size) { return; }
  let m = i / p.size;
  let most = info[4 * m];
  let bits = scaleBits(x[i], p.sign * exponentOf(most));
  y[i] = select(bits, bitcast<u32>(p.poison), lost(most, info[4 * m + 3]));
}
