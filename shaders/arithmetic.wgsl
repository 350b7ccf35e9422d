// requires lib/math.wgsl
// requires lib/strided.wgsl
// arithmetic: out = a OP b with NumPy's broadcasting, N elements of out.
//   forward, forward4     a, b -> out          out = a OP b
//   backward, backward4   a, b, dy -> out      out = dy ∂(a OP b)/∂a, or ∂b where WRT is 1; summed afterwards
//   choose, choose4       m, a, b -> out       out = a where m is not 0, b elsewhere
// The entry points in 4 give a lane four neighbouring elements: A, B and M say whether an operand has every element,
// is a row of aRow, bRow or mRow vec4s that repeats, one element, or a number in Params. The others give a lane one
// element and find it in each operand by its strides.

override WG: u32 = 64;
override OP: u32 = 0;
override WRT: u32 = 0;
override A: u32 = 0;
override B: u32 = 0;
override M: u32 = 0;

const ADD = 0u;
const SUB = 1u;
const MUL = 2u;
const DIV = 3u;
const POW = 4u;
const MIN = 5u;
const MAX = 6u;
const TEST = 7u; // 1 where the test that p.test names holds, 0 elsewhere; no slope

const EQUAL = 0u;
const NOT_EQUAL = 1u;
const LESS = 2u;
const LESS_EQUAL = 3u;
const AND = 4u;
const OR = 5u;

const ROW = 1u;
const ONE = 2u;
const NUMBER = 3u;

struct Params {
  N: u32, aRow: u32, bRow: u32, mRow: u32, aNumber: f32, bNumber: f32, test: u32,
  e0: vec4u, e1: vec4u, a0: vec4u, a1: vec4u, b0: vec4u, b1: vec4u, m0: vec4u, m1: vec4u,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> m: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<storage, read> a4: array<vec4f>;
@group(0) @binding(7) var<storage, read> b4: array<vec4f>;
@group(0) @binding(8) var<storage, read> m4: array<vec4f>;
@group(0) @binding(9) var<storage, read> dy4: array<vec4f>;
@group(0) @binding(10) var<storage, read_write> out4: array<vec4f>;

fn f(a: f32, b: f32) -> f32 {
  switch (OP) {
    case ADD { return a + b; }
    case SUB { return a - b; }
    case MUL { return a * b; }
    case DIV { return a / b; }
    case POW { return powOf(a, b); }
    case MIN { return minOf(a, b); }
    case MAX { return maxOf(a, b); }
    default { return select(0.0, 1.0, holds(a, b)); }
  }
}

/** Whether x is not 0; NaN is not. */
fn isTrue(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) != 0; }

/** Whether the test of a and b holds, the exclusive or by default. NaN is equal to nothing, and neither less nor greater. */
fn holds(a: f32, b: f32) -> bool {
  let ordered = !isNan(a) && !isNan(b);
  switch (p.test) {
    case EQUAL { return ordered && orderOf(a) == orderOf(b); }
    case NOT_EQUAL { return !ordered || orderOf(a) != orderOf(b); }
    case LESS { return ordered && orderOf(a) < orderOf(b); }
    case LESS_EQUAL { return ordered && orderOf(a) <= orderOf(b); }
    case AND { return isTrue(a) && isTrue(b); }
    case OR { return isTrue(a) || isTrue(b); }
    default { return isTrue(a) != isTrue(b); }
  }
}

fn slope(a: f32, b: f32) -> f32 {
  let first = WRT == 0;
  switch (OP) {
    case ADD { return 1; }
    case SUB { return select(-1.0, 1, first); }
    case MUL { return select(a, b, first); }
    case DIV { return select(-(a / b), 1, first) / b; }
    case POW {
      if (first) { return select(b * powOf(a, b - 1), 0, orderOf(b) == 0); }
      if (orderOf(a) == 0 && orderOf(b) >= 0) { return 0; }
      return powOf(a, b) * logOf(a);
    }
    default {
      if (orderOf(a) == orderOf(b)) { return 0.5; }
      return select(0.0, 1.0, (orderOf(a) > orderOf(b)) == ((OP == MAX) == first));
    }
  }
}

fn readA(i: u32) -> vec4f {
  if (A == NUMBER) { return vec4f(p.aNumber); }
  if (A == ONE) { return a4[0].xxxx; }
  if (A == ROW) { return a4[i % p.aRow]; }
  return a4[i];
}

fn readB(i: u32) -> vec4f {
  if (B == NUMBER) { return vec4f(p.bNumber); }
  if (B == ONE) { return b4[0].xxxx; }
  if (B == ROW) { return b4[i % p.bRow]; }
  return b4[i];
}

fn readM(i: u32) -> vec4f {
  if (M == ONE) { return m4[0].xxxx; }
  if (M == ROW) { return m4[i % p.mRow]; }
  return m4[i];
}

fn findA(i: u32) -> f32 {
  if (A == NUMBER) { return p.aNumber; }
  return a[stridedIndex(i, p.e0, p.e1, p.a0, p.a1)];
}

fn findB(i: u32) -> f32 {
  if (B == NUMBER) { return p.bNumber; }
  return b[stridedIndex(i, p.e0, p.e1, p.b0, p.b1)];
}

@compute @workgroup_size(WG)
fn forward4(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (4 * i >= p.N) { return; }
  let u = readA(i);
  let v = readB(i);
  out4[i] = vec4f(f(u.x, v.x), f(u.y, v.y), f(u.z, v.z), f(u.w, v.w));
}

@compute @workgroup_size(WG)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i < p.N) { out[i] = f(findA(i), findB(i)); }
}

@compute @workgroup_size(WG)
fn backward4(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (4 * i >= p.N) { return; }
  let u = readA(i);
  let v = readB(i);
  out4[i] = dy4[i] * vec4f(slope(u.x, v.x), slope(u.y, v.y), slope(u.z, v.z), slope(u.w, v.w));
}

@compute @workgroup_size(WG)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i < p.N) { out[i] = dy[i] * slope(findA(i), findB(i)); }
}

@compute @workgroup_size(WG)
fn choose4(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (4 * i >= p.N) { return; }
  let chosen = (bitcast<vec4u>(readM(i)) & vec4u(0x7fffffff)) != vec4u(0);
  out4[i] = select(readB(i), readA(i), chosen);
}

@compute @workgroup_size(WG)
fn choose(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let chosen = (bitcast<u32>(m[stridedIndex(i, p.e0, p.e1, p.m0, p.m1)]) & 0x7fffffffu) != 0;
  out[i] = select(findB(i), findA(i), chosen);
}
