// requires lib/math.wgsl
// requires lib/precise.wgsl
// requires lib/stream.wgsl
// requires lib/threefry.wgsl
// gaussian: what a variational autoencoder does between its encoder and decoder, N elements of mean mu and variance
// exp(logVariance), in three launches; made of single operations it takes seventeen, and twice the time on a CPU adapter
// (0.9 ms instead of 0.45 at N = 576 · 16, 5.5 ms instead of 2.3 at 576 · 186).
//   sample     mu, logVariance, state -> z, spread, partials (T)
//              z = mu + noise · sigma, spread = noise · sigma / 2, and sums of the terms of the divergence from N(0, 1)
//   finish     partials (T), weight (1) -> divergence (1), times beta; and moves the counter of `state` on by B blocks
//   backward   dz, dDivergence (1), weight (1), mu, logVariance, spread -> dMu, dLogVariance
// HAS_WEIGHT says that the divergence is weighed by a number in device memory too, which may change from run to run.
// Pairs of elements are what a block of the generator makes: B = ceil(N / 2) in all, drawn as `random.normal_numbers`
// draws them. Lane t of sample makes pairs t, t + T, t + 2 T …; a lane of backward makes one pair. In finish the lanes
// of one workgroup take turns, and lane 0 adds up what they have: the order of the sums is always the same.
// The noise is kept, as `spread`, because the counter has moved on by the time of backward.

override WG: u32 = 64;
override HAS_DZ = true;
override HAS_DIVERGENCE = true;
override HAS_WEIGHT = false;

struct Params { N: u32, B: u32, T: u32, beta: f32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read_write> advanced: State;
@group(0) @binding(3) var<storage, read> mu: array<vec2f>;
@group(0) @binding(4) var<storage, read> logVariance: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> z: array<vec2f>;
@group(0) @binding(6) var<storage, read_write> spread: array<vec2f>;
@group(0) @binding(7) var<storage, read_write> partials: array<f32>;
@group(0) @binding(8) var<storage, read> terms: array<f32>;
@group(0) @binding(9) var<storage, read_write> divergence: array<f32>;
@group(0) @binding(10) var<storage, read> kept: array<vec2f>;
@group(0) @binding(11) var<storage, read> dz: array<vec2f>;
@group(0) @binding(12) var<storage, read> dDivergence: array<f32>;
@group(0) @binding(13) var<storage, read_write> dMu: array<vec2f>;
@group(0) @binding(14) var<storage, read_write> dLogVariance: array<vec2f>;
@group(0) @binding(15) var<storage, read> weight: array<f32>;

var<workgroup> sums: array<f32, WG>;

/** Which elements of pair i there are: past the last there is one more where N is odd. */
fn inside(i: u32) -> vec2<bool> {
  return vec2u(2 * i, 2 * i + 1) < vec2u(p.N);
}

// Box and Muller (1958): radius from the first word, angle from the second.
fn normalPair(i: u32) -> vec2f {
  let words = threefry2x32(state.key, plus(state.counter, i));
  return sqrt(2.0 * minus_log_of_word(words.x)) * cos_sin_of_turns(words.y);
}

fn divergenceOf(m: vec2f, v: vec2f) -> vec2f {
  return 0.5 * (m * m + (vec2f(expMinusOne(v.x), expMinusOne(v.y)) - v));
}

/** What the divergence counts. */
fn beta() -> f32 {
  var beta = p.beta;
  if (HAS_WEIGHT) { beta *= weight[0]; }
  return beta;
}

@compute @workgroup_size(WG)
fn sample(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.T) { return; }
  var sum = 0.0;
  let rounds = (p.B - id.x + p.T - 1) / p.T;
  for (var round = 0u; round < rounds; round++) {
    let i = id.x + round * p.T;
    let m = mu[i];
    let v = logVariance[i];
    let shift = normalPair(i) * vec2f(expOf(0.5 * v.x), expOf(0.5 * v.y));
    z[i] = m + shift;
    spread[i] = 0.5 * shift;
    let terms = select(vec2f(0), divergenceOf(m, v), inside(i));
    sum += terms.x + terms.y;
  }
  partials[id.x] = sum;
}

@compute @workgroup_size(WG)
fn finish(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  let rounds = (p.T + WG - 1) / WG;
  for (var round = 0u; round < rounds; round++) {
    let i = lane + round * WG;
    if (i < p.T) { sum += terms[i]; }
  }
  sums[lane] = sum;
  workgroupBarrier();
  if (lane != 0) { return; }
  var total = 0.0;
  for (var i = 0u; i < WG; i++) { total += sums[i]; }
  divergence[0] = beta() * total;
  advanced.counter = plus(advanced.counter, p.B);
}

@compute @workgroup_size(WG)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.B) { return; }
  var toMu = vec2f(0);
  var toLogVariance = vec2f(0);
  if (HAS_DZ) {
    toMu = dz[i];
    toLogVariance = dz[i] * kept[i];
  }
  if (HAS_DIVERGENCE) {
    let slope = beta() * dDivergence[0];
    let v = logVariance[i];
    toMu += slope * mu[i];
    toLogVariance += slope * 0.5 * vec2f(expMinusOne(v.x), expMinusOne(v.y));
  }
  dMu[i] = select(vec2f(0), toMu, inside(i));
  dLogVariance[i] = select(vec2f(0), toLogVariance, inside(i));
}
