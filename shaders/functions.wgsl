// requires lib/math.wgsl
// requires lib/functions.wgsl
// requires lib/unary.wgsl
// functions: y = f(x) of one number, with f chosen by F and its slope made from x; entry points as in lib/unary.wgsl.
// Wherever the result is a normal number it is right to a few units in the last place; GELU_TANH below -2 to 1e-5 of it,
// LGAMMA and DIGAMMA below 0 to 1e-6 absolutely beside their zeros.

const SIN = 0u;
const COS = 1u;
const TAN = 2u;
const ASIN = 3u;
const ACOS = 4u;
const ATAN = 5u;
const SINH = 6u;
const COSH = 7u;
const ASINH = 8u;
const ACOSH = 9u;
const ATANH = 10u;
const ERF = 11u;
const ERFC = 12u;
const ERFINV = 13u;
const LOG1P = 14u;
const EXPM1 = 15u;
const LOG2 = 16u;
const LOG10 = 17u;
const EXP2 = 18u;
const RECIPROCAL = 19u;
const RSQRT = 20u;
const SILU = 21u;
const MISH = 22u;
const HARD_SWISH = 23u;
const HARD_SIGMOID = 24u;
const SELU = 25u;
const CELU = 26u;
const SOFTSIGN = 27u;
const LOG_SIGMOID = 28u;
const TANH_SHRINK = 29u;
const SOFT_SHRINK = 30u;
const HARD_SHRINK = 31u;
const GELU_TANH = 32u;
const HARD_TANH = 33u;
const LGAMMA = 34u;
const DIGAMMA = 35u;
const CBRT = 36u;
const SINC = 37u;

const SELU_SCALE = 1.05070098735548;
const SELU_ALPHA = 1.67326324235438;
const LN_2 = 0.693147180559945;
const LOG_2_E = 1.44269504088896;
const LOG_10_E = 0.434294481903252;
const PI = 3.14159265358979;
const TWO_OVER_ROOT_PI = 1.12837916709551;

/** x, or a number of its sign past which the functions of this file no longer change. */
fn within(x: f32) -> f32 { return clamp(x, -120.0, 120.0); }

/** x e^x, also where e^x is no normal number. */
fn timesExp(x: f32) -> f32 {
  let c = within(x);
  let h = expOf(0.5 * c);
  return c * h * h;
}

/** The cube root by powers of 2, and a step of Newton's. Of a number below the normal ones it is taken from its bits. */
fn cbrtOf(x: f32) -> f32 {
  let bits = bitcast<u32>(x) & 0x7fffffffu;
  if (bits == 0 || bits == 0x7f800000u) { return x; }
  let isTiny = bits < 0x00800000u;
  let a = select(fromBits(bits), 2 * f32(bits), isTiny); // 2^150 |x|
  let y = expOf(logOf(a) * (1.0 / 3));
  let root = y - (y - a / (y * y)) * (1.0 / 3);
  return withSignOf(select(root, root * 8.8817841970012523e-16, isTiny), x); // 2^-50
}

fn sincOf(x: f32) -> f32 {
  let a = abs(x);
  if (a > 3.4028234e38) { return fromBits(0x7fc00000u); }
  if (a < 1e-4) { return 1; }
  if (a == floor(a)) { return 0; }
  return sinCosOfTurns(a).x / (PI * a);
}

/** The slope of sincOf: (cos π x - sinc x) / x, and its series where the two are close. */
fn sincSlope(x: f32) -> f32 {
  let a = abs(x);
  if (a > 3.4028234e38) { return fromBits(0x7fc00000u); }
  if (a > 1e18) { return 1 / x; }
  if (a >= 0.5) { return (sinCosOfTurns(a).y - sincOf(a)) / x; }
  let u = PI * x;
  let s = u * u;
  return PI * u * (-1.0 / 3 + s * (1.0 / 30 + s * (-1.0 / 840 + s * (1.0 / 45360 + s * (-1.0 / 3991680 + s * (1.0 / 518918400))))));
}

/** 2u for u = √(2/π) (x + 0.044715 x³): gelu's form with tanh is x / (1 + e^-2u). */
fn geluArgument(x: f32) -> f32 { return 1.59576912160573 * (x + 0.044715 * x * x * x); }

fn f(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  switch (F) {
    case SIN { return sinCos(x).x; }
    case COS { return sinCos(x).y; }
    case TAN { let both = sinCos(x); return both.x / both.y; }
    case ASIN { return asinOf(x); }
    case ACOS { return acosOf(x); }
    case ATAN { return atanOf(x); }
    case SINH { return sinhOf(x); }
    case COSH { return coshOf(x); }
    case ASINH {
      let a = abs(x);
      if (a > 1e9) { return withSignOf(logOf(a) + LN_2, x); }
      let square = a * a;
      return withSignOf(log1pOf(a + square / (1 + sqrt(1 + square))), x);
    }
    case ACOSH {
      if (x < 1) { return fromBits(0x7fc00000u); }
      if (x > 1e9) { return logOf(x) + LN_2; }
      let more = x - 1;
      return log1pOf(more + sqrt(more * (more + 2)));
    }
    case ATANH {
      let a = abs(x);
      if (a > 1) { return fromBits(0x7fc00000u); }
      return withSignOf(0.5 * log1pOf(2 * (a / (1 - a))), x);
    }
    case ERF { return erfOf(x); }
    case ERFC { return erfcOf(x); }
    case ERFINV { return erfinvOf(x); }
    case LOG1P { return log1pOf(x); }
    case EXPM1 { return expm1Of(x); }
    case LOG2 {
      if (bitcast<u32>(x) - 1 >= 0x7f7fffffu) { return logOfOther(x); }
      let kf = splitPower(x);
      return kf.x + logOnePlus(kf.y) * LOG_2_E;
    }
    case LOG10 {
      if (bitcast<u32>(x) - 1 >= 0x7f7fffffu) { return logOfOther(x); }
      let kf = splitPower(x);
      return kf.x * 0.301025390625 + (logOnePlus(kf.y) * LOG_10_E + kf.x * 4.6050389811952e-6);
    }
    case EXP2 { return exp2Of(x); }
    case RECIPROCAL { return 1 / x; }
    case RSQRT { return 1 / sqrtOf(x); }
    case SILU { return select(x * sigmoidOf(x), timesExp(x), x < -30); }
    case MISH {
      if (x > 20) { return x; }
      if (x < -30) { return timesExp(x); }
      let e = expOf(x);
      let more = e * (e + 2);
      return x * (more / (more + 2));
    }
    case HARD_SWISH {
      if (x <= -3) { return 0; }
      return select(x * ((x + 3) * (1.0 / 6)), x, x >= 3);
    }
    case HARD_SIGMOID { return clamp(p.s * x + p.t, 0.0, 1.0); }
    case SELU { return select(SELU_SCALE * x, (SELU_SCALE * SELU_ALPHA) * expm1Of(x), orderOf(x) < 0); }
    case CELU { return select(x, p.s * expm1Of(x / p.s), orderOf(x) < 0); }
    case SOFTSIGN {
      let a = abs(x);
      if (a > 1e20) { return withSignOf(1, x); }
      return x / (1 + a);
    }
    case LOG_SIGMOID { return -softplusOf(-x); }
    case TANH_SHRINK { return tanhShrinkOf(x); }
    case SOFT_SHRINK { return select(0, withSignOf(abs(x) - p.s, x), abs(x) > p.s); }
    case HARD_SHRINK { return select(0, x, abs(x) > p.s); }
    case LGAMMA { return lgammaOf(x); }
    case DIGAMMA { return digammaOf(x); }
    case CBRT { return cbrtOf(x); }
    case SINC { return sincOf(x); }
    case HARD_TANH {
      if (orderOf(x) <= orderOf(p.s)) { return p.s; } // so is -0 where p.s is 0
      return select(x, p.t, orderOf(x) > orderOf(p.t));
    }
    default { return select(x, within(x), x < 0) * sigmoidOf(geluArgument(x)); }
  }
}

fn slope(x: f32) -> f32 {
  if (isNan(x)) { return x; }
  switch (F) {
    case SIN { return sinCos(x).y; }
    case COS { return -sinCos(x).x; }
    case TAN { let c = sinCos(x).y; return 1 / (c * c); }
    case ASIN { return 1 / sqrt((1 - x) * (1 + x)); }
    case ACOS { return -1 / sqrt((1 - x) * (1 + x)); }
    case ATAN { return 1 / (1 + x * x); }
    case SINH { return coshOf(x); }
    case COSH { return sinhOf(x); }
    case ASINH {
      if (abs(x) > 1e9) { return 1 / abs(x); }
      return 1 / sqrt(1 + x * x);
    }
    case ACOSH { return select(1 / (sqrt(x - 1) * sqrt(x + 1)), fromBits(0x7fc00000u), x < 1); }
    case ATANH { return 1 / ((1 - x) * (1 + x)); }
    case ERF { return TWO_OVER_ROOT_PI * gaussianOf(x); }
    case ERFC { return -TWO_OVER_ROOT_PI * gaussianOf(x); }
    case ERFINV { let y = erfinvOf(x); return 0.886226925452758 / gaussianOf(y); }
    case LOG1P { return 1 / (1 + x); }
    case EXPM1 { return expOf(x); }
    case LOG2 { return LOG_2_E / x; }
    case LOG10 { return LOG_10_E / x; }
    case EXP2 { return LN_2 * exp2Of(x); }
    case RECIPROCAL { let y = 1 / x; return -y * y; }
    case RSQRT { return -(0.5 / sqrtOf(x)) / x; }
    case SILU {
      let c = within(x);
      let s = sigmoidOf(c);
      return s + s * (c * sigmoidOf(-c));
    }
    case MISH {
      if (x > 20) { return 1; }
      let c = within(x);
      let e = expOf(c);
      let more = e * (e + 2);
      let part = (1 + e) / (more + 2);
      return more / (more + 2) + c * (4 * (e / (1 + e)) * (part * part));
    }
    case HARD_SWISH { return select(select(x * (1.0 / 3) + 0.5, 1, x >= 3), 0, x <= -3); }
    case HARD_SIGMOID {
      let y = p.s * x + p.t;
      return select(0, p.s, y > 0 && y < 1);
    }
    case SELU { return select(SELU_SCALE, (SELU_SCALE * SELU_ALPHA) * expOf(x), orderOf(x) < 0); }
    case CELU { return select(1, expOf(x / p.s), orderOf(x) < 0); }
    case SOFTSIGN { let y = 1 / (1 + abs(x)); return y * y; }
    case LOG_SIGMOID { return sigmoidOf(-x); }
    case TANH_SHRINK { let y = tanhOf(x); return y * y; }
    case LGAMMA { return digammaOf(x); }
    case DIGAMMA { return trigammaOf(x); }
    case CBRT { let y = cbrtOf(x); return 1 / (3 * y * y); }
    case SINC { return sincSlope(x); }
    case HARD_TANH { return select(0.0, 1.0, x > p.s && x < p.t); }
    case SOFT_SHRINK, HARD_SHRINK { return select(0.0, 1.0, abs(x) > p.s); }
    default {
      let c = clamp(x, -20.0, 20.0);
      let u = geluArgument(c);
      let s = sigmoidOf(u);
      return s + s * (c * sigmoidOf(-u)) * (1.59576912160573 * (1 + 0.134145 * c * c));
    }
  }
}
