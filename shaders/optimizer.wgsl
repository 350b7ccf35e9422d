// optimizer: one update of all parameters, which lie in one arena, as do gradients and moments.
// Lane i owns the vec4 number i of each, N4 in all; padding between parameters has gradient 0.
// Every entry point uses up its gradients: it leaves zeros, so that a parameter without a gradient in
// the next step is not moved by an old one. Gains are 1 - beta, which keeps digits that beta would lose.
// requires lib/clock.wgsl

override WG: u32 = 64;

struct Params {
  N4: u32,
  beta1: f32, gain1: f32, gain2: f32,
  epsilon: f32, epsilon_root: f32,
  decay: f32,    // weight decay, apart from the gradient
  momentum: f32,
  nesterov: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> clock: Clock;
@group(0) @binding(2) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> gradients: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> mean: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> variance: array<vec4f>;

fn lane(id: vec3u, groups: vec3u) -> u32 {
  return id.x + id.y * groups.x * WG;
}

/** The gradient, clipped; it is set to 0. */
fn take(i: u32) -> vec4f {
  let g = gradients[i] * clock.scale;
  gradients[i] = vec4f(0.0);
  return g;
}

fn descend(i: u32, direction: vec4f) {
  let theta = parameters[i];
  parameters[i] = theta - clock.rate * (direction + p.decay * theta);
}

/** Whether there is nothing to do for lane i; a gradient that is not finite is thrown away. */
fn is_idle(i: u32) -> bool {
  if (i >= p.N4) { return true; }
  if (clock.frozen != 0u) { gradients[i] = vec4f(0.0); }
  return clock.frozen != 0u;
}

const INFINITE = 0x7f800000u;
const ROOT = 0x1.fffffep+63f; // the largest number whose square is finite

/** |x| is infinite or NaN, by its bits: the compiler may assume that no number is. */
fn is_unbounded(x: vec4f) -> vec4<bool> {
  return (bitcast<vec4u>(x) & vec4u(INFINITE)) == vec4u(INFINITE);
}

fn is_infinite(x: vec4f) -> vec4<bool> {
  return (bitcast<vec4u>(x) & vec4u(0x7fffffffu)) == vec4u(INFINITE);
}

/** v + gain2 (x^2 - v); infinite where x^2 is past float32, and from then on, where the difference would be a NaN. */
fn second_moment(v: vec4f, x: vec4f) -> vec4f {
  var bits = INFINITE;
  let is_past = is_infinite(v) | (abs(x) > vec4f(ROOT));
  return select(v + p.gain2 * (x * x - v), vec4f(bitcast<f32>(bits)), is_past);
}

/** x over a denominator made from v: 0 where that is infinite, and x is not. */
fn over(x: vec4f, denominator: vec4f, v: vec4f) -> vec4f {
  return select(x / denominator, vec4f(0.0), is_infinite(v) & !is_unbounded(x));
}

/** m / (1 - beta1^t) over the root of v / (1 - beta2^t). */
fn corrected(m: vec4f, v: vec4f) -> vec4f {
  return over(m / clock.correction1, sqrt(v / clock.correction2) + p.epsilon, v);
}

// Zhuang et al., "AdaBelief optimizer", NeurIPS 2020, with the belief about the new mean, and
// epsilon_root added to the variance at every step.
@compute @workgroup_size(WG)
fn ada_belief(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = lane(id, groups);
  if (is_idle(i)) { return; }
  let surprise = take(i) - mean[i];
  let m = mean[i] + p.gain1 * surprise;
  let d = p.beta1 * surprise; // gradient - new mean
  let v = second_moment(variance[i], d) + p.epsilon_root;
  mean[i] = m;
  variance[i] = v;
  descend(i, corrected(m, v));
}

// Kingma and Ba, "Adam", ICLR 2015; with weight decay: Loshchilov and Hutter, ICLR 2019.
@compute @workgroup_size(WG)
fn adam(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = lane(id, groups);
  if (is_idle(i)) { return; }
  let g = take(i);
  let m = mean[i] + p.gain1 * (g - mean[i]);
  let v = second_moment(variance[i], g);
  mean[i] = m;
  variance[i] = v;
  descend(i, corrected(m, v));
}

// Tieleman and Hinton, "Neural networks for machine learning", lecture 6.5, 2012.
@compute @workgroup_size(WG)
fn rms_prop(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = lane(id, groups);
  if (is_idle(i)) { return; }
  let g = take(i);
  let v = second_moment(variance[i], g);
  variance[i] = v;
  descend(i, over(g, sqrt(v) + p.epsilon, v));
}

@compute @workgroup_size(WG)
fn sgd(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = lane(id, groups);
  if (is_idle(i)) { return; }
  descend(i, take(i));
}

// Here `mean` is the velocity, a sum: v <- momentum v + g. Nesterov's looks one step ahead (Sutskever 2013).
@compute @workgroup_size(WG)
fn sgd_momentum(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = lane(id, groups);
  if (is_idle(i)) { return; }
  let g = take(i);
  let velocity = p.momentum * mean[i] + g;
  mean[i] = velocity;
  descend(i, select(velocity, g + p.momentum * velocity, p.nesterov != 0u));
}
