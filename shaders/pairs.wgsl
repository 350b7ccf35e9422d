// requires lib/math.wgsl
// requires lib/functions.wgsl
// requires lib/strided.wgsl
// requires lib/broadcast.wgsl
// pairs: functions of two numbers with NumPy's broadcasting, N elements of out; entry points as in lib/broadcast.wgsl.

const ATAN2 = 0u;
const HYPOT = 1u;
const MOD = 2u;
const FMOD = 3u;
const FLOOR_DIVIDE = 4u;
const LOGADDEXP = 5u;
const XLOGY = 6u;

fn isInfinite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u; }

/** (u, v, m): |a| = u m, |b| = v m, the larger of u and v near 1, so that their squares are normal numbers; finite operands. */
fn scaledPair(a: f32, b: f32) -> vec3f {
  let m = max(abs(a), abs(b));
  let exponent = clamp(bitcast<u32>(m) >> 23u, 2u, 252u);
  let inverse = bitcast<f32>((254 - exponent) << 23u);
  return vec3f(abs(a) * inverse, abs(b) * inverse, bitcast<f32>(exponent << 23u));
}

/** The angle of (b, a) as JavaScript's atan2 has it. */
fn atan2Of(a: f32, b: f32) -> f32 {
  var angle = 0.0;
  if (isInfinite(a) || isInfinite(b)) {
    angle = select(select(0.0, 1.57079632679490, isInfinite(a)), 0.785398163397448, isInfinite(a) && isInfinite(b));
  } else {
    let pair = scaledPair(a, b);
    if (pair.x + pair.y > 0) { angle = atanOfRatio(pair.x, pair.y); } // 0 of numbers that the adapter takes as 0, too
  }
  return withSignOf(select(angle, 3.14159265358979 - angle, bitcast<u32>(b) >= 0x80000000u), a);
}

/** √(a² + b²), infinite if either is. */
fn hypotOf(a: f32, b: f32) -> f32 {
  if (isInfinite(a) || isInfinite(b)) { return fromBits(0x7f800000u); }
  if (isNan(a) || isNan(b)) { return fromBits(0x7fc00000u); }
  let pair = scaledPair(a, b);
  return sqrt(pair.x * pair.x + pair.y * pair.y) * pair.z;
}

/** (m, e): |x| = m 2^(e - 150) for a finite x, with whole numbers m and e ≥ 1. */
fn parts(x: f32) -> vec2u {
  let bits = bitcast<u32>(x) & 0x7fffffffu;
  if (bits < 0x800000u) { return vec2u(bits, 1); }
  return vec2u((bits & 0x7fffffu) | 0x800000u, bits >> 23u);
}

/** What division of a by b to a whole number, rounded towards 0, leaves: exact, with the sign of a. In long division. */
fn fmodOf(a: f32, b: f32) -> f32 {
  if (isNan(a) || isNan(b) || isInfinite(a) || orderOf(b) == 0) { return fromBits(0x7fc00000u); }
  if (isInfinite(b)) { return a; }
  let x = parts(a);
  let y = parts(b);
  if (x.y < y.y) { return a; }
  var rest = x.x % y.x;
  var left = x.y - y.y;
  for (var i = 0; i < 32; i++) {
    let digits = min(left, 8u);
    rest = (rest << digits) % y.x;
    left -= digits;
  }
  if (rest == 0) { return withSignOf(0, a); }
  let up = min(countLeadingZeros(rest) - 8, y.y - 1);
  let m = rest << up;
  let bits = select(m, (m & 0x7fffffu) | ((y.y - up) << 23u), m >= 0x800000u);
  return withSignOf(bitcast<f32>(bits), a);
}

/** What division rounded down leaves, with the sign of b. */
fn modOf(a: f32, b: f32) -> f32 {
  let rest = fmodOf(a, b);
  if (isNan(rest)) { return rest; }
  if (orderOf(rest) == 0) { return withSignOf(0, b); }
  return select(rest, rest + b, (bitcast<u32>(rest) ^ bitcast<u32>(b)) >= 0x80000000u);
}

/** a / b rounded down. */
fn floorDivide(a: f32, b: f32) -> f32 {
  if (orderOf(b) == 0 || isNan(a) || isNan(b) || isInfinite(a)) { return a / b; }
  let other = orderOf(a) != 0 && (bitcast<u32>(a) ^ bitcast<u32>(b)) >= 0x80000000u;
  if (isInfinite(b)) { return select(withSignOf(0, bitcast<f32>(bitcast<u32>(a) ^ bitcast<u32>(b))), -1, other); }
  return round((a - modOf(a, b)) / b);
}

fn logAddExp(a: f32, b: f32) -> f32 {
  if (isNan(a) || isNan(b)) { return fromBits(0x7fc00000u); }
  if (orderOf(a) == orderOf(b)) { return a + 0.693147180559945; }
  return maxOf(a, b) + logOnePlus(expOf(-abs(a - b)));
}

fn f(a: f32, b: f32) -> f32 {
  switch (OP) {
    case ATAN2 {
      if (isNan(a) || isNan(b)) { return fromBits(0x7fc00000u); }
      return atan2Of(a, b);
    }
    case HYPOT { return hypotOf(a, b); }
    case MOD { return modOf(a, b); }
    case FMOD { return fmodOf(a, b); }
    case FLOOR_DIVIDE { return floorDivide(a, b); }
    case LOGADDEXP { return logAddExp(a, b); }
    default {
      if (orderOf(a) == 0 && !isNan(b)) { return 0; }
      return a * logOf(b);
    }
  }
}

fn slope(a: f32, b: f32) -> f32 {
  let first = WRT == 0;
  switch (OP) {
    case ATAN2 {
      let pair = scaledPair(a, b);
      let own = select(-withSignOf(pair.x, a), withSignOf(pair.y, b), first);
      let inverse = 1 / (pair.x * pair.x + pair.y * pair.y);
      let one = own * inverse;
      return one / pair.z;
    }
    case HYPOT {
      let h = hypotOf(a, b);
      return select(select(b, a, first) / h, 0, h == 0);
    }
    case MOD { return select(-floorDivide(a, b), 1, first); }
    case FMOD { return select(-round((a - fmodOf(a, b)) / b), 1, first); }
    case FLOOR_DIVIDE { return 0; }
    case LOGADDEXP {
      if (orderOf(a) == orderOf(b)) { return 0.5; }
      return sigmoidOf(select(b - a, a - b, first));
    }
    default {
      if (orderOf(a) == 0 && (!first || orderOf(b) == 0)) { return 0; }
      if (first) { return logOf(b); }
      return a / b;
    }
  }
}
