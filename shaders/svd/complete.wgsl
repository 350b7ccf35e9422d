// svd/complete: the columns of y (Q × K), long ones first, become orthonormal in place.
//   alone      y, info -> y, s   all that follows; a workgroup per matrix
//   measure    y -> y, s         s (K) the lengths that they had; a lane per column
//   take       y, s -> x         a panel x (Q × 16), its columns from `first` on; a lane per row
//   products   y, x, s -> t      t (K × 16) = y^T x; a lane per four earlier columns
//   subtract   y, t, s -> x      x − y t; a lane per four rows and four columns
//   settle     x, s -> y, s      the panel orthonormal in itself, and back in its place; a workgroup per matrix
//   finish     s -> s            in order; a workgroup per matrix
// Columns longer than `strong` times the first are orthogonal already, and only divided by their length. Panels with
// others are made orthogonal to all before them and in themselves; twice if a column loses more than half of its square
// (Giraud, Langou & Rozložník 2005). Of columns up to `noise` times the first nothing is known: they start from random
// numbers instead, and complete the basis. So do those up to `doubtful` times the first of which less than a quarter of the
// square is left the first time: they may be rounding errors within the span of the others, of which nothing but such is
// left; a panel with such a column is made orthogonal a third time, as the random numbers come after the first. `bounded`: no
// more than the rank in info of the lengths are other than rounding errors. Figures: bench/results/README.md.

override WG: u32 = 8;

struct Params {
  Q: u32, K: u32, first: u32, again: u32, bounded: u32, strong: f32, noise: f32, doubtful: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read> info: array<u32>;
@group(0) @binding(3) var<storage, read_write> s: array<f32>;
@group(0) @binding(4) var<storage, read_write> x: array<f32>;
@group(0) @binding(5) var<storage, read_write> t: array<vec4f>;

const PANEL = 16u;

/** Where one matrix lies in each of the buffers. */
struct Place { y: u32, s: u32, x: u32, t: u32 }

fn placeOf(matrix: u32) -> Place {
  return Place(matrix * p.Q * p.K, matrix * p.K, matrix * p.Q * PANEL, matrix * p.K * 4);
}

fn measureColumn(at: Place, j: u32) {
  var sum = 0.0;
  let run = max(32, u32(sqrt(f32(p.Q))));
  for (var r = 0u; r < p.Q; r += run) { // in parts: long sums lose more to rounding
    var part = 0.0;
    for (var t = r; t < min(r + run, p.Q); t++) {
      let entry = y[at.y + t * p.K + j];
      part = fma(entry, entry, part);
    }
    sum += part;
  }
  s[at.s + j] = sqrt(sum);
  let unit = select(0.0, 1 / sqrt(sum), sum > 0.0);
  for (var r = 0u; r < p.Q; r++) { y[at.y + r * p.K + j] *= unit; }
}

@compute @workgroup_size(WG)
fn measure(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < p.K) { measureColumn(placeOf(id.y), id.x); }
}

fn noise(at: Place, j: u32) -> bool { return s[at.s + j] <= p.noise * s[at.s]; }

/** Whether the panel has a column that is not strong; the second time, one that lost much; the third, one that began anew. */
fn hasWork(at: Place, first: u32, again: u32) -> bool {
  var least = s[at.s + first];
  for (var j = first; j < min(first + PANEL, p.K); j++) { least = min(least, s[at.s + j]); }
  return least <= p.strong * s[at.s] && (again == 0u || t[at.t + 4 * first].x >= f32(again)); // t has no products there
}

/** A number in [−1, 1) that looks random: the integers' finaliser of MurmurHash3 (Appleby 2011). */
fn random(row: u32, column: u32) -> f32 {
  var h = row * 0x9e3779b9u + column * 0x85ebca6bu + 1u;
  h = (h ^ (h >> 16u)) * 0x85ebca6bu;
  h = (h ^ (h >> 13u)) * 0xc2b2ae35u;
  return f32(i32(h ^ (h >> 16u))) / 2147483648.0;
}

fn takeRow(at: Place, first: u32, r: u32) {
  for (var c = 0u; c < PANEL; c++) {
    let j = first + c;
    var entry = 0.0;
    if (j < p.K) {
      entry = y[at.y + r * p.K + j];
      if (noise(at, j)) { entry = random(r, j); }
    }
    x[at.x + PANEL * r + c] = entry;
  }
}

@compute @workgroup_size(WG)
fn take(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = placeOf(id.y);
  if (!hasWork(at, p.first, p.again)) { return; }
  for (var r = id.x; r < p.Q; r += groups.x * WG) { takeRow(at, p.first, r); }
}

fn fourOf(place: u32) -> vec4f { return vec4f(x[place], x[place + 1], x[place + 2], x[place + 3]); }

/** Products of the panel with columns i … i + 3, which come before it. */
fn productsWith(at: Place, i: u32) {
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
fn products(@builtin(global_invocation_id) id: vec3u) {
  let at = placeOf(id.y);
  if (4 * id.x < p.first && hasWork(at, p.first, p.again)) { productsWith(at, 4 * id.x); }
}

/** Takes the columns before `first` out of four rows and four columns of the panel. */
fn subtractFrom(at: Place, first: u32, place: u32) {
  let r = place / 4 * 4;
  let q = place % 4;
  let rows = at.y + min(vec4u(r, r + 1, r + 2, r + 3), vec4u(p.Q - 1)) * p.K;
  var sums = mat4x4f();
  for (var i = 0u; i < first; i++) {
    let factor = t[at.t + 4 * i + q];
    sums += mat4x4f(factor * y[rows.x + i], factor * y[rows.y + i], factor * y[rows.z + i], factor * y[rows.w + i]);
  }
  for (var c = 0u; c < min(4, p.Q - r); c++) {
    let to = at.x + PANEL * (r + c) + 4 * q;
    x[to] -= sums[c].x;
    x[to + 1] -= sums[c].y;
    x[to + 2] -= sums[c].z;
    x[to + 3] -= sums[c].w;
  }
}

@compute @workgroup_size(WG)
fn subtract(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let at = placeOf(id.y);
  if (!hasWork(at, p.first, p.again)) { return; }
  for (var place = id.x; place / 4 * 4 < p.Q; place += groups.x * WG) { subtractFrom(at, p.first, place); }
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

fn settlePanel(at: Place, first: u32, again: u32, lane: u32) {
  let width = min(PANEL, p.K - first);
  let doubtful = p.doubtful * s[at.s];
  var turns = 0.0; // that are still needed
  for (var e = 0u; e < width; e++) {
    let j = first + e;
    let isDoubtful = again == 0u && s[at.s + j] <= doubtful;
    var part = mat4x4f();
    for (var r = lane; r < p.Q; r += WG) {
      let row = at.x + PANEL * r;
      let entry = x[row + e];
      part += mat4x4f(entry * fourOf(row), entry * fourOf(row + 4), entry * fourOf(row + 8), entry * fourOf(row + 12));
    }
    let products = total(lane, part);
    let squared = products[e / 4][e % 4];
    let restarts = isDoubtful && squared < 0.25;
    let inverse = select(0.0, 1 / sqrt(squared), squared > 0.0 && !restarts);
    for (var r = lane; r < p.Q; r += WG) {
      let row = at.x + PANEL * r;
      let entry = x[row + e] * inverse;
      x[row + e] = select(entry, random(r, j), restarts);
      y[at.y + r * p.K + j] = entry;
      for (var c = e + 1; c < width; c++) { x[row + c] -= products[c / 4][c % 4] * inverse * entry; }
    }
    if (lane == 0u && again == 0u) {
      let unknown = restarts || noise(at, j);
      turns = max(turns, select(select(0.0, 1.0, unknown || squared < 0.5), 2.0, restarts));
      s[at.s + j] *= select(sqrt(squared), 1.0, unknown);
    }
  }
  if (lane == 0u && again == 0u) { t[at.t + 4 * first].x = turns; }
}

var<workgroup> busy: u32;

@compute @workgroup_size(WG)
fn settle(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let at = placeOf(group.y);
  if (lane == 0u) { busy = u32(hasWork(at, p.first, p.again)); }
  if (workgroupUniformLoad(&busy) == 0u) { return; }
  settlePanel(at, p.first, p.again, lane);
}

fn putInOrder(at: Place, matrix: u32) {
  for (var j = 1u; j < p.K; j++) { s[at.s + j] = min(s[at.s + j], s[at.s + j - 1]); }
  if (p.bounded == 1u) {
    for (var j = info[4 * matrix + 1]; j < p.K; j++) { s[at.s + j] = 0.0; }
  }
}

@compute @workgroup_size(WG)
fn finish(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  if (lane == 0u) { putInOrder(placeOf(group.y), group.y); }
}

@compute @workgroup_size(WG)
fn alone(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let at = placeOf(group.y);
  for (var j = lane; j < p.K; j += WG) { measureColumn(at, j); }
  storageBarrier();
  for (var first = 0u; first < p.K; first += PANEL) {
    for (var again = 0u; again < 3; again++) {
      if (lane == 0u) { busy = u32(hasWork(at, first, again)); }
      if (workgroupUniformLoad(&busy) == 0u) { break; }
      if (again == 0u) {
        for (var r = lane; r < p.Q; r += WG) { takeRow(at, first, r); }
      }
      storageBarrier();
      for (var i = 4 * lane; i < first; i += 4 * WG) { productsWith(at, i); }
      storageBarrier();
      for (var place = lane; place / 4 * 4 < p.Q; place += WG) { subtractFrom(at, first, place); }
      storageBarrier();
      settlePanel(at, first, again, lane);
    }
    storageBarrier();
  }
  if (lane == 0u) { putInOrder(at, group.y); }
}
