// requires lib/stream.wgsl
// requires lib/threefry.wgsl
// dropout: N elements of x, each kept with the probability 1 - rate and then multiplied by `scale`, or made 0.
//   forward   x, state -> out
// Whether an element is kept follows from the words that `state` gives: its gradient is the same launch on dy. Lane i
// draws a block, two words, for elements 2i and 2i + 1.

override WG: u32 = 64;

struct Params { N: u32, B: u32, threshold: u32, scale: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> state: State;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(WG)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.B) { return; }
  let kept = threefry2x32(state.key, plus(state.counter, i)) >= vec2u(p.threshold);
  out[2 * i] = select(0.0, x[2 * i] * p.scale, kept.x);
  if (2 * i + 1 < p.N) { out[2 * i + 1] = select(0.0, x[2 * i + 1] * p.scale, kept.y); }
}
