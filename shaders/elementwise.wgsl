// requires lib/math.wgsl
// requires lib/unary.wgsl
// elementwise: y = f(x) of one number, with f chosen by F; entry points as in lib/unary.wgsl.

const NEG = 0u;
const EXP = 1u;
const LOG = 2u;
const SQRT = 3u;
const SQUARE = 4u;
const ABS = 5u;
const CLAMP = 6u;
const RELU = 7u;
const LEAKY_RELU = 8u;
const ELU = 9u;
const GELU = 10u;
const SOFTPLUS = 11u;
const SIGMOID = 12u;
const TANH = 13u;
const SIGN = 14u;
const FLOOR = 15u;
const CEIL = 16u;
const ROUND = 17u;
const TRUNC = 18u;

/** x <= 0, which no NaN is. */
fn isAtMostZero(x: f32) -> bool {
  let bits = bitcast<u32>(x);
  return bits == 0 || bits - 0x80000000u <= 0x7f800000u;
}

/** The largest whole number up to x, which an adapter may take as 0 where it is subnormal. */
fn floorOf(x: f32) -> f32 {
  if (isNan(x) || abs(x) >= 1) { return select(floor(x), x, isNan(x)); }
  return select(withSignOf(0, x), -1, orderOf(x) < 0);
}

fn f(x: f32) -> f32 {
  switch (F) {
    case NEG { return bitcast<f32>(bitcast<u32>(x) ^ 0x80000000u); }
    case EXP { return expOf(x); }
    case LOG { return logOf(x); }
    case SQRT { return sqrtOf(x); }
    case SQUARE { return x * x; }
    case ABS { return withSignOf(x, 1); }
    case CLAMP { return minOf(maxOf(x, p.s), p.t); }
    case RELU { return select(x, 0, isAtMostZero(x)); }
    case LEAKY_RELU { return select(x, p.s * x, orderOf(x) < 0); }
    case ELU { return select(x, p.s * expMinusOne(x), orderOf(x) < 0); }
    case GELU { return geluOf(x); }
    case SOFTPLUS { return softplusOf(x); }
    case SIGMOID { return sigmoidOf(x); }
    case TANH { return tanhOf(x); }
    case SIGN { return select(withSignOf(f32(abs(sign(orderOf(x)))), x), x, isNan(x)); }
    case FLOOR { return floorOf(x); }
    case CEIL { return bitcast<f32>(bitcast<u32>(floorOf(bitcast<f32>(bitcast<u32>(x) ^ 0x80000000u))) ^ 0x80000000u); }
    case ROUND { return select(withSignOf(round(x), x), x, isNan(x)); }
    default { return select(withSignOf(floor(abs(x)), x), x, isNan(x)); }
  }
}

/** f'(x), from x or from y = f(x), as the launcher's table says. */
fn slope(v: f32) -> f32 {
  switch (F) {
    case NEG { return -1; }
    case EXP { return v; }
    case LOG { return 1 / v; }
    case SQRT { return 0.5 / v; }
    case SQUARE { return 2 * v; }
    case ABS { return select(f32(sign(orderOf(v))), v, isNan(v)); }
    case CLAMP { return select(1.0, 0.0, !isNan(v) && (orderOf(v) < orderOf(p.s) || orderOf(v) > orderOf(p.t))); }
    case RELU { return select(1.0, 0.0, isAtMostZero(v)); }
    case LEAKY_RELU { return select(1, p.s, orderOf(v) < 0); }
    case ELU { return select(1, p.s * expOf(v), orderOf(v) < 0); }
    case GELU {
      let tail = normalTail(v);
      return select(tail.x, 1 - tail.x, v >= 0) + withinTail(v) * tail.y;
    }
    case SOFTPLUS { return -expMinusOne(-v); }
    case SIGMOID, TANH {
      let t = expOf(-abs(v) * select(2.0, 1.0, F == SIGMOID));
      let u = 1 / (1 + t);
      return select(4.0, 1.0, F == SIGMOID) * t * (u * u);
    }
    default { return 0; }
  }
}
