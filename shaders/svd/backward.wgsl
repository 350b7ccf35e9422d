// svd/backward: the table between the matrix products of the gradient of a = U diag(s) V^T.
//   middle   au, av, ds, s -> out   out (P × P), from au = U^T dU, av = V^T dV and ds
//   unscale  x, s -> out            out (R × C) = x with its columns, or its rows, divided by s
// For a batch of `count` matrices; a lane owns one element. Values up to `tau` times the first are
// rounding errors, whose vectors have no gradient. outerU says that U has columns short of a basis
// (M > N), outerV that V has (N > M): then out also takes back what U unscale(dU) says within U.

override WG: u32 = 64;

struct Params { P: u32, R: u32, C: u32, count: u32, rows: u32, outerU: u32, outerV: u32, tau: f32, damping: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> au: array<f32>;
@group(0) @binding(2) var<storage, read> av: array<f32>;
@group(0) @binding(3) var<storage, read> ds: array<f32>;
@group(0) @binding(4) var<storage, read> s: array<f32>;
@group(0) @binding(5) var<storage, read> x: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;

fn element(id: vec3u, groups: vec3u) -> u32 {
  return id.x + id.y * groups.x * WG;
}

@compute @workgroup_size(WG)
fn middle(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let e = element(id, groups);
  if (e >= p.count * p.P * p.P) { return; }
  let b = e / (p.P * p.P);
  let i = e / p.P % p.P;
  let j = e % p.P;
  let mirrored = b * p.P * p.P + j * p.P + i;
  let si = s[b * p.P + i];
  let sj = s[b * p.P + j];
  let floor = p.tau * s[b * p.P];
  let deadI = si <= floor;
  let deadJ = sj <= floor;
  // column j of U^T dU and of V^T dV belongs to vector j
  let uij = select(au[e], 0.0, deadJ);
  let uji = select(au[mirrored], 0.0, deadI);
  let vij = select(av[e], 0.0, deadJ);
  let vji = select(av[mirrored], 0.0, deadI);
  var sum = 0.0;
  if (i == j) { sum = ds[b * p.P + i]; }
  else if (!(deadI && deadJ)) {
    let scale = max(si, sj);
    let ri = si / scale;
    let rj = sj / scale;
    let gap = (rj - ri) * (rj + ri);
    let unit = max(abs(gap), p.damping); // or squares of small ones would be zero
    let near = vec2f(gap, p.damping) / unit;
    let inverse = near.x / dot(near, near) / unit;
    sum = inverse * ((uij - uji) * rj + ri * (vij - vji)) / scale;
  }
  if (p.outerU == 1u && !deadJ) { sum -= uij / sj; }
  if (p.outerV == 1u && !deadI) { sum -= vji / si; }
  out[e] = sum;
}

@compute @workgroup_size(WG)
fn unscale(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let e = element(id, groups);
  let size = p.R * p.C;
  if (e >= p.count * size) { return; }
  let b = e / size;
  let i = select(e % p.C, e % size / p.C, p.rows == 1u);
  let length = s[b * p.P + i];
  out[e] = select(x[e] / length, 0.0, length <= p.tau * s[b * p.P]);
}
