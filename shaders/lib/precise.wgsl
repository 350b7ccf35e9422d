// Functions to within a few units in the last place. WGSL's own may be wrong by much more:
// sin and cos by 2^-11, log by 2^-21, exp2(x) by 3 + 2|x| units. Series are Taylor's.

const PI = 3.14159265358979;
const LN_2 = 0.693147180559945;
const SQRT_HALF = 0.707106781186548;

/** sin(x) for |x| <= pi / 4. */
fn precise_sin(x: f32) -> f32 {
  let z = x * x;
  return x + x * z * (-1.0 / 6.0 + z * (1.0 / 120.0 + z * (-1.0 / 5040.0 + z * (1.0 / 362880.0))));
}

/** cos(x) for |x| <= pi / 4. */
fn precise_cos(x: f32) -> f32 {
  let z = x * x;
  return 1.0 + z * (-0.5 + z * (1.0 / 24.0 + z * (-1.0 / 720.0 + z * (1.0 / 40320.0 - z * (1.0 / 3628800.0)))));
}

/** cos and sin of `turns` / 2^32 of a full turn: the quadrant is split off in integers, without error. */
fn cos_sin_of_turns(turns: u32) -> vec2f {
  let quadrant = (turns + 0x20000000u) >> 30u;
  let x = f32(bitcast<i32>(turns - (quadrant << 30u))) * (2.0 * PI / 4294967296.0);
  let c = precise_cos(x);
  let s = precise_sin(x);
  switch quadrant & 3u {
    case 1u: { return vec2f(-s, c); }
    case 2u: { return vec2f(-c, -s); }
    case 3u: { return vec2f(s, -c); }
    default: { return vec2f(c, s); }
  }
}

/** 2 atanh(s) = log((1 + s) / (1 - s)) for |s| <= 0.172. */
fn twice_atanh(s: f32) -> f32 {
  let z = s * s;
  return 2.0 * s + 2.0 * s * z * (1.0 / 3.0 + z * (1.0 / 5.0 + z * (1.0 / 7.0 + z * (1.0 / 9.0))));
}

/** -log(u) for u = (word + 1/2) / 2^32, which is never 0 and never 1. */
fn minus_log_of_word(word: u32) -> f32 {
  if (word >= 0xb504f333u) { // u > sqrt(1/2): from v = 1 - u, which keeps its digits as u nears 1
    let v = (f32(~word) + 0.5) * (1.0 / 4294967296.0);
    return twice_atanh(v / (2.0 - v));
  }
  let parts = frexp(f32(word) + 0.5);
  let low = parts.fract < f32(SQRT_HALF);
  let m = select(parts.fract, 2.0 * parts.fract, low); // in [sqrt(1/2), sqrt(2))
  let exponent = parts.exp - select(0, 1, low) - 32;
  return -(f32(exponent) * LN_2 + twice_atanh((m - 1.0) / (m + 1.0)));
}

/** 2^x for x <= 127; 0 below 2^-126. */
fn precise_exp2(x: f32) -> f32 {
  if (x < -126.0) { return 0.0; }
  let whole = round(x);
  let z = (x - whole) * LN_2;
  let series = 1.0 + z * (1.0 + z * (1.0 / 2.0 + z * (1.0 / 6.0 + z * (1.0 / 24.0 + z * (1.0 / 120.0 +
    z * (1.0 / 720.0 + z * (1.0 / 5040.0)))))));
  return ldexp(series, i32(whole));
}

/** 1 - exp(-x) for x >= 0, with all its digits where x is small. */
fn one_minus_exp(x: f32) -> f32 {
  if (x > 0.35) { return 1.0 - precise_exp2(-x / LN_2); }
  return x * (1.0 - x / 2.0 * (1.0 - x / 3.0 * (1.0 - x / 4.0 * (1.0 - x / 5.0 * (1.0 - x / 6.0 *
    (1.0 - x / 7.0 * (1.0 - x / 8.0)))))));
}
