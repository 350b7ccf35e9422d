// Elementary functions of one f32 to within a few units in the last place, wherever the result is a normal
// number. WGSL promises less of its own: log an absolute error near 1, exp one that grows with x, tanh an
// overflow for large x on some adapters. NaN stays NaN.
//
// Comparisons look at bits. An adapter's own may take subnormal numbers as 0, call NaN neither equal nor different,
// and return either zero from max(-0, 0).

fn isNan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }

/** Of numbers, not NaN: orderOf(x) < orderOf(y) where x < y; both zeros have order 0. */
fn orderOf(x: f32) -> i32 {
  let bits = bitcast<i32>(x);
  return select(bits, -(bits & 0x7fffffff), bits < 0);
}

/** Whether x is one of 0 … extent - 1. */
fn isIndex(x: f32, extent: u32) -> bool {
  return !isNan(x) && orderOf(x) == orderOf(floor(x)) && x >= 0 && x < f32(extent);
}

fn withSignOf(size: f32, x: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(size) & 0x7fffffffu) | (bitcast<u32>(x) & 0x80000000u));
}

/** A constant expression may not be infinite: this one is not constant. */
fn fromBits(bits: u32) -> f32 { return bitcast<f32>(bits); }

/** p · 2^n, in two factors that are normal numbers. */
fn scaleByPower(p: f32, n: i32) -> f32 {
  let half = n / 2;
  return p * bitcast<f32>((half + 127) << 23u) * bitcast<f32>((n - half + 127) << 23u);
}

/** e^x = 2^n · e^r with |r| ≤ ln(2)/2; ln(2) is split so that n · 0.693359375 is exact. */
fn expOf(x: f32) -> f32 {
  let c = clamp(x, -104.0, 89.0);
  let n = round(c * 1.44269504);
  let r = (c - n * 0.693359375) + n * 2.12194440e-4;
  let q = 0.5 + r * (1.0 / 6 + r * (1.0 / 24 + r * (1.0 / 120 + r * (1.0 / 720 + r * (1.0 / 5040)))));
  return select(scaleByPower(1 + (r + r * r * q), i32(n)), x, isNan(x));
}

/** e^x - 1 - x for small x. */
fn expTail(x: f32) -> f32 {
  return x * x * (0.5 + x * (1.0 / 6 + x * (1.0 / 24 + x * (1.0 / 120 + x * (1.0 / 720 + x * (1.0 / 5040))))));
}

/** e^x - 1, also where x is so small that e^x is almost 1. */
fn expMinusOne(x: f32) -> f32 { return select(expOf(x) - 1, x + expTail(x), abs(x) < 0.35); }

/** The part of log((1+s)/(1-s)) after 2s, divided by s, as a function of z = s² ≤ 1/9. */
fn atanhTail(z: f32) -> f32 {
  return z * (2.0 / 3 + z * (0.4 + z * (2.0 / 7 + z * (2.0 / 9 + z * (2.0 / 11 + z * (2.0 / 13 + z * (2.0 / 15)))))));
}

/** log(1 + f) for f in [-0.3, 1]: f - f²/2 + s (f²/2 + tail) with s = f / (2 + f), so that an error of s counts little. */
fn logOnePlus(f: f32) -> f32 {
  let s = f / (2 + f);
  let h = 0.5 * f * f;
  return f - (h - s * (h + atanhTail(s * s)));
}

/**
 * x = 2^k · (1 + f), with 1 + f in [√½, √2): (k, f), for positive finite x. The bits of a subnormal number are
 * x · 2^149 as an integer.
 */
fn splitPower(x: f32) -> vec2f {
  let given = bitcast<i32>(x);
  let tiny = given < 0x00800000;
  let bits = select(given, bitcast<i32>(f32(given)), tiny);
  let k = (bits - 0x3f3504f3) >> 23u;
  return vec2f(f32(k - select(0, 149, tiny)), bitcast<f32>(bits - (k << 23u)) - 1);
}

/** What log gives for x that is not a positive finite number. */
fn logOfOther(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if ((bits & 0x7fffffffu) == 0) { return fromBits(0xff800000u); }
  return select(x, fromBits(0x7fc00000u), bits >= 0x80000000u);
}

fn logOf(x: f32) -> f32 {
  if (bitcast<u32>(x) - 1 >= 0x7f7fffffu) { return logOfOther(x); }
  let kf = splitPower(x);
  return kf.x * 0.693359375 + (logOnePlus(kf.y) - kf.x * 2.12194440e-4);
}

/** √x, also of a subnormal number, whose bits are x · 2^149. NaN below 0. */
fn sqrtOf(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  if (bits > 0x80000000u) { return fromBits(0x7fc00000u); }
  if (bits > 0 && bits < 0x00800000u) { return sqrt(2 * f32(bits)) * 2.6469780e-23; }
  return sqrt(x);
}

fn sigmoidOf(x: f32) -> f32 {
  let t = expOf(-abs(x));
  return select(t, 1, x >= 0) / (1 + t);
}

/** log(1 + e^x) = max(x, 0) + log(1 + e^-|x|). */
fn softplusOf(x: f32) -> f32 {
  return select(max(x, 0), x, isNan(x)) + logOnePlus(expOf(-abs(x)));
}

fn tanhOf(x: f32) -> f32 {
  let e = expMinusOne(-2 * abs(x));
  return withSignOf(e / (2 + e), x);
}

/** a b - p for p = a b as rounded, from halves whose products are exact: fma may round twice. */
fn productError(a: f32, b: f32, p: f32) -> f32 {
  let c = bitcast<f32>(bitcast<u32>(a) & 0xfffff000u);
  let d = bitcast<f32>(bitcast<u32>(b) & 0xfffff000u);
  return ((c * d - p) + c * (b - d) + (a - c) * d) + (a - c) * (b - d);
}

/**
 * (Φ(-|x|), φ(x)): tail and density of the normal distribution, to 1e-6 of each. With z = |x|/√2 the tail is
 * ½ e^(-z²) t P(t), t = 2 / (2 + z); P of degree 8 is a least-squares fit with relative error 5e-8.
 */
fn normalTail(x: f32) -> vec2f {
  let c = min(abs(x), 15.0);
  let h = 0.5 * c * c;
  let g = expOf(-h) * (1 - productError(0.5 * c, c, h)); // as if h were not rounded
  let t = 2 / (2 + c * 0.70710678);
  let P = 0.28208324 + t * (0.28243785 + t * (0.24259996 + t * (0.20486679 + t * (-0.03219478 +
    t * (0.28671566 + t * (-0.49521478 + t * (0.28864752 - t * 0.05994149)))))));
  return vec2f(0.5 * g * t * P, 0.39894228 * g);
}

/** x, or ±15 past these, where tail and density are 0 to an f32: an infinite x is not to multiply them. */
fn withinTail(x: f32) -> f32 { return select(x, sign(x) * 15, abs(x) > 15); }

/** x Φ(x). */
fn geluOf(x: f32) -> f32 {
  let part = withinTail(x) * normalTail(x).x;
  return select(part, x - part, x > 0);
}

/** log(x) as a sum of two f32 for positive finite x. Masked bits keep compilers from undoing the subtractions. */
fn logInTwo(x: f32) -> vec2f {
  let kf = splitPower(x);
  let f = kf.y;
  let d = bitcast<f32>(bitcast<u32>(2 + f) & 0xfffff000u);
  let q = f / d;
  let rest = ((f - q * d) - productError(q, d, q * d) - q * (f - (d - 2))) / (2 + f); // f / (2 + f) - q
  let s = q + rest;
  let a = kf.x * 0.693359375;
  let small = 2 * rest + s * atanhTail(s * s) - kf.x * 2.12194440e-4;
  let high = bitcast<f32>(bitcast<u32>(a + 2 * q + small) & 0xfffffff0u);
  return vec2f(high, ((a - high) + 2 * q) + small);
}

/**
 * a^b as JavaScript has it: a negative base needs a whole exponent, x^0 is 1, 1 to an infinite power is NaN. A zero to
 * a negative power is infinite, with the sign of the zero where the exponent is odd.
 */
fn powOf(a: f32, b: f32) -> f32 {
  let exponent = bitcast<u32>(b) & 0x7fffffffu;
  if (exponent == 0) { return 1; }
  if (isNan(a) || isNan(b)) { return fromBits(0x7fc00000u); }
  let size = bitcast<u32>(a) & 0x7fffffffu;
  let x = bitcast<f32>(size);
  let n = withSignOf(bitcast<f32>(max(exponent, 0x00800000u)), b); // subnormal powers: all are as good as the largest
  let finite = size > 0 && size < 0x7f800000u;
  let logs = select(vec2f(logOf(x), 0), logInTwo(x), finite);
  let e = n * logs.x;
  let lacks = select(productError(n, logs.x, e) + n * logs.y, 0, abs(e) > 200);
  let power = expOf(e) * (1 + lacks);
  if (bitcast<u32>(a) < 0x80000000u) { return power; }
  if (n != floor(n)) { return select(power, fromBits(0x7fc00000u), finite); }
  let odd = abs(n) < 16777216 && (i32(n) & 1) == 1;
  return select(power, -power, odd);
}

/** The larger, or NaN if either is; 0 is larger than -0. */
fn maxOf(a: f32, b: f32) -> f32 {
  if (isNan(a) || isNan(b)) { return fromBits(0x7fc00000u); }
  let both = bitcast<f32>(bitcast<u32>(a) & bitcast<u32>(b)); // of equals, which differ in the sign of 0 at most
  return select(select(b, a, orderOf(a) > orderOf(b)), both, orderOf(a) == orderOf(b));
}

/** The smaller, or NaN if either is; -0 is smaller than 0. */
fn minOf(a: f32, b: f32) -> f32 {
  if (isNan(a) || isNan(b)) { return fromBits(0x7fc00000u); }
  let both = bitcast<f32>(bitcast<u32>(a) | bitcast<u32>(b));
  return select(select(b, a, orderOf(a) < orderOf(b)), both, orderOf(a) == orderOf(b));
}
