// Functions f(a, b) of two operands that NumPy's rule broadcasts, N elements of out, with slope(a, b) after a, or after b
// where WRT is 1. Needs lib/strided.wgsl.
//   forward, forward4     a, b -> out          out = f(a, b)
//   backward, backward4   a, b, dy -> out      out = dy slope(a, b); summed afterwards
// The entry points in 4 give a lane four neighbouring elements: A and B say whether an operand has every element, is a
// row of aRow or bRow vec4s that repeats, one element, or a number in Params. The others give a lane one element and find
// it in each operand by its strides.

override WG: u32 = 64;
override OP: u32 = 0; // which function f is
override WRT: u32 = 0;
override A: u32 = 0;
override B: u32 = 0;

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
