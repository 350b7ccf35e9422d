// requires lib/math.wgsl
// requires lib/strided.wgsl
// requires lib/broadcast.wgsl
// arithmetic: out = a OP b with NumPy's broadcasting, N elements of out; entry points as in lib/broadcast.wgsl, and
//   choose, choose4       m, a, b -> out       out = a where m is not 0, b elsewhere
// where M says of m what A and B say of a and b.

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

fn readM(i: u32) -> vec4f {
  if (M == ONE) { return m4[0].xxxx; }
  if (M == ROW) { return m4[i % p.mRow]; }
  return m4[i];
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
