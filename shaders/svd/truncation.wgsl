// svd/truncation: the tables between the matrix products of the truncated decomposition's gradient, for
// h (B × L) = V diag(s) U^T, its basis u (L × K), coefficients c (B × K) = h u, and all P values s.
//   divide    t, s -> t                 t (P × K): row j of column i divided by s_i² − s_j²; kept rows zero
//   project   g, z -> out               out (L × K) = g − z
//   unscale   g, z, s -> out            out (L × K) = (g + z) / s_i²
//   gauge     inner, ds, s -> out       out (K × K): how the kept vectors turn against each other
//   tilt      d, c, z -> out            out (B × 2K) = d + z, and c beside it
//   beside    u, z -> out               out (L × 2K) = u, and z beside it
//   replace   d, s, info -> t           t (B × L) = d where h has fewer than K directions, `poison` where it has no factors
// Values up to `tau` times the first are rounding errors. A lane owns one element.
// requires lib/svdScale.wgsl

override WG: u32 = 64;

struct Params { B: u32, L: u32, P: u32, K: u32, tau: f32, cap: f32, damping: f32, gauge: u32, poison: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> s: array<f32>;
@group(0) @binding(2) var<storage, read_write> t: array<f32>;
@group(0) @binding(3) var<storage, read> g: array<f32>;
@group(0) @binding(4) var<storage, read> u: array<f32>;
@group(0) @binding(5) var<storage, read> inner: array<f32>;
@group(0) @binding(6) var<storage, read> z: array<f32>;
@group(0) @binding(7) var<storage, read> c: array<f32>;
@group(0) @binding(8) var<storage, read> d: array<f32>;
@group(0) @binding(9) var<storage, read_write> out: array<f32>;
@group(0) @binding(10) var<storage, read> info: array<u32>;

fn element(id: vec3u, groups: vec3u) -> u32 {
  return id.x + id.y * groups.x * WG;
}

fn dead(i: u32) -> bool { return s[i] <= p.tau * s[0]; }

@compute @workgroup_size(WG)
fn divide(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let e = element(id, groups);
  if (e >= p.P * p.K) { return; }
  let i = e % p.K;
  let j = e / p.K;
  let kept = j < p.K && !dead(j);
  let gap = max((s[i] - s[j]) * (s[i] + s[j]), p.cap * s[i] * s[i]);
  t[e] = select(t[e] / gap, 0.0, kept || dead(i));
}

@compute @workgroup_size(WG)
fn project(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let e = element(id, groups);
  if (e >= p.L * p.K) { return; }
  out[e] = g[e] - z[e];
}

@compute @workgroup_size(WG)
fn unscale(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let e = element(id, groups);
  if (e >= p.L * p.K) { return; }
  let i = e % p.K;
  out[e] = select((g[e] + z[e]) / s[i] / s[i], 0.0, dead(i));
}

// inner = u^T g; its antisymmetric part is the derivative along rotations of the kept vectors, which is
// formed before anything is divided. d is the gradient of the singular values. gauge: 0 off, 1 on.
@compute @workgroup_size(WG)
fn gauge(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let e = element(id, groups);
  if (e >= p.K * p.K) { return; }
  let i = e / p.K;
  let j = e % p.K;
  var x = 0.0;
  if (!dead(i) && !dead(j)) {
    let gap = (s[j] - s[i]) * (s[j] + s[i]) / (s[0] * s[0]);
    let damped = gap * gap + p.damping * p.damping;
    if (i == j) { x = d[i] / s[i]; }
    else if (p.gauge == 1u && damped > 0.0) {
      x = (inner[e] - inner[j * p.K + i]) * (gap / damped) / (s[0] * s[0]);
    }
  }
  out[e] = x;
}

@compute @workgroup_size(WG)
fn tilt(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let e = element(id, groups);
  if (e >= p.B * p.K) { return; }
  let row = e - e % p.K;
  out[row + e] = d[e] + z[e];
  out[row + e + p.K] = c[e];
}

@compute @workgroup_size(WG)
fn beside(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let e = element(id, groups);
  if (e >= p.L * p.K) { return; }
  let row = e - e % p.K;
  out[row + e] = u[e];
  out[row + e + p.K] = z[e];
}

@compute @workgroup_size(WG)
fn replace(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let e = element(id, groups);
  if (e >= p.B * p.L) { return; }
  if (lost(info[0], info[3])) { t[e] = p.poison; }
  else if (dead(p.K - 1)) { t[e] = d[e]; }
}
