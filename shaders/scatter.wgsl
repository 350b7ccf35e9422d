// requires lib/math.wgsl
// scatter: slices of L elements that indices name, read and written. A place says where in x: its number of slices, u32.
//   along     indices (A,K,B) -> places (A K B)   of x (A,R,B) the element that each index names along the middle axis
//   nested    indices (K,D) -> places (K)         of x with D first axes of extents e the slice at those coordinates
//   pick      x, places -> out (K,L)              the slices, N elements; `value` where an index was none
//   pair      places -> pairs                     (place, number), to be ordered
//   put       pairs, updates (K,L) -> out         each named slice: the sum of its updates, or the last where LAST
//   last      pairs -> out (K)                    1 for the last update of each slice, 0 for the others
// One lane owns one element. Updates of a slice follow each other in the ordered pairs, in the order that they had: the
// lane of the first adds them up. No atomics, so every run gives the same bits.

override WG: u32 = 64;
override LAST: bool = false;

const NONE = 0xffffffffu;

struct Params { N: u32, K: u32, R: u32, B: u32, L: u32, D: u32, value: f32, e0: vec4u, e1: vec4u, s0: vec4u, s1: vec4u }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> indices: array<f32>;
@group(0) @binding(3) var<storage, read> updates: array<f32>;
@group(0) @binding(4) var<storage, read> found: array<u32>;
@group(0) @binding(5) var<storage, read> pairs: array<vec2u>;
@group(0) @binding(6) var<storage, read_write> places: array<u32>;
@group(0) @binding(7) var<storage, read_write> written: array<vec2u>;
@group(0) @binding(8) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(WG)
fn along(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let index = indices[i];
  let a = i / p.B / p.K;
  let b = i % p.B;
  if (isIndex(index, p.R)) { places[i] = (a * p.R + u32(index)) * p.B + b; } else { places[i] = NONE; }
}

@compute @workgroup_size(WG)
fn nested(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  var place = 0u;
  var isThere = true;
  for (var d = 0u; d < p.D; d++) {
    let index = indices[i * p.D + d];
    let extent = select(p.e1[d & 3], p.e0[d & 3], d < 4);
    if (isIndex(index, extent)) {
      place += u32(index) * select(p.s1[d & 3], p.s0[d & 3], d < 4);
    } else {
      isThere = false;
    }
  }
  places[i] = select(NONE, place, isThere);
}

@compute @workgroup_size(WG)
fn pick(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let k = i / p.L;
  let place = found[k];
  if (place == NONE) { out[i] = p.value; } else { out[i] = x[place * p.L + (i - k * p.L)]; }
}

@compute @workgroup_size(WG)
fn pair(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i < p.N) { written[i] = vec2u(found[i], i); }
}

@compute @workgroup_size(WG)
fn put(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let k = i / p.L;
  let column = i - k * p.L;
  let place = pairs[k].x;
  if (place == NONE) { return; }
  if (k > 0 && pairs[k - 1].x == place) { return; } // an earlier lane has this slice
  var value = updates[pairs[k].y * p.L + column];
  for (var j = k + 1; j < p.K; j++) {
    if (pairs[j].x != place) { break; }
    let next = updates[pairs[j].y * p.L + column];
    value = select(value + next, next, LAST);
  }
  out[place * p.L + column] = value;
}

@compute @workgroup_size(WG)
fn last(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let k = id.x + id.y * groups.x * WG;
  if (k >= p.N) { return; }
  let here = pairs[k];
  var isLast = here.x != NONE;
  if (k + 1 < p.K) { isLast = isLast && pairs[k + 1].x != here.x; }
  out[here.y] = select(0.0, 1.0, isLast);
}
