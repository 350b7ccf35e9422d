// optimizerClock: step counter, learning rate, bias corrections and gradient norm of an optimizer.
//   square          gradients (N4 vec4) -> partials (P)   lane i sums elements i, i + P, i + 2 P ...
//   fold            partials (P) -> folded (F)            lane i sums partials i, i + F, i + 2 F ...
//   advance         -> clock                              one lane
//   advance_clipped folded -> clock                       one lane
// The order of every sum is fixed, so that the same gradients give the same bits.
// requires lib/clock.wgsl
// requires lib/precise.wgsl

override WG: u32 = 64;
override F: u32 = 64;

struct Params {
  N4: u32, P: u32, clip: f32,
  kind: u32,     // of schedule: 0 constant, 1 cosine, 2 exponential, 3 steps
  warmup: u32,   // updates of linear warm-up before the schedule begins
  span: u32,     // cosine: updates from rate to floor; exponential: updates to one factor
  M: u32,        // milestones
  rate: f32, floor: f32, factor: f32, log2_factor: f32,
  minus_log_beta1: f32, minus_log_beta2: f32,
}

// Squares are summed as they are or, where they could overflow, at 2^-160 of their size (Blue 1978).
struct Partial { small: f32, large: f32, bad: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> partials: array<Partial>;
@group(0) @binding(3) var<storage, read> squares: array<Partial>;
@group(0) @binding(4) var<storage, read_write> folded: array<Partial>;
@group(0) @binding(5) var<storage, read> total: array<Partial>;
@group(0) @binding(6) var<storage, read> milestones: array<u32>;
@group(0) @binding(7) var<storage, read_write> clock: Clock;
@group(0) @binding(8) var<storage, read> factor: array<f32>; // of the learning rate, which the host may change

const LARGE = 0x1p+48f;
const DOWN = 0x1p-80f;
const UP = 0x1p+80f;
const MOST = 0x1.fffffep+127f;

fn plus(a: Partial, b: Partial) -> Partial {
  return Partial(a.small + b.small, a.large + b.large, a.bad | b.bad);
}

fn squared(g: vec4f) -> Partial {
  let exponents = bitcast<vec4u>(g) & vec4u(0x7f800000u); // the compiler may assume that g is finite
  if (any(exponents == vec4u(0x7f800000u))) { return Partial(0.0, 0.0, 1u); }
  let is_large = abs(g) > vec4f(LARGE);
  let small = select(g, vec4f(0.0), is_large);
  let large = select(vec4f(0.0), g * DOWN, is_large);
  return Partial(dot(small, small), dot(large, large), 0u);
}

@compute @workgroup_size(WG)
fn square(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  if (i >= p.P) { return; }
  var sum = Partial(0.0, 0.0, 0u);
  let rounds = (p.N4 - i + p.P - 1u) / p.P;
  for (var round = 0u; round < rounds; round++) { sum = plus(sum, squared(gradients[i + round * p.P])); }
  partials[i] = sum;
}

@compute @workgroup_size(F)
fn fold(@builtin(global_invocation_id) id: vec3u) {
  var sum = Partial(0.0, 0.0, 0u);
  let rounds = (p.P + F - 1u) / F;
  for (var round = 0u; round < rounds; round++) {
    let i = id.x + round * F;
    if (i < p.P) { sum = plus(sum, squares[i]); }
  }
  folded[id.x] = sum;
}

/** The learning rate of the update after `t` others. */
fn rate_after(t: u32) -> f32 {
  if (t < p.warmup) { return p.rate * (f32(t + 1u) / f32(p.warmup)); }
  let since = t - p.warmup;
  switch p.kind {
    case 1u: { return p.rate * (p.floor + (1.0 - p.floor) * cosine_fall(since)); }
    case 2u: { return p.rate * precise_exp2(f32(since) / f32(p.span) * p.log2_factor); }
    case 3u: {
      var rate = p.rate;
      for (var m = 0u; m < p.M; m++) { rate *= select(1.0, p.factor, milestones[m] <= since); }
      return rate;
    }
    default: { return p.rate; }
  }
}

/** (1 + cos(pi t / span)) / 2, from 1 to 0, as a square that keeps its digits near 0. */
fn cosine_fall(t: u32) -> f32 {
  if (t >= p.span) { return 0.0; }
  let gone = f32(t) / f32(p.span);
  let left = f32(p.span - t) / f32(p.span);
  let half_angle = 0.5 * PI * min(gone, left);
  let root = select(precise_sin(half_angle), precise_cos(half_angle), gone < left);
  return root * root;
}

fn advance_by_one(scale: f32) {
  clock.scale = scale;
  clock.rate = rate_after(clock.step) * factor[0];
  let step = clock.step + 1u;
  clock.step = step;
  clock.correction1 = one_minus_exp(f32(step) * p.minus_log_beta1);
  clock.correction2 = one_minus_exp(f32(step) * p.minus_log_beta2);
}

@compute @workgroup_size(1)
fn advance() {
  advance_by_one(1.0);
}

@compute @workgroup_size(1)
fn advance_clipped() {
  var sum = Partial(0.0, 0.0, 0u);
  for (var i = 0u; i < F; i++) { sum = plus(sum, total[i]); }
  clock.frozen = sum.bad;
  if (sum.bad != 0u) {
    clock.skipped++;
    clock.norm = MOST;
    return;
  }
  let is_large = sum.large > 0.0;
  let root = sqrt(select(sum.small, sum.large + sum.small * DOWN * DOWN, is_large));
  clock.norm = select(root, min(root, MOST / UP) * UP, is_large);
  var scale = 1.0;
  if (clock.norm > p.clip) { scale = p.clip / root * select(1.0, DOWN, is_large); }
  advance_by_one(scale);
}
