// Activations that a kernel applies to what it stores, and their slopes as functions of what was stored.
// ACTIVATION: 0 none, 1 relu, 2 leakyRelu, 3 sigmoid, 4 tanh, 5 softplus, 6 elu, 7 gelu, as in
// src/ops/lib/activation.ts. The slope of gelu does not follow from its value: it takes z.

override ACTIVATION: u32 = 0;

fn activate(z: vec4f) -> vec4f {
  if (ACTIVATION == 1) { return max(z, vec4f(0)); }
  if (ACTIVATION == 2) { return select(0.01 * z, z, z > vec4f(0)); }
  if (ACTIVATION == 3) { return 1 / (1 + exp(-z)); }
  if (ACTIVATION == 4) { return tanhOf(z); }
  if (ACTIVATION == 5) { return max(z, vec4f(0)) + log(1 + exp(-abs(z))); }
  if (ACTIVATION == 6) { return select(exp(min(z, vec4f(0))) - 1, z, z > vec4f(0)); }
  if (ACTIVATION == 7) { return 0.5 * z * (1 + tanhOf(0.7978845608 * (z + 0.044715 * z * z * z))); }
  return z;
}

/** tanh, which may overflow in the driver past the arguments where it is 1. */
fn tanhOf(z: vec4f) -> vec4f { return tanh(clamp(z, vec4f(-15), vec4f(15))); }

/** d activate(z) / dz where activate(z) = y. */
fn slope(y: vec4f) -> vec4f {
  if (ACTIVATION == 1) { return select(vec4f(0), vec4f(1), y > vec4f(0)); }
  if (ACTIVATION == 2) { return select(vec4f(0.01), vec4f(1), y > vec4f(0)); }
  if (ACTIVATION == 3) { return y * (1 - y); }
  if (ACTIVATION == 4) { return 1 - y * y; }
  if (ACTIVATION == 5) { return 1 - exp(-y); }
  if (ACTIVATION == 6) { return select(y + 1, vec4f(1), y > vec4f(0)); }
  if (ACTIVATION == 7) {
    let t = tanhOf(0.7978845608 * (y + 0.044715 * y * y * y));
    return 0.5 * (1 + t) + 0.5 * y * (1 - t * t) * (0.7978845608 + 0.1070322243 * y * y);
  }
  return vec4f(1);
}
