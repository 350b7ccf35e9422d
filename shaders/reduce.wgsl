// requires lib/math.wgsl
// requires lib/strided.wgsl
// reduce: x (A,R,B) -> out (A,P,B): P partial reductions over R, one when the pass is the last.
//   forward      x -> out              OP over the lane's elements; a sum is multiplied by scale
//   norm         x -> out              √Σ x², of numbers so scaled that their squares are normal numbers
//   logsumexp    x -> out              log Σ e^x, with the largest x so far kept apart: no overflow
//   argmax       x (A,R,B) -> out (A,B)   the index of the first largest, or of the first NaN
//   backward     x, y, dy, n -> out    the gradient of x from those of the reduced y
// A row of x is R·B elements: blocks of `block` elements, which T lanes share. A lane takes elements T apart, so that
// neighbouring lanes read neighbours, in eight sums that are added at the end: the order never changes. In backward a
// lane owns an element of x, and finds its y by strides that are 0 along reduced axes.

override WG: u32 = 64;
override OP: u32 = 0;

const SUM = 0u;
const NORM = 1u;
const MAX = 2u;
const MIN = 3u;
const LOGSUMEXP = 4u;
const TIES = 5u; // backward only: 1 where x = y, or both are NaN

struct Params {
  N: u32, rowLength: u32, block: u32, T: u32, lanesPerRow: u32, scale: f32, first: f32,
  e0: vec4u, e1: vec4u, y0: vec4u, y1: vec4u,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read> n: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

fn with1(sum: f32, x: f32) -> f32 {
  switch (OP) {
    case SUM { return sum + x; }
    case NORM { return sum + x * x; }
    case MAX { return maxOf(sum, x); }
    default { return minOf(sum, x); }
  }
}

fn with4(sum: vec4f, x: vec4f) -> vec4f {
  if (OP == SUM) { return sum + x; }
  if (OP == NORM) { return sum + x * x; }
  return vec4f(with1(sum.x, x.x), with1(sum.y, x.y), with1(sum.z, x.z), with1(sum.w, x.w));
}

fn scaled4(x: vec4f, factor: f32) -> vec4f {
  if (OP == NORM) { return x * factor; }
  return x; // as it is: a product may take subnormal numbers as 0
}

fn both(a: f32, b: f32) -> f32 {
  if (OP == MAX) { return maxOf(a, b); }
  if (OP == MIN) { return minOf(a, b); }
  return a + b;
}

/** The first element of lane i, and how many it has. */
fn share(i: u32) -> vec2u {
  let row = i / p.lanesPerRow;
  let lane = i - row * p.lanesPerRow;
  let block = lane / p.T;
  let start = block * p.block + (lane - block * p.T);
  let end = min(p.rowLength, (block + 1) * p.block);
  return vec2u(row * p.rowLength + start, select(0, (end - start + p.T - 1) / p.T, start < end));
}

/** OP over the elements of lane i, each multiplied by `factor`. */
fn reduced(i: u32, factor: f32) -> f32 {
  let mine = share(i);
  var at = mine.x;
  let T = p.T;
  var s = vec4f(p.first);
  var t = vec4f(p.first);
  for (var k = 0u; k < mine.y / 8; k++) {
    s = with4(s, scaled4(vec4f(x[at], x[at + T], x[at + 2 * T], x[at + 3 * T]), factor));
    t = with4(t, scaled4(vec4f(x[at + 4 * T], x[at + 5 * T], x[at + 6 * T], x[at + 7 * T]), factor));
    at += 8 * T;
  }
  for (var k = 0u; k < mine.y % 8; k++) {
    s.x = with1(s.x, scaled4(vec4f(x[at]), factor).x);
    at += T;
  }
  return both(both(both(s.x, s.y), both(s.z, s.w)), both(both(t.x, t.y), both(t.z, t.w)));
}

@compute @workgroup_size(WG)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let all = reduced(i, 1);
  if (OP == SUM) { out[i] = all * p.scale; } else { out[i] = all; }
}

@compute @workgroup_size(WG)
fn norm(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let all = reduced(i, 1);
  if (all < 8.2718061e-25) { // 2^-80: squares may have vanished
    out[i] = sqrt(reduced(i, 1.2379400e27)) * 8.0779357e-28;
  } else if (all > 3.4028234e38) {
    out[i] = sqrt(reduced(i, 8.0779357e-28)) * 1.2379400e27;
  } else {
    out[i] = sqrt(all);
  }
}

@compute @workgroup_size(WG)
fn logsumexp(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let mine = share(i);
  var most = p.first;
  var sum = 0.0;
  for (var k = 0u; k < mine.y; k++) {
    let v = x[mine.x + k * p.T];
    let below = expOf(select(-abs(v - most), 0, v == most));
    if (v > most) {
      sum = sum * below + 1;
      most = v;
    } else {
      sum += below;
    }
  }
  out[i] = most + logOf(sum);
}

@compute @workgroup_size(WG)
fn argmax(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let mine = share(i);
  var best = x[mine.x];
  var index = 0u;
  for (var k = 1u; k < mine.y; k++) {
    let v = x[mine.x + k * p.T];
    if ((orderOf(v) > orderOf(best) || isNan(v)) && !isNan(best)) {
      best = v;
      index = k;
    }
  }
  out[i] = f32(index);
}

fn ties(x: f32, y: f32) -> bool { return orderOf(x) == orderOf(y) || (isNan(x) && isNan(y)); }

@compute @workgroup_size(WG)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let o = stridedIndex(i, p.e0, p.e1, p.y0, p.y1);
  switch (OP) {
    case SUM { out[i] = dy[o] * p.scale; }
    case NORM { out[i] = select(dy[o] * (x[i] / y[o]), 0, y[o] == 0); }
    case MAX, MIN { out[i] = select(0, dy[o] / n[o], ties(x[i], y[o])); }
    case LOGSUMEXP { out[i] = dy[o] * expOf(x[i] - y[o]); }
    default { out[i] = select(0.0, 1.0, ties(x[i], y[o])); }
  }
}
