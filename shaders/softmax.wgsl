// requires lib/math.wgsl
// softmax over the middle axis of x (A,R,B), and the cross-entropy of rows x (A,R) with labels (A).
//   forward     x -> out                y = e^(x-m) / Σ e^(x-m), or its logarithm where LOG; m is the largest x
//   backward    y, dy -> out            dx = y (dy - Σ dy y), or dy - e^y Σ dy where LOG
//   cross_entropy            x, labels -> out (A)       m + log Σ e^(x-m) - x[label]; NaN for a label that is none
//   cross_entropy_backward   x, labels, dy (1) -> out   dx = (y - 1 at the label) dy · scale
// A lane owns the R elements of one (a,b), which are B apart.

override WG: u32 = 64;
override LOG: bool = false;

struct Params { A: u32, R: u32, B: u32, scale: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read> labels: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;

/**
 * The largest x of those from `first` on, and Σ e^(x - largest) of the others: NaN where the largest is infinite,
 * since ∞ - ∞ is.
 */
fn largestAndOthers(first: u32) -> vec2f {
  var most = x[first];
  var others = 0.0;
  for (var r = 1u; r < p.R; r++) {
    let v = x[first + r * p.B];
    let below = expOf(select(-abs(v - most), 0, v == most));
    if (v > most) {
      others = (others + 1) * below;
      most = v;
    } else {
      others += below;
    }
  }
  return vec2f(most, select(others, fromBits(0x7fc00000u), (bitcast<u32>(most) & 0x7fffffffu) == 0x7f800000u));
}

/** log(1 + others), which a sure prediction makes tiny. */
fn logOfSum(others: f32) -> f32 {
  return select(logOf(1 + others), logOnePlus(others), others <= 1);
}

fn firstOf(i: u32) -> u32 {
  let a = i / p.B;
  return a * p.R * p.B + (i - a * p.B);
}

@compute @workgroup_size(WG)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.A * p.B) { return; }
  let first = firstOf(i);
  let whole = largestAndOthers(first);
  let logSum = logOfSum(whole.y);
  for (var r = 0u; r < p.R; r++) {
    let at = first + r * p.B;
    let v = x[at] - whole.x;
    if (LOG) { out[at] = v - logSum; } else { out[at] = expOf(v) / (1 + whole.y); }
  }
}

@compute @workgroup_size(WG)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.A * p.B) { return; }
  let first = firstOf(i);
  var sum = 0.0;
  for (var r = 0u; r < p.R; r++) {
    let at = first + r * p.B;
    if (LOG) { sum += dy[at]; } else { sum += dy[at] * y[at]; }
  }
  for (var r = 0u; r < p.R; r++) {
    let at = first + r * p.B;
    if (LOG) { out[at] = dy[at] - expOf(y[at]) * sum; } else { out[at] = y[at] * (dy[at] - sum); }
  }
}

@compute @workgroup_size(WG)
fn cross_entropy(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.A) { return; }
  let whole = largestAndOthers(i * p.R);
  let label = labels[i];
  let isLabel = isIndex(label, p.R);
  let chosen = x[i * p.R + select(0, u32(label), isLabel)];
  out[i] = select(fromBits(0x7fc00000u), logOfSum(whole.y) + (whole.x - chosen), isLabel);
}

@compute @workgroup_size(WG)
fn cross_entropy_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.A) { return; }
  let whole = largestAndOthers(i * p.R);
  let label = labels[i];
  let factor = dy[0] * p.scale;
  for (var r = 0u; r < p.R; r++) {
    let at = i * p.R + r;
    out[at] = factor * (expOf(x[at] - whole.x) / (1 + whole.y) - select(0.0, 1.0, f32(r) == label));
  }
}
