// svd: what stands around the rotations.
//   sort     l -> x                    x (P × P) = the P columns of l (P × 4B), longest first
//   orient   u, v, info -> uOut, vOut  u (M × C) and v (N × C) with their signs settled, v transposed
//   basis    u, s, info -> uOut        the first K columns of u (M × C), signs settled, dead ones zero
//   follow   u -> uOut, vOut           columns of uOut (M × K) and vOut (N × K) change their sign where that of uOut has
//                                      a negative product with the one, of C given ones, that it is most along; u (C × K)
//                                      are these products
// `sort` gives a matrix to a workgroup, the others a column to a lane. `orient` and `basis` make the entry of each column
// of u that is largest in absolute value positive (the first one of them). A matrix that has no factors gives `poison`
// everywhere.
// requires lib/svdScale.wgsl

override WG: u32 = 8;

struct Params { M: u32, N: u32, P: u32, B: u32, C: u32, K: u32, count: u32, zero: f32, poison: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> l: array<f32>;
@group(0) @binding(2) var<storage, read_write> lengths: array<f32>;
@group(0) @binding(3) var<storage, read_write> x: array<f32>;
@group(0) @binding(4) var<storage, read> u: array<f32>;
@group(0) @binding(5) var<storage, read> v: array<f32>;
@group(0) @binding(6) var<storage, read> s: array<f32>;
@group(0) @binding(7) var<storage, read> info: array<u32>;
@group(0) @binding(8) var<storage, read_write> uOut: array<f32>;
@group(0) @binding(9) var<storage, read_write> vOut: array<f32>;

@compute @workgroup_size(WG)
fn sort(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let width = 4 * p.B;
  let start = group.x * p.P * width;
  let at = group.x * p.P;
  for (var c = lane; c < p.P; c += WG) {
    var sum = 0.0;
    for (var r = 0u; r < p.P; r++) { sum = fma(l[start + r * width + c], l[start + r * width + c], sum); }
    lengths[at + c] = sum;
  }
  storageBarrier();
  for (var c = lane; c < p.P; c += WG) {
    let length = lengths[at + c];
    var place = 0u;
    for (var t = 0u; t < p.P; t++) {
      let other = lengths[at + t];
      if (other > length || (other == length && t < c)) { place += 1u; }
    }
    for (var r = 0u; r < p.P; r++) { x[(at + r) * p.P + place] = l[start + r * width + c]; }
  }
}

/** 1, or −1 where the largest of `count` entries of u, `stride` apart, is negative. */
fn signOf(first: u32, count: u32, stride: u32) -> f32 {
  var most = 0.0;
  for (var r = 0u; r < count; r++) {
    let entry = u[first + r * stride];
    if (abs(entry) > abs(most)) { most = entry; }
  }
  return select(1.0, -1.0, most < 0.0);
}

@compute @workgroup_size(WG)
fn orient(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x;
  if (j >= p.C) { return; }
  let finite = !lost(info[4 * id.y], info[4 * id.y + 3]);
  let sign = signOf(id.y * p.M * p.C + j, p.M, p.C);
  for (var r = 0u; r < p.M; r++) {
    let i = (id.y * p.M + r) * p.C + j;
    uOut[i] = select(p.poison, sign * u[i], finite);
  }
  for (var r = 0u; r < p.N; r++) {
    let entry = sign * v[(id.y * p.N + r) * p.C + j];
    vOut[(id.y * p.C + j) * p.N + r] = select(p.poison, entry, finite);
  }
}

@compute @workgroup_size(WG)
fn basis(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x;
  if (j >= p.K) { return; }
  let finite = !lost(info[0], info[3]);
  let dead = s[j] <= p.zero * s[0];
  let sign = signOf(j, p.M, p.C);
  for (var r = 0u; r < p.M; r++) {
    uOut[r * p.K + j] = select(p.poison, select(sign * u[r * p.C + j], 0.0, dead), finite);
  }
}

@compute @workgroup_size(WG)
fn follow(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x;
  if (j >= p.K) { return; }
  if (signOf(j, p.C, p.K) > 0.0) { return; }
  for (var r = 0u; r < p.M; r++) { uOut[r * p.K + j] *= -1.0; }
  for (var r = 0u; r < p.N; r++) { vOut[r * p.K + j] *= -1.0; }
}
