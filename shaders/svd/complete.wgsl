// svd/complete: what svd/orthonormalise does, for large matrices: the columns of y (Q × K), long ones first, become
// orthonormal in place.
//   measure    y -> y, s         s (K) the lengths that they had; a lane per column
//   take       y, s -> x         a panel x (Q × 16), its columns from `first` on; a lane per row
//   products   y, x, s -> t      t (K × 16) = y^T x; a lane per four earlier columns
//   subtract   y, t, s -> x      x − y t; a lane per four rows and four columns
//   settle     x, s -> y, s      the panel orthonormal in itself, and back in its place; a workgroup per matrix
//   finish     s -> s            in order; a workgroup per matrix
// Columns longer than `strong` times the first are orthogonal already, and only divided by their length. Panels with
// others are made orthogonal to all before them and in themselves, twice (Giraud, Langou & Rozložník 2005). Of columns
// up to `noise` times the first nothing is known: they start from random numbers instead, and complete the basis.

override WG: u32 = 8;

struct Params {
  Q: u32, K: u32, first: u32, again: u32, strong: f32, noise: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> s: array<f32>;
@group(0) @binding(4) var<storage, read_write> x: array<f32>;
@group(0) @binding(5) var<storage, read_write> t: array<vec4f>;

const PANEL = 16u;

/** Where one matrix lies in each of the buffers. */
struct Place { y: u32, s: u32, x: u32, t: u32 }

fn placeOf(matrix: u32) -> Place {
  return Place(matrix * p.Q * p.K, matrix * p.K, matrix * p.Q * PANEL, matrix * p.K * 4);
}

@compute @workgroup_size(WG)
fn measure(@builtin(global_invocation_id) id: vec3u) {
  let j = id.x;
  if (j >= p.K) { return; }
  let at = placeOf(id.y);
  var sum = 0.0;
  for (var r = 0u; r < p.Q; r += 32) { // in parts: long sums lose more to rounding
    var part = 0.0;
    for (var t = r; t < min(r + 32, p.Q); t++) {
      let entry = y[at.y + t * p.K + j];
      part = fma(entry, entry, part);
    }
    sum += part;
  }
  s[at.s + j] = sqrt(sum);
  let unit = select(0.0, 1 / sqrt(sum), sum > 0.0);
  for (var r = 0u; r < p.Q; r++) { y[at.y + r * p.K + j] *= unit; }
}

fn noise(at: Place, j: u32) -> bool { return s[at.s + j] <= p.noise * s[at.s]; }

/** Whether the panel has a column that is not strong. */
fn hasWork(at: Place) -> bool {
  var least = s[at.s + p.first];
  for (var j = p.first; j < min(p.first + PANEL, p.K); j++) { least = min(least, s[at.s + j]); }
  return least <= p.strong * s[at.s];
}

/** A number in [−1, 1) that looks random: the integers' finaliser of MurmurHash3 (Appleby 2011). */
fn random(row: u32, column: u32) -> f32 {
  var h = row * 0x9e3779b9u + column * 0x85ebca6bu + 1u;
  h = (h ^ (h >> 16u)) * 0x85ebca6bu;
  h = (h ^ (h >> 13u)) * 0xc2b2ae35u;
  return f32(i32(h ^ (h >> 16u))) / 2147483648.0;
}

@compute @workgroup_size(WG)
fn take(@builtin(global_invocation_id) id: vec3u) {
  let at = placeOf(id.y);
  let r = id.x;
  if (r >= p.Q || !hasWork(at)) { return; }
  for (var c = 0u; c < PANEL; c++) {
    let j = p.first + c;
    var entry = 0.0;
    if (j < p.K) {
      entry = y[at.y + r * p.K + j];
      if (noise(at, j)) { entry = random(r, j); }
    }
    x[at.x + PANEL * r + c] = entry;
  }
}

fn fourOf(place: u32) -> vec4f { return vec4f(x[place], x[place + 1], x[place + 2], x[place + 3]); }

@compute @workgroup_size(WG)
fn products(@builtin(global_invocation_id) id: vec3u) {
  let at = placeOf(id.y);
  let i = 4 * id.x;
  if (i >= p.first || !hasWork(at)) { return; }
  var sums: array<mat4x4f, 4>;
  for (var r = 0u; r < p.Q; r++) {
    let row = at.y + r * p.K + i;
    let columns = vec4f(y[row], y[row + 1], y[row + 2], y[row + 3]);
    for (var q = 0u; q < 4; q++) {
      let four = fourOf(at.x + PANEL * r + 4 * q);
      sums[q] += mat4x4f(four * columns.x, four * columns.y, four * columns.z, four * columns.w);
    }
  }
  for (var q = 0u; q < 4; q++) {
    for (var c = 0u; c < 4; c++) { t[at.t + 4 * (i + c) + q] = sums[q][c]; }
  }
}

@compute @workgroup_size(WG)
fn subtract(@builtin(global_invocation_id) id: vec3u) {
  let at = placeOf(id.y);
  let r = id.x / 4 * 4;
  let q = id.x % 4;
  if (r >= p.Q || !hasWork(at)) { return; }
  let rows = at.y + min(vec4u(r, r + 1, r + 2, r + 3), vec4u(p.Q - 1)) * p.K;
  var sums = mat4x4f();
  for (var i = 0u; i < p.first; i++) {
    let factor = t[at.t + 4 * i + q];
    sums += mat4x4f(factor * y[rows.x + i], factor * y[rows.y + i], factor * y[rows.z + i], factor * y[rows.w + i]);
  }
  for (var c = 0u; c < min(4, p.Q - r); c++) {
    let place = at.x + PANEL * (r + c) + 4 * q;
    x[place] -= sums[c].x;
    x[place + 1] -= sums[c].y;
    x[place + 2] -= sums[c].z;
    x[place + 3] -= sums[c].w;
  }
}

var<workgroup> parts: array<mat4x4f, WG>;

/** The sum over all lanes. */
fn total(lane: u32, part: mat4x4f) -> mat4x4f {
  parts[lane] = part;
  workgroupBarrier();
  var sum = mat4x4f();
  for (var i = 0u; i < WG; i++) { sum += parts[i]; }
  workgroupBarrier();
  return sum;
}

var<workgroup> busy: u32;

@compute @workgroup_size(WG)
fn settle(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let at = placeOf(group.y);
  if (lane == 0u) { busy = u32(hasWork(at)); }
  if (workgroupUniformLoad(&busy) == 0u) { return; }
  let width = min(PANEL, p.K - p.first);
  for (var e = 0u; e < width; e++) {
    var part = mat4x4f();
    for (var r = lane; r < p.Q; r += WG) {
      let row = at.x + PANEL * r;
      let entry = x[row + e];
      part += mat4x4f(entry * fourOf(row), entry * fourOf(row + 4), entry * fourOf(row + 8), entry * fourOf(row + 12));
    }
    let products = total(lane, part);
    let squared = products[e / 4][e % 4];
    let inverse = select(0.0, 1 / sqrt(squared), squared > 0.0);
    for (var r = lane; r < p.Q; r += WG) {
      let row = at.x + PANEL * r;
      let entry = x[row + e] * inverse;
      x[row + e] = entry;
      y[at.y + r * p.K + p.first + e] = entry;
      for (var c = e + 1; c < width; c++) { x[row + c] -= products[c / 4][c % 4] * inverse * entry; }
    }
    if (lane == 0u && p.again == 0u && !noise(at, p.first + e)) { s[at.s + p.first + e] *= sqrt(squared); }
  }
}

@compute @workgroup_size(WG)
fn finish(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let at = placeOf(group.y);
  if (lane > 0u) { return; }
  for (var j = 1u; j < p.K; j++) { s[at.s + j] = min(s[at.s + j], s[at.s + j - 1]); }
}
