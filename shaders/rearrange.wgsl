// requires lib/math.wgsl
// requires lib/strided.wgsl
// rearrange: elements that go to other places. N elements of out unless said otherwise.
//   gather   x -> out            out[i] = x[offset + the walk's place of i]: permute, slice, broadcast
//   scatter  x -> out            the reverse, of N elements of x: out[offset + the walk's place of i] = x[i]
//   pad      x -> out            out = x between the margins, `value` in them; extents of out e, of x x0…, margins before b
//   place    x -> out            x (A,L), N elements, from `offset` on into rows of `width` elements: concat
//   rows     x, indices -> out   out (K,L): the rows of x (R,L) that K indices name; `value` for one that is no row
//   fill     out                 out = value
// One lane owns one element.

override WG: u32 = 64;

struct Params {
  N: u32, offset: u32, L: u32, width: u32, R: u32, K: u32, value: f32,
  e0: vec4u, e1: vec4u, s0: vec4u, s1: vec4u, x0: vec4u, x1: vec4u, b0: vec4u, b1: vec4u,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> indices: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(WG)
fn gather(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i < p.N) { out[i] = x[p.offset + stridedIndex(i, p.e0, p.e1, p.s0, p.s1)]; }
}

@compute @workgroup_size(WG)
fn scatter(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i < p.N) { out[p.offset + stridedIndex(i, p.e0, p.e1, p.s0, p.s1)] = x[i]; }
}

/** (index left over, place so far, whether it is inside x), one axis further; what is before x wraps past its end. */
fn nextPadded(walk: vec3u, extent: u32, before: u32, xExtent: u32, stride: u32) -> vec3u {
  let rest = walk.x / extent;
  let coordinate = walk.x - rest * extent - before;
  return vec3u(rest, walk.y + coordinate * stride, select(0, walk.z, coordinate < xExtent));
}

@compute @workgroup_size(WG)
fn pad(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  var walk = nextPadded(vec3u(i, 0, 1), p.e0.x, p.b0.x, p.x0.x, p.s0.x);
  if (RANK > 1) { walk = nextPadded(walk, p.e0.y, p.b0.y, p.x0.y, p.s0.y); }
  if (RANK > 2) { walk = nextPadded(walk, p.e0.z, p.b0.z, p.x0.z, p.s0.z); }
  if (RANK > 3) { walk = nextPadded(walk, p.e0.w, p.b0.w, p.x0.w, p.s0.w); }
  if (RANK > 4) { walk = nextPadded(walk, p.e1.x, p.b1.x, p.x1.x, p.s1.x); }
  if (RANK > 5) { walk = nextPadded(walk, p.e1.y, p.b1.y, p.x1.y, p.s1.y); }
  if (RANK > 6) { walk = nextPadded(walk, p.e1.z, p.b1.z, p.x1.z, p.s1.z); }
  if (RANK > 7) { walk = nextPadded(walk, p.e1.w, p.b1.w, p.x1.w, p.s1.w); }
  if (walk.z == 1) { out[i] = x[walk.y]; } else { out[i] = p.value; }
}

@compute @workgroup_size(WG)
fn place(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let row = i / p.L;
  out[row * p.width + p.offset + (i - row * p.L)] = x[i];
}

@compute @workgroup_size(WG)
fn rows(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let k = i / p.L;
  let index = indices[k];
  if (isIndex(index, p.R)) {
    out[i] = x[u32(index) * p.L + (i - k * p.L)];
  } else {
    out[i] = p.value;
  }
}

@compute @workgroup_size(WG)
fn fill(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i < p.N) { out[i] = p.value; }
}
