// Activations that a kernel applies to what it stores, and their slopes as functions of what was stored.
// ACTIVATION: 0 none, 1 relu, 2 leakyRelu, 3 sigmoid, 4 tanh, 5 softplus, 6 elu, as in src/ops/lib/activation.ts.

override ACTIVATION: u32 = 0;

/** max(z, 0), but NaN where z is one: `max` of a NaN may be either operand. */
fn positive(z: vec4f) -> vec4f {
  return select(z, vec4f(0), z < vec4f(0));
}

fn activate(z: vec4f) -> vec4f {
  if (ACTIVATION == 1) { return positive(z); }
  if (ACTIVATION == 2) { return select(0.01 * z, z, z > vec4f(0)); }
  if (ACTIVATION == 3) { return 1 / (1 + exp(-z)); }
  if (ACTIVATION == 4) { return tanh(clamp(z, vec4f(-15), vec4f(15))); } // 1 from there on; drivers overflow
  if (ACTIVATION == 5) { return positive(z) + log(1 + exp(-abs(z))); }
  if (ACTIVATION == 6) { return select(exp(min(z, vec4f(0))) - 1, z, z > vec4f(0)); }
  return z;
}

/** d activate(z) / dz where activate(z) = y. */
fn slope(y: vec4f) -> vec4f {
  if (ACTIVATION == 1) { return select(vec4f(0), vec4f(1), y > vec4f(0)); }
  if (ACTIVATION == 2) { return select(vec4f(0.01), vec4f(1), y > vec4f(0)); }
  if (ACTIVATION == 3) { return y * (1 - y); }
  if (ACTIVATION == 4) { return 1 - y * y; }
  if (ACTIVATION == 5) { return 1 - exp(-y); }
  if (ACTIVATION == 6) { return select(y + 1, vec4f(1), y > vec4f(0)); }
  return vec4f(1);
}
