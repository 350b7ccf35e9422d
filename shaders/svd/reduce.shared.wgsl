// svd/reduce.shared: the triangle of a pivoted factorisation w Π = Q R of small matrices, as svd/reduce finds it, for
// lavapipe.
//   reduce   w -> l, info   a workgroup, which is a subgroup, per matrix
// w (Q × stride): P columns of Q rows, P ≤ Q ≤ 32, P ≤ 4 WG. l (P × 4B) = R^T. Lane i holds columns 4 i … 4 i + 3. Modified
// Gram–Schmidt, one pivot at a time: the longest column that is left, which all lanes take out of theirs.
// requires lib/svdColumns.wgsl

struct Params { P: u32, Q: u32, B: u32, stride: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> info: array<u32>;
@group(0) @binding(2) var<storage, read> w: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> l: array<f32>;

const EPS = 1.1920929e-7;

@compute @workgroup_size(WG)
fn reduce(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let columns = 4 * lane + vec4u(0, 1, 2, 3);
  var left = columns < vec4u(p.P); // columns that have not been pivots
  var x: Columns;
  var norms = vec4f(0);
  for (var r = 0u; r < ROWS - u32(p.P == 0); r++) { // the compiler shall not know, and unroll
    var row = vec4f(0);
    if (r < p.Q && 4 * lane < p.P) { row = select(row, w[(group.x * p.Q + r) * p.stride / 4 + lane], left); }
    push(&x, row);
    norms += row * row;
  }
  var floor = 0.0;
  var rank = 0u;
  for (var k = 0u; k < p.P; k++) {
    // the first of the longest columns
    let candidates = select(vec4f(-1), norms, left);
    let most = subgroupMax(max(max(candidates.x, candidates.y), max(candidates.z, candidates.w)));
    let places = select(vec4u(4 * WG), columns, candidates == vec4f(most));
    let pivot = subgroupMin(min(min(places.x, places.y), min(places.z, places.w)));
    if (k == 0) { floor = 64 * EPS * EPS * most; }
    let dead = most <= floor;
    rank += select(1u, 0u, dead);
    let mine = columns == vec4u(pivot);
    left = left & !mine;

    let inverse = select(1 / sqrt(most), 0.0, dead);
    var q: array<f32, ROWS>;
    var products = vec4f(0);
    for (var r = 0u; r < ROWS; r++) {
      let own = select(vec4f(0), x[r], mine);
      q[r] = inverse * subgroupShuffle((own.x + own.y) + (own.z + own.w), pivot / 4);
      products += q[r] * x[r];
    }
    norms = vec4f(0);
    for (var r = 0u; r < ROWS; r++) {
      let rest = x[r] - q[r] * products;
      x[r] = rest;
      norms += rest * rest;
    }
    // a pivot that is noise gets an entry below the noise: see svd/reduce
    let diagonal = select(sqrt(most), select(sqrt(floor) / 16, 1.0, floor == 0.0), dead);
    let entries = select(select(vec4f(0), products, left), vec4f(diagonal), mine);
    for (var e = 0u; e < 4; e++) {
      if (columns[e] < p.P) { l[(group.x * p.P + columns[e]) * 4 * p.B + k] = entries[e]; }
    }
  }
  if (lane == 0u) { info[4 * group.x + 1] = rank; }
}
