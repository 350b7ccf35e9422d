// Functions of one f32, NaN aside, to a few units in the last place; lib/math.wgsl has those that they are made of.
// The coefficients are fits of our own to the exact functions, in relative error.

/** 224 binary digits of 2/π, after 32 zeros. */
const TWO_OVER_PI = array<u32, 8>(
  0, 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab);

/** The higher 32 bits of m w, for m < 2^24. */
fn highProduct(m: u32, w: u32) -> u32 {
  let a = m >> 12u;
  let b = m & 0xfffu;
  let c = w >> 16u;
  let d = w & 0xffffu;
  return (a * c + ((b * c + ((a * d + ((b * d) >> 12u)) >> 4u)) >> 12u)) >> 4u;
}

/** Bits `shift` to `shift` + 31 of two words, the first the higher one. */
fn shifted(high: u32, low: u32, shift: u32) -> u32 {
  return select((high << shift) | (low >> (32 - shift)), high, shift == 0);
}

/**
 * (sin x, cos x) of any finite x. x = m 2^(E - 150) is reduced as Payne and Hanek do (SIGNUM 18, 1983): of 2/π those 96
 * bits whose products with m are not whole numbers of turns make x 2/π modulo 4, to 2^-62.
 */
fn sinCos(x: f32) -> vec2f {
  let bits = bitcast<u32>(x) & 0x7fffffffu;
  if (bits >= 0x7f800000u) { return vec2f(fromBits(0x7fc00000u)); }
  var quadrant = 0u;
  var r = bitcast<f32>(bits);
  if (bits > 0x3f490fdbu) { // pi / 4
    let m = (bits & 0x7fffffu) | 0x800000u;
    let first = (bits >> 23u) - 120;
    let word = first >> 5u;
    let shift = first & 31;
    var words = TWO_OVER_PI;
    let w1 = words[word + 1];
    let w2 = words[word + 2];
    let low = m * shifted(w1, w2, shift);
    let rest = low + highProduct(m, shifted(w2, words[word + 3], shift));
    let whole = m * shifted(words[word], w1, shift) + highProduct(m, shifted(w1, w2, shift)) + select(0u, 1u, rest < low);
    quadrant = (whole + 0x20000000u) >> 30u;
    let over = whole - (quadrant << 30u); // a signed number of quarter turns, with `rest` after it
    let negative = over >= 0x80000000u;
    let high = select(over, ~over + select(0u, 1u, rest == 0), negative);
    let after = select(rest, ~rest + 1, negative);
    let zeros = countLeadingZeros(high);
    let digits = select(shifted(high, after, min(zeros, 31u)), after, zeros == 32);
    r = f32(digits) * bitcast<f32>((97 - zeros) << 23u) * 1.57079632679490;
    r = select(r, -r, negative);
  }
  let z = r * r;
  let tail = z * (-1.0 / 6 + z * (1.0 / 120 + z * (-1.0 / 5040 + z * (1.0 / 362880))));
  let s = select(r + r * tail, r, z < 1e-10);
  let c = 1 + z * (-0.5 + z * (1.0 / 24 + z * (-1.0 / 720 + z * (1.0 / 40320 - z * (1.0 / 3628800)))));
  var both = select(vec2f(s, c), vec2f(c, -s), (quadrant & 1) == 1);
  both = select(both, -both, (quadrant & 2) == 2);
  return vec2f(bitcast<f32>(bitcast<u32>(both.x) ^ (bitcast<u32>(x) & 0x80000000u)), both.y);
}

/** atan(x) for |x| ≤ tan(π/8). */
fn atanNear(x: f32) -> f32 {
  let z = x * x;
  return x + x * z * (-0.333333319 + z * (0.199995583 + z * (-0.142644644 + z * (0.107483932 - z * 0.0646528408))));
}

/** atan(n / d) for n, d ≥ 0, not both 0 and not both infinite. */
fn atanOfRatio(n: f32, d: f32) -> f32 {
  if (n > 2.41421356 * d) { return 1.57079632679490 - atanNear(d / n); }
  if (n > 0.414213562 * d) { return 0.785398163397448 + atanNear((n - d) / (n + d)); }
  return atanNear(n / d);
}

fn atanOf(x: f32) -> f32 {
  let a = abs(x);
  return select(withSignOf(atanOfRatio(a, 1), x), x, a < 1e-5);
}

/** asin(x) - x for |x| ≤ ½. */
fn asinTail(x: f32) -> f32 {
  let z = x * x;
  return x * z * (0.166666663 + z * (0.0750010316 + z * (0.0445966242 + z * (0.0311319269 + z * (0.0170057625 +
    z * 0.0339211097)))));
}

/** 2 asin(√((1 - a) / 2)) = acos(a) for ½ ≤ a ≤ 1. */
fn acosNear(a: f32) -> f32 {
  let h = sqrt(0.5 * (1 - a));
  return 2 * (h + asinTail(h));
}

fn asinOf(x: f32) -> f32 {
  let a = abs(x);
  if (a > 1) { return fromBits(0x7fc00000u); }
  if (a > 0.5) { return withSignOf(1.57079632679490 - acosNear(a), x); }
  return select(x + asinTail(x), x, a < 1e-5);
}

fn acosOf(x: f32) -> f32 {
  let a = abs(x);
  if (a > 1) { return fromBits(0x7fc00000u); }
  if (a <= 0.5) { return 1.57079632679490 - (x + asinTail(x)); }
  return select(acosNear(a), 3.14159265358979 - acosNear(a), x < 0);
}

fn expm1Of(x: f32) -> f32 { return select(expMinusOne(x), x, abs(x) < 1e-9); }

fn sinhOf(x: f32) -> f32 {
  let a = abs(x);
  if (a < 1) {
    let e = expm1Of(a);
    return withSignOf(0.5 * (e + e / (e + 1)), x);
  }
  let h = expOf(0.5 * a);
  return withSignOf(0.5 * h * h - 0.5 / (h * h), x);
}

fn coshOf(x: f32) -> f32 {
  let h = expOf(0.5 * abs(x));
  return 0.5 * h * h + 0.5 / (h * h);
}

fn log1pOf(x: f32) -> f32 {
  if (x >= -0.3 && x <= 1) { return select(logOnePlus(x), x, abs(x) < 1e-9); }
  return logOf(1 + x);
}

fn exp2Of(x: f32) -> f32 {
  let c = clamp(x, -151.0, 129.0);
  let n = round(c);
  let r = (c - n) * 0.693147180559945;
  return scaleByPower(1 + (r + expTail(r)), i32(n));
}

/** e^(-x²), whose rounded square is corrected. */
fn gaussianOf(x: f32) -> f32 {
  let c = min(abs(x), 15.0);
  let h = c * c;
  return expOf(-h) * (1 - productError(c, c, h));
}

/** erf(x) for |x| ≤ 1. */
fn erfNear(x: f32) -> f32 {
  let z = x * x;
  if (z < 1e-9) { return x * 1.12837917; }
  return x + x * (0.128379167 + z * (-0.376126385 + z * (0.112837827 + z * (-0.0268654458 + z * (0.00522107487 +
    z * (-0.000848471137 + z * (0.000112705441 - z * 9.68013548e-6)))))));
}

/** 1 - erf(x) = e^(-x²) t P(t), t = 2 / (2 + x), for x ≥ 0.4. */
fn erfcFar(x: f32) -> f32 {
  let t = 2 / (2 + min(x, 15.0));
  return gaussianOf(x) * (t * (0.282091641 + t * (0.282181664 + t * (0.245815766 + t * (0.182862004 + t * (0.0588707383 +
    t * (0.0489083548 + t * (-0.101107603 + t * (-0.113210109 + t * (0.169981016 - t * 0.0564983121))))))))));
}

fn erfOf(x: f32) -> f32 {
  let a = abs(x);
  if (a > 1) { return withSignOf(1 - erfcFar(a), x); }
  return withSignOf(erfNear(a), x);
}

fn erfcOf(x: f32) -> f32 {
  if (x >= 0.5) { return erfcFar(x); }
  return 1 - erfOf(x);
}

/** y with erf(y) = x: x P(w), w = -log(1 - x²), in two pieces. */
fn erfinvOf(x: f32) -> f32 {
  let a = abs(x);
  if (a >= 1) { return select(fromBits(0x7fc00000u), withSignOf(fromBits(0x7f800000u), x), a == 1); }
  let w = -logOf((1 - a) * (1 + a));
  if (w < 5) {
    let s = w - 2.5;
    return x * (1.50140936 + s * (0.246640286 + s * (-0.00417738678 + s * (-0.00125274189 + s * (0.000218344435 +
      s * (-4.9633418e-6 + s * (-3.46270335e-6 + s * (4.66169207e-7 + s * (2.32325143e-8 - s * 8.79094088e-9)))))))));
  }
  let s = sqrt(w) - 3;
  return x * (2.83297681 + s * (1.00167491 + s * (0.00944500777 + s * (-0.00763639097 + s * (0.00568940572 +
    s * (-0.00360164067 + s * (0.00147865164 + s * (-4.86758697e-5 + s * (-0.000304363506 + s * 0.000110099587)))))))));
}

fn tanhShrinkOf(x: f32) -> f32 {
  if (abs(x) > 1) { return x - tanhOf(x); }
  let z = x * x;
  return x * z * (0.333333332 + z * (-0.133333107 + z * (0.0539634208 + z * (-0.0218295849 + z * (0.00869794956 +
    z * (-0.00320695165 + z * (0.000923607894 - z * 0.000142823584)))))));
}

/** log Γ(x) for x in [½, 3]: its zeros at 1 and 2 stand apart, so that it is right beside them too. */
fn lgammaNear(x: f32) -> f32 {
  if (x < 1.5) {
    let t = x - 1;
    return t * (-0.577215645 + t * (0.822466905 + t * (-0.40069128 + t * (0.270594846 + t * (-0.207129647 + t * (0.169121724 +
    t * (-0.148233361 + t * (0.131213581 + t * (-0.0812628522 + t * (0.0648335964 + t * (-0.183818993 + t * 0.180435247)))))))))));
  }
  let t = x - 2;
  return t * (0.422784338 + t * (0.322467202 + t * (-0.0673526436 + t * (0.0205765008 + t * (-0.00737776301 + t *
    (0.00291550097 + t * (-0.00124946395 + t * (0.000493099533 + t * -0.000109601995))))))));
}

/** sin and cos of π x, of which the whole number that is nearest is taken off first. */
fn sinCosOfTurns(x: f32) -> vec2f {
  let n = round(x);
  let s = sinCos(3.14159265358979 * (x - n));
  return select(s, -s, abs(n - 2 * floor(0.5 * n)) == 1);
}

/** log |Γ(x)|: Stirling's series from 8 on, products that lead to [½, 3] below, and Euler's reflection below 0. */
fn lgammaOf(x: f32) -> f32 {
  let a = abs(x);
  var y = 0.0;
  if (a >= 8) {
    let r = 1 / a;
    let tail = r * (0.0833333333 - r * r * (0.00277777778 - r * r * 0.000793650794));
    y = (a - 0.5) * (logOf(a) - 1) + (0.418938533204673 + tail);
  } else if (a < 0.5) {
    y = lgammaNear(a + 1) - logOf(a);
  } else {
    var product = 1.0;
    var z = a;
    for (var k = 0u; k < 5; k++) {
      if (z >= 3) {
        z -= 1;
        product *= z;
      }
    }
    y = lgammaNear(z) + logOf(product);
  }
  if (orderOf(x) >= 0) { return y; }
  if (floor(x) == x) { return fromBits(0x7f800000u); }
  return 1.1447298858494 - logOf(a * abs(sinCosOfTurns(a).x)) - y;
}

/** The slope of `lgammaOf`, with its zero at 1.46 apart; NaN at 0 and whole numbers below. */
fn digammaOf(x: f32) -> f32 {
  let a = abs(x);
  var y = 0.0;
  if (a >= 6) {
    let r = 1 / a;
    y = logOf(a) - r * (0.5 + r * (0.0833333333 - r * r * (0.00833333333 - r * r * 0.00396825397)));
  } else {
    var z = select(a, a + 1, a < 1);
    for (var k = 0u; k < 4; k++) {
      if (z > 2) {
        z -= 1;
        y += 1 / z;
      }
    }
    let t = z - 1.5;
    y += -1.2036e-8 + (z - 1.46163213253021) * (0.951055897 + t * (-0.423625249 + t * (0.240538374 +
      t * (-0.148518787 + t * (0.0951178204 + t * (-0.0603290638 + t * (0.0393591358 + t * (-0.0349970711 + t * 0.0239297144))))))));
    if (a < 1) { y -= 1 / a; }
  }
  if (orderOf(x) > 0) { return y; }
  if (floor(x) == x) { return fromBits(0x7fc00000u); }
  let turns = sinCosOfTurns(a);
  return y + (1 / a + 3.14159265358979 * (turns.y / turns.x));
}

/** The slope of `digammaOf`. */
fn trigammaOf(x: f32) -> f32 {
  var z = abs(x);
  var y = 0.0;
  for (var k = 0u; k < 6; k++) {
    if (z < 6) {
      let r = 1 / z;
      y += r * r;
      z += 1;
    }
  }
  let r = 1 / z;
  y += r * (1 + r * (0.5 + r * (0.166666667 - r * r * (0.0333333333 - r * r * 0.0238095238))));
  if (orderOf(x) > 0) { return y; }
  let turn = 3.14159265358979 / sinCosOfTurns(x).x;
  return turn * turn - y + (1 / x) * (1 / x);
}
