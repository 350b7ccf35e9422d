// requires lib/strided.wgsl
// rearrange: elements that go to other places. N elements of out unless said otherwise.
//   gather   x -> out            out[i] = x[offset + the walk's place of i]: permute, slice, broadcast
//   pad      x -> out            out = x between the margins, `value` in them; extents of out e, of x x0…, margins before b
//   place    x -> out            x (A,L), N elements, from `offset` on into rows of `width` elements: concat
//   rows     x, indices -> out   out (K,L): the rows of x (R,L) that K indices name; `value` for one that is no row
//   fill     out                 out = value
//   rows_backward   dy, indices -> out   dy (K,L), N elements; out (R,L), zeros before: sums of the rows of an index
// One lane owns one element. In rows_backward the first of equal indices adds up all of their rows, in order: no
// atomics, so every run gives the same bits.

override WG: u32 = 64;

struct Params {
  N: u32, offset: u32, L: u32, width: u32, R: u32, K: u32, value: f32,
  e0: vec4u, e1: vec4u, s0: vec4u, s1: vec4u, x0: vec4u, x1: vec4u, b0: vec4u, b1: vec4u,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> indices: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(WG)
fn gather(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i < p.N) { out[i] = x[p.offset + stridedIndex(i, p.e0, p.e1, p.s0, p.s1)]; }
}

@compute @workgroup_size(WG)
fn pad(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  var rest = i;
  var found = 0u;
  var inside = true;
  for (var axis = 0u; axis < RANK; axis++) {
    let next = quotient(rest, axisOf(p.e0, p.e1, axis));
    let coordinate = rest - next * axisOf(p.e0, p.e1, axis) - axisOf(p.b0, p.b1, axis); // past all when before 0
    inside = inside && coordinate < axisOf(p.x0, p.x1, axis);
    found += coordinate * axisOf(p.s0, p.s1, axis);
    rest = next;
  }
  if (inside) { out[i] = x[found]; } else { out[i] = p.value; }
}

@compute @workgroup_size(WG)
fn place(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let row = quotient(i, p.L);
  out[row * p.width + p.offset + (i - row * p.L)] = x[i];
}

@compute @workgroup_size(WG)
fn rows(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let k = quotient(i, p.L);
  let index = indices[k];
  if (index == floor(index) && index >= 0 && index < f32(p.R)) {
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

@compute @workgroup_size(WG)
fn rows_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let k = quotient(i, p.L);
  let column = i - k * p.L;
  let index = indices[k];
  if (!(index == floor(index) && index >= 0 && index < f32(p.R))) { return; }
  for (var j = 0u; j < k; j++) {
    if (indices[j] == index) { return; } // an earlier lane adds this row
  }
  var sum = dy[i];
  for (var j = k + 1; j < p.K; j++) {
    if (indices[j] == index) { sum += dy[j * p.L + column]; }
  }
  out[u32(index) * p.L + column] = sum;
}
