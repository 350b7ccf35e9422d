// svd/reduce: the triangle of a pivoted factorisation w Π = Q R of each matrix of a batch.
//   reduce   w, info -> l   l (P × 4B) = R^T; row c of it belongs to column c of w, so nothing is permuted
// w (Q × P); P columns of Q rows, Q ≥ P; B blocks of four columns of l, which is zero before. A workgroup
// per matrix.
//
// Modified Gram–Schmidt, whose R is as good as Householder's (Björck 1967), four pivots at a time: the four
// longest columns left become an orthonormal panel, a lane owning every WG-th row; then the panel is
// taken out of all the others in one go, a lane owning four columns, so that their products need no
// exchange. A pivot that is noise when its turn comes counts as zero: it gets an entry of its own on the
// diagonal, below the noise, which keeps the triangle regular and so completes the basis.

override WG: u32 = 8;

struct Params { P: u32, Q: u32, B: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> info: array<u32>;
@group(0) @binding(2) var<storage, read_write> w: array<f32>;
@group(0) @binding(3) var<storage, read_write> l: array<f32>;
@group(0) @binding(4) var<storage, read_write> norms: array<f32>;
@group(0) @binding(5) var<storage, read_write> order: array<u32>;
@group(0) @binding(6) var<storage, read_write> panel: array<vec4f>;

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

/** Where one matrix lies in each of the buffers. */
struct Place { w: u32, l: u32, columns: u32, panel: u32 }

/** The places in the order, from k on, of the four longest columns. */
fn longest(at: u32, k: u32) -> vec4u {
  var found = vec4u(k, k + 1, k + 2, k + 3);
  for (var e = 0u; e < 4; e++) {
    var most = -1.0;
    for (var t = k; t < p.P; t++) {
      let norm = norms[at + order[at + t]];
      let taken = (e > 0 && t == found.x) || (e > 1 && t == found.y) || (e > 2 && t == found.z);
      if (norm > most && !taken) {
        most = norm;
        found[e] = t;
      }
    }
  }
  return found;
}

/** Moves the columns at these places of the order to its places k … k + 3. */
fn bringForward(at: u32, k: u32, places: vec4u) {
  var next = places;
  for (var e = 0u; e < 4 && k + e < p.P; e++) {
    let column = order[at + next[e]];
    order[at + next[e]] = order[at + k + e];
    order[at + k + e] = column;
    next = select(next, vec4u(next[e]), next == vec4u(k + e));
  }
}

fn fourOf(row: u32, c: vec4u) -> vec4f { return vec4f(w[row + c.x], w[row + c.y], w[row + c.z], w[row + c.w]); }

/** The products q_e · q_f of the panel, of which rounding leaves something. */
struct Overlap { first: vec4f, rest: vec4f }

/** Takes the panel out of the four columns from place `first` of the order on. */
fn project(at: Place, k: u32, first: u32, overlap: Overlap) {
  let places = at.columns + min(vec4u(first) + vec4u(0, 1, 2, 3), vec4u(p.P - 1));
  let c = vec4u(order[places.x], order[places.y], order[places.z], order[places.w]);
  var d = mat4x4f();
  for (var r = 0u; r < p.Q; r++) {
    let x = fourOf(at.w + r * p.P, c);
    let q = panel[at.panel + r];
    d[0] = fma(x, vec4f(q.x), d[0]);
    d[1] = fma(x, vec4f(q.y), d[1]);
    d[2] = fma(x, vec4f(q.z), d[2]);
    d[3] = fma(x, vec4f(q.w), d[3]);
  }
  d[1] -= overlap.first.y * d[0];
  d[2] -= overlap.first.z * d[0] + overlap.rest.x * d[1];
  d[3] -= overlap.first.w * d[0] + overlap.rest.y * d[1] + overlap.rest.z * d[2];
  var left = vec4f(0);
  for (var r = 0u; r < p.Q; r++) {
    let row = at.w + r * p.P;
    let q = panel[at.panel + r];
    let x = fourOf(row, c) - (q.x * d[0] + q.y * d[1] + q.z * d[2] + q.w * d[3]);
    left = fma(x, x, left);
    w[row + c.x] = x.x;
    w[row + c.y] = x.y;
    w[row + c.z] = x.z;
    w[row + c.w] = x.w;
  }
  for (var e = 0u; e < 4 && first + e < p.P; e++) {
    norms[at.columns + c[e]] = left[e];
    let row = at.l + c[e] * 4 * p.B + k;
    for (var f = 0u; f < 4; f++) { l[row + f] = d[f][e]; }
  }
}

const EPS = 1.1920929e-7;

@compute @workgroup_size(WG)
fn reduce(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let g = group.x;
  let at = Place(g * p.Q * p.P, g * p.P * 4 * p.B, g * p.P, g * p.Q);
  for (var c = lane; c < p.P; c += WG) {
    var norm = 0.0;
    for (var r = 0u; r < p.Q; r++) { norm = fma(w[at.w + r * p.P + c], w[at.w + r * p.P + c], norm); }
    norms[at.columns + c] = norm;
    order[at.columns + c] = c;
  }
  storageBarrier();

  var floor = 0.0;
  var rank = 0u;
  for (var step = 0u; step < (p.P + 3) / 4; step++) {
    let k = 4 * step;
    let places = longest(at.columns, k);
    storageBarrier();
    if (lane == 0u) { bringForward(at.columns, k, places); }
    storageBarrier();
    let width = min(4, p.P - k);
    let columns = at.columns + min(vec4u(k, k + 1, k + 2, k + 3), vec4u(p.P - 1));
    let c = vec4u(order[columns.x], order[columns.y], order[columns.z], order[columns.w]);

    // the rows of a lane stay with it: the panel grows without a barrier but for the sums
    for (var r = lane; r < p.Q; r += WG) {
      let row = fourOf(at.w + r * p.P, c);
      panel[at.panel + r] = select(vec4f(0), row, vec4u(0, 1, 2, 3) < vec4u(width));
    }
    var alive = 0u;
    for (var e = 0u; e < 4; e++) {
      var part = vec4f(0);
      for (var r = lane; r < p.Q; r += WG) {
        let q = panel[at.panel + r];
        part = fma(q, vec4f(q[e]), part);
      }
      let products = total(lane, part);
      let norm = products[e];
      if (k + e == 0u) { floor = 64 * EPS * EPS * norm; }
      let dead = norm <= floor;
      let inverse = select(1 / sqrt(norm), 0.0, dead);
      let later = vec4u(0, 1, 2, 3) > vec4u(e);
      let entry = select(vec4f(0), products * inverse, later);
      for (var r = lane; r < p.Q; r += WG) {
        var q = panel[at.panel + r];
        q[e] *= inverse;
        panel[at.panel + r] = q - entry * q[e];
      }
      if (lane == 0u && e < width) {
        l[at.l + c[e] * 4 * p.B + k + e] = select(sqrt(norm), select(sqrt(floor) / 16, 1.0, floor == 0.0), dead);
        for (var f = e + 1; f < width; f++) { l[at.l + c[f] * 4 * p.B + k + e] = entry[f]; }
      }
      alive += select(1u, 0u, dead || e >= width);
    }
    rank += alive;
    var first = vec4f(0);
    var rest = vec4f(0);
    for (var r = lane; r < p.Q; r += WG) {
      let q = panel[at.panel + r];
      first = fma(q, vec4f(q.x), first);
      rest = fma(vec4f(q.z, q.w, q.w, 0), vec4f(q.y, q.y, q.z, 0), rest);
    }
    storageBarrier();
    let overlap = Overlap(total(lane, first), total(lane, rest));
    if (alive > 0) {
      for (var t = k + 4 + 4 * lane; t < p.P; t += 4 * WG) { project(at, k, t, overlap); }
    }
    storageBarrier();
  }
  if (lane == 0u) { info[2 * g + 1] = rank; }
}
