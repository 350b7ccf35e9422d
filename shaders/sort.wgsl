// requires lib/math.wgsl
// sort: stable orders along the middle axis of x (A,R,B), by merging: runs of 16 are made by counting, then of twice as
// many until one is left. A row is one (a,b); pairs hold its keys, which are ordered as its numbers, and its indices.
//   keys      x -> written            keys and indices, N = A R B; with DESCENDING in the other order
//   runs      pairs -> written        runs of 16, sorted
//   merge     pairs -> written        runs of 2 L from sorted runs of L
//   values    pairs, x -> out         x in that order, (A,R,B)
//   indices   pairs -> out            where it was, (A,R,B), as f32
//   unsort    pairs, dy -> out        the reverse of values
//   search    x (R) sorted, v (N) -> out (N)   how many of x are less than v, or no more than v where RIGHT
// One lane owns one element; in merge it counts by bisection how many of the other run come before.

override WG: u32 = 64;
override DESCENDING: bool = false;
override RIGHT: bool = false;

const RUN = 16u;

struct Params { N: u32, R: u32, B: u32, L: u32, steps: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read> pairs: array<vec2u>;
@group(0) @binding(5) var<storage, read_write> written: array<vec2u>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

/** Ordered as the numbers; both zeros alike, and NaN, of whatever bits, past Infinity. */
fn keyOf(x: f32) -> u32 {
  if (isNan(x)) { return 0xffffffffu; }
  return bitcast<u32>(orderOf(x)) ^ 0x80000000u;
}

/** Element r of row `row` in x. */
fn place(row: u32, r: u32) -> u32 {
  let a = row / p.B;
  return a * p.R * p.B + r * p.B + (row - a * p.B);
}

@compute @workgroup_size(WG)
fn keys(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let row = i / p.R;
  let r = i - row * p.R;
  let key = keyOf(x[place(row, r)]);
  written[i] = vec2u(select(key, ~key, DESCENDING), r);
}

@compute @workgroup_size(WG)
fn runs(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let row = i / p.R;
  let r = i - row * p.R;
  let start = r / RUN * RUN;
  let own = pairs[i];
  var before = 0u;
  for (var k = 0u; k < min(RUN, p.R - start); k++) {
    let key = pairs[row * p.R + start + k].x;
    before += select(0u, 1u, key < own.x || (key == own.x && start + k < r));
  }
  written[row * p.R + start + before] = own;
}

@compute @workgroup_size(WG)
fn merge(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let row = i / p.R;
  let r = i - row * p.R;
  let start = r / (2 * p.L) * (2 * p.L);
  let middle = min(start + p.L, p.R);
  let isFirst = r < middle;
  let own = pairs[i];
  let other = row * p.R + select(start, middle, isFirst);
  var low = 0u;
  var high = select(middle - start, min(start + 2 * p.L, p.R) - middle, isFirst);
  for (var k = 0u; k < p.steps; k++) {
    let at = (low + high) / 2;
    if (low < high) {
      let key = pairs[other + at].x;
      if (key < own.x || (key == own.x && !isFirst)) { low = at + 1; } else { high = at; }
    }
  }
  written[row * p.R + r + low - select(middle - start, 0, isFirst)] = own;
}

@compute @workgroup_size(WG)
fn values(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let row = i / p.R;
  out[place(row, i - row * p.R)] = x[place(row, pairs[i].y)];
}

@compute @workgroup_size(WG)
fn indices(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let row = i / p.R;
  out[place(row, i - row * p.R)] = f32(pairs[i].y);
}

@compute @workgroup_size(WG)
fn unsort(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let row = i / p.R;
  out[place(row, pairs[i].y)] = dy[place(row, i - row * p.R)];
}

@compute @workgroup_size(WG)
fn search(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let own = keyOf(v[i]);
  var low = 0u;
  var high = p.R;
  for (var k = 0u; k < p.steps; k++) {
    let at = (low + high) / 2;
    if (low < high) {
      let key = keyOf(x[at]);
      if (key < own || (key == own && RIGHT)) { low = at + 1; } else { high = at; }
    }
  }
  out[i] = f32(low);
}
