// requires lib/math.wgsl
// losses: one number for two tensors a and b of N elements.
//   partials   a, b -> out (T)         T sums of the loss's terms; (T,2) for the relative error: (a - b)² and b²
//   finish     terms (T) -> out (1)    their sum, times scale; of the relative error
//              terms (T,2) -> total (2), out (1)   the two sums, and 100 √total[0] / √total[1]
//   backward   a, b, dy (1) -> out4    the gradient of a, or of b where WRT is 1
//   relative_backward   a, b, dy (1), sums (2) -> out4   the same for the relative error, 0 where a norm is 0
// A workgroup of partials owns a block of WG · perLane vec4s, which its lanes take in turns. In backward a lane owns
// four elements. finish is one workgroup, whose lanes own the T = WG · blocks terms in turns; lane 0 adds up what they
// have. It is one launch in place of the two or three that general reductions take.

override WG: u32 = 64;
override LOSS: u32 = 0;
override WRT: u32 = 0;

const RELATIVE = 0u;
const MSE = 1u;
const BCE = 2u;
const KL = 3u;

struct Params { N: u32, perLane: u32, blocks: u32, scale: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read> sums: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<storage, read_write> out4: array<vec4f>;
@group(0) @binding(7) var<storage, read> terms: array<f32>;
@group(0) @binding(8) var<storage, read_write> total: array<f32>;

var<workgroup> shares: array<vec2f, WG>;

fn term(a: f32, b: f32) -> f32 {
  switch (LOSS) {
    case BCE { return select(max(a, 0), a, isNan(a)) - a * b + logOnePlus(expOf(-abs(a))); }
    case KL { return 0.5 * (a * a + select(expOf(b) - 1 - b, expTail(b), abs(b) < 0.35)); }
    default { return (a - b) * (a - b); }
  }
}

fn slope(a: f32, b: f32) -> f32 {
  switch (LOSS) {
    case BCE { return select(sigmoidOf(a) - b, -a, WRT == 1); }
    case KL { return select(a, 0.5 * expMinusOne(b), WRT == 1); }
    default { return 2 * select(a - b, b - a, WRT == 1); }
  }
}

fn sumOf(v: vec4f) -> f32 { return (v.x + v.y) + (v.z + v.w); }

@compute @workgroup_size(WG)
fn partials(
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = group.x + group.y * groups.x;
  let first = block * WG * p.perLane + lane;
  if (block >= p.blocks) { return; }
  var sum = vec4f(0);
  var squares = vec4f(0);
  for (var k = 0u; k < p.perLane; k++) {
    let i = first + k * WG;
    if (4 * i < p.N) {
      let u = a[i];
      let v = b[i];
      let inside = 4 * i + vec4u(0, 1, 2, 3) < vec4u(p.N);
      let terms = vec4f(term(u.x, v.x), term(u.y, v.y), term(u.z, v.z), term(u.w, v.w));
      sum += select(vec4f(0), terms, inside);
      if (LOSS == RELATIVE) { squares += select(vec4f(0), v * v, inside); }
    }
  }
  let at = block * WG + lane;
  if (LOSS == RELATIVE) {
    out[2 * at] = sumOf(sum);
    out[2 * at + 1] = sumOf(squares);
  } else {
    out[at] = sumOf(sum);
  }
}

fn termsOf(i: u32) -> vec2f {
  if (LOSS == RELATIVE) { return vec2f(terms[2 * i], terms[2 * i + 1]); }
  return vec2f(terms[i], 0);
}

@compute @workgroup_size(WG)
fn finish(@builtin(local_invocation_index) lane: u32) {
  var share = vec2f(0);
  for (var block = 0u; block < p.blocks; block++) { share += termsOf(block * WG + lane); }
  shares[lane] = share;
  workgroupBarrier();
  if (lane != 0) { return; }
  var sum = vec2f(0);
  for (var i = 0u; i < WG; i++) { sum += shares[i]; }
  if (LOSS == RELATIVE) {
    total[0] = sum.x;
    total[1] = sum.y;
    out[0] = 100 * sqrt(sum.x) / sqrt(sum.y);
  } else {
    out[0] = p.scale * sum.x;
  }
}

@compute @workgroup_size(WG)
fn backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (4 * i >= p.N) { return; }
  let u = a[i];
  let v = b[i];
  out4[i] = dy[0] * p.scale * vec4f(slope(u.x, v.x), slope(u.y, v.y), slope(u.z, v.z), slope(u.w, v.w));
}

@compute @workgroup_size(WG)
fn relative_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (4 * i >= p.N) { return; }
  let error = sqrt(sums[0]);
  let size = sqrt(sums[1]);
  let factor = 100 * dy[0] / error / size;
  var gradient = factor * (a[i] - b[i]);
  if (WRT == 1) { gradient = -gradient - factor * (error / size) * (error / size) * b[i]; }
  out4[i] = select(gradient, vec4f(0), error == 0 || size == 0);
}
