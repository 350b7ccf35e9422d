// requires lib/svdTakeOut.wgsl
// svd/reduce: the triangle of a pivoted factorisation w Π = Q R of each matrix of a batch.
//   reduce    w -> l, info             all of it; a workgroup per matrix
//   begin     w -> norms, order        of large matrices; a lane per column
//   next      w -> l, panel, found     four pivots of large ones; a workgroup per matrix
//   project   w, panel, found -> w, l  takes them out of the columns that are left; many workgroups per matrix
// w (Q × stride): P columns of Q rows, Q ≥ P. l (P × 4B) = R^T, zero before; row c of it belongs to column c of w as it was,
// so that nothing is permuted. `order` tells which column now stands at each place of w, `norms` its squared length.
//
// Modified Gram–Schmidt, whose R is as good as Householder's (Björck 1967), four pivots at a time: the four
// longest columns left become an orthonormal panel, a lane owning every WG-th row; then the panel is
// taken out of all the others in one go, a lane owning four columns, so that their products need no
// exchange (lib/svdTakeOut.wgsl, and lib/svdTakeOut.shared.wgsl for lavapipe); whole vec4s of a row at a time, which took
// the panels out 1.6 times as fast as single columns did on lavapipe. A pivot that is noise when its turn comes
// counts as zero: it gets an entry of its own on the diagonal, below the noise, which keeps the triangle regular
// and so completes the basis. Not so in a part of a longer matrix, where `whole` is 0: there only zeros count as zero.
// 64 × 512 takes 1.4 ms on a core with lavapipe. Figures: bench/results/README.md.

override WG: u32 = 8;

struct Params { P: u32, Q: u32, B: u32, stride: u32, k: u32, whole: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> info: array<u32>;
@group(0) @binding(2) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> l: array<f32>;
@group(0) @binding(4) var<storage, read_write> norms: array<f32>;
@group(0) @binding(5) var<storage, read_write> order: array<u32>;
@group(0) @binding(6) var<storage, read_write> panel: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> found: array<Panel>;

/** What is known of a panel: q_e · q_f, of which rounding leaves something, how many are no noise, what noise is. */
struct Panel { first: vec4f, rest: vec4f, alive: u32, floor: f32 }

/** Where one matrix lies in each of the buffers. */
struct Place { w: u32, l: u32, columns: u32, panel: u32 }

fn placeOf(matrix: u32) -> Place {
  return Place(matrix * p.Q * p.stride / 4, matrix * p.P * 4 * p.B, matrix * p.P, matrix * p.Q);
}

/** The squared length of the column at place c, which is where it starts from. */
fn measureColumn(at: Place, c: u32) {
  var norm = 0.0;
  for (var r = 0u; r < p.Q; r++) {
    let x = w[at.w + r * p.stride / 4 + c / 4][c % 4];
    norm = fma(x, x, norm);
  }
  norms[at.columns + c] = norm;
  order[at.columns + c] = c;
}

@compute @workgroup_size(WG)
fn begin(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < p.P) { measureColumn(placeOf(id.y), id.x); }
}

var<workgroup> parts: array<vec4f, WG>;

/** The sum over all lanes. */
fn total(lane: u32, part: vec4f) -> vec4f {
  parts[lane] = part;
  workgroupBarrier();
  var sum = vec4f(0);
  for (var i = 0u; i < WG; i++) { sum += parts[i]; }
  workgroupBarrier();
  return sum;
}

var<workgroup> norm_of: array<f32, WG>;
var<workgroup> place_of: array<u32, WG>;

/** Which of the places from k on has the longest column; the first of them. */
fn longest(at: Place, k: u32, lane: u32) -> u32 {
  var most = -1.0;
  var place = k;
  for (var t = k + lane; t < p.P; t += WG) {
    let norm = norms[at.columns + t];
    if (norm > most) {
      most = norm;
      place = t;
    }
  }
  norm_of[lane] = most;
  place_of[lane] = place;
  workgroupBarrier();
  for (var i = 0u; i < WG; i++) {
    if (norm_of[i] > most || (norm_of[i] == most && place_of[i] < place)) {
      most = norm_of[i];
      place = place_of[i];
    }
  }
  workgroupBarrier();
  return place;
}

/** Exchanges what is known of the columns at two places, of which the second is the pivot. */
fn swapNotes(at: Place, i: u32, j: u32, lane: u32) {
  if (lane == 0u && i != j) {
    let column = order[at.columns + i];
    order[at.columns + i] = order[at.columns + j];
    order[at.columns + j] = column;
    norms[at.columns + j] = norms[at.columns + i];
  }
  storageBarrier();
}

const EPS = 1.1920929e-7;

/** What stands on the diagonal for a pivot that is noise. */
fn noiseEntry(floor: f32) -> f32 {
  if (p.whole == 0u) { return 0.0; }
  return select(sqrt(floor) / 16, 1.0, floor == 0.0);
}

/** Makes a panel of the four longest columns from place k on; those that stood where they belong take their places in w. */
fn makePanel(at: Place, k: u32, floorBefore: f32, lane: u32) -> Panel {
  let width = min(4, p.P - k);
  var pivots = vec4u(k);
  for (var e = 0u; e < width; e++) {
    pivots[e] = longest(at, k + e, lane);
    swapNotes(at, k + e, pivots[e], lane);
  }
  let columns = at.columns + min(vec4u(k, k + 1, k + 2, k + 3), vec4u(p.P - 1));
  let c = vec4u(order[columns.x], order[columns.y], order[columns.z], order[columns.w]);

  // the rows of a lane stay with it: no barriers but for the sums, of which those for the next column are taken on the way
  var part = vec4f(0);
  for (var r = lane; r < p.Q; r += WG) {
    let row = at.w + r * p.stride / 4;
    var q = vec4f(0);
    for (var e = 0u; e < 4; e++) {
      if (e < width) {
        let pivot = row + pivots[e] / 4;
        q[e] = w[pivot][pivots[e] % 4];
        w[pivot][pivots[e] % 4] = w[row + k / 4][e];
      }
    }
    panel[at.panel + r] = q;
    part = fma(q, vec4f(q.x), part);
  }
  var floor = floorBefore;
  var alive = 0u;
  var first = vec4f(0);
  var rest = vec4f(0);
  for (var e = 0u; e < 4; e++) {
    let products = total(lane, part);
    let norm = products[e];
    if (k + e == 0u) { floor = f32(p.whole) * 64 * EPS * EPS * norm; }
    let dead = norm <= floor;
    let inverse = select(1 / sqrt(norm), 0.0, dead);
    let later = vec4u(0, 1, 2, 3) > vec4u(e);
    let entry = select(vec4f(0), products * inverse, later);
    part = vec4f(0);
    for (var r = lane; r < p.Q; r += WG) {
      var q = panel[at.panel + r];
      q[e] *= inverse;
      q -= entry * q[e];
      panel[at.panel + r] = q;
      if (e < 3) {
        part = fma(q, vec4f(q[e + 1]), part);
      } else {
        first = fma(q, vec4f(q.x), first);
        rest = fma(vec4f(q.z, q.w, q.w, 0), vec4f(q.y, q.y, q.z, 0), rest);
      }
    }
    if (lane == 0u && e < width) {
      l[at.l + c[e] * 4 * p.B + k + e] = select(sqrt(norm), noiseEntry(floor), dead);
      for (var f = e + 1; f < width; f++) { l[at.l + c[f] * 4 * p.B + k + e] = entry[f]; }
    }
    alive += select(1u, 0u, dead || e >= width);
  }
  storageBarrier();
  return Panel(total(lane, first), total(lane, rest), alive, floor);
}

/** d and the products of a row x of four columns with q, that row of the panel: d[f] is for column f of the panel. */
fn plusProducts(d: mat4x4f, x: vec4f, q: vec4f) -> mat4x4f {
  return mat4x4f(
    fma(x, vec4f(q.x), d[0]), fma(x, vec4f(q.y), d[1]), fma(x, vec4f(q.z), d[2]), fma(x, vec4f(q.w), d[3]),
  );
}

/** d, the products of some columns with the panel, as they are once earlier columns of the panel are taken out. */
fn inTurn(d: mat4x4f, made: Panel) -> mat4x4f {
  let y = d[1] - made.first.y * d[0];
  let z = d[2] - made.first.z * d[0] - made.rest.x * y;
  return mat4x4f(d[0], y, z, d[3] - made.first.w * d[0] - made.rest.y * y - made.rest.z * z);
}

/** x, a row of four columns, without their parts d along q, that row of the panel. */
fn without(x: vec4f, q: vec4f, d: mat4x4f) -> vec4f { return x - d * q; }

/** Writes down d for the four columns from place `first` on, and the squared lengths that are left of them. */
fn noteColumns(at: Place, k: u32, first: u32, d: mat4x4f, left: vec4f) {
  for (var e = 0u; e < min(4, p.P - first); e++) {
    norms[at.columns + first + e] = left[e];
    let row = at.l + order[at.columns + first + e] * 4 * p.B + k;
    for (var f = 0u; f < 4; f++) { l[row + f] = d[f][e]; }
  }
}

var<workgroup> over: u32;

/** Whether a panel is all noise, and so are the columns left. */
fn isLast(made: Panel) -> bool { return made.alive == 0u && p.whole == 1u; }

/** Fills in the pivots from k to before `end`: once a whole panel is noise, so are the columns left, none of which is longer. */
fn leaveNoise(at: Place, k: u32, end: u32, floor: f32, lane: u32) {
  for (var t = k + lane; t < min(end, p.P); t += WG) {
    l[at.l + order[at.columns + t] * 4 * p.B + t] = noiseEntry(floor);
  }
}

@compute @workgroup_size(WG)
fn reduce(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let at = placeOf(group.x);
  for (var c = lane; c < p.P; c += WG) { measureColumn(at, c); }
  storageBarrier();
  var floor = 0.0;
  var rank = 0u;
  for (var step = 0u; step < (p.P + 3) / 4; step++) {
    let k = 4 * step;
    let made = makePanel(at, k, floor, lane);
    floor = made.floor;
    rank += made.alive;
    if (!isLast(made)) {
      for (var t = k + 4; t < p.P; t += 4 * WG) { takeOut(at, k, t + 4 * lane, made, lane); }
    }
    storageBarrier();
    if (lane == 0u) { over = u32(isLast(made)); }
    if (workgroupUniformLoad(&over) == 1u) {
      leaveNoise(at, k + 4, p.P, floor, lane);
      break;
    }
  }
  if (lane == 0u) { info[4 * group.x + 1] = rank; }
}

@compute @workgroup_size(WG)
fn next(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  if (lane == 0u) { over = u32(p.k > 0 && isLast(found[group.x])); }
  if (workgroupUniformLoad(&over) == 1u) {
    leaveNoise(placeOf(group.x), p.k, p.k + 4, found[group.x].floor, lane);
    return;
  }
  let made = makePanel(placeOf(group.x), p.k, found[group.x].floor, lane);
  if (lane == 0u) {
    found[group.x] = made;
    info[4 * group.x + 1] += made.alive;
  }
}

@compute @workgroup_size(WG)
fn project(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = p.k + 4 + 4 * id.x;
  if (!isLast(found[id.y])) { takeOut(placeOf(id.y), p.k, first, found[id.y], lane); }
}
