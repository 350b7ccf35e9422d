// Activations that a kernel applies to what it stores, and their slopes as functions of what was stored.
// ACTIVATION: 0 none, 1 relu, 2 leakyRelu, 3 sigmoid, 4 tanh, 5 softplus, 6 elu, as in src/ops/lib/activation.ts.

override ACTIVATION: u32 = 0;

/** e^z - 1, also where z is so small that e^z is almost 1. */
fn lessOne(z: vec4f) -> vec4f {
  let series = z + z * z * (0.5 + z * (1.0 / 6 + z * (1.0 / 24 + z * (1.0 / 120 + z * (1.0 / 720 + z * (1.0 / 5040))))));
  return select(exp(z) - 1, series, abs(z) < vec4f(0.35));
}

/** tanh z, also where z is small, of which drivers may know a few digits only. */
fn tangent(z: vec4f) -> vec4f {
  let e = lessOne(2 * z);
  return e / (e + 2);
}

/** log(1 + t) for t in [0, 1], by the series of log((1+s)/(1-s)). */
fn logOnePlusOf(t: vec4f) -> vec4f {
  let s = t / (2 + t);
  let q = s * s;
  return 2 * s * (1 + q * (1.0 / 3 + q * (0.2 + q * (1.0 / 7 + q * (1.0 / 9 + q * (1.0 / 11 + q * (1.0 / 13)))))));
}

/** NaN stays NaN, which functions of the driver may not know. */
fn activate(z: vec4f) -> vec4f {
  if (ACTIVATION > 0) { return select(activated(z), z, (bitcast<vec4u>(z) & vec4u(0x7fffffff)) > vec4u(0x7f800000)); }
  return z;
}

fn activated(z: vec4f) -> vec4f {
  if (ACTIVATION == 1) { return max(z, vec4f(0)); }
  if (ACTIVATION == 2) { return select(0.01 * z, z, z > vec4f(0)); }
  if (ACTIVATION == 3) { return 1 / (1 + exp(-z)); }
  if (ACTIVATION == 4) { return tangent(clamp(z, vec4f(-15), vec4f(15))); } // ±1 from there on
  if (ACTIVATION == 5) { return max(z, vec4f(0)) + logOnePlusOf(exp(-abs(z))); }
  if (ACTIVATION == 6) { return select(lessOne(z), z, z > vec4f(0)); }
  return z;
}

/** d activate(z) / dz where activate(z) = y. */
fn slope(y: vec4f) -> vec4f {
  if (ACTIVATION == 1) { return select(vec4f(1), vec4f(0), y <= vec4f(0)); }
  if (ACTIVATION == 2) { return select(vec4f(1), vec4f(0.01), y <= vec4f(0)); }
  if (ACTIVATION == 3) { return y * (1 - y); }
  if (ACTIVATION == 4) { return 1 - y * y; }
  if (ACTIVATION == 5) { return -lessOne(-y); }
  if (ACTIVATION == 6) { return select(y + 1, vec4f(1), y > vec4f(0)); }
  return vec4f(1);
}
