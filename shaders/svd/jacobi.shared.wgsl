// svd/jacobi.shared: one-sided Jacobi (Hestenes 1958) on the columns of small w (R × 4B), for lavapipe.
//   solve    w, info -> w, info   at most `sweeps` sweeps; a workgroup, which is a subgroup, per matrix
// R ≤ 32 rows, B ≤ WG blocks of four columns. Lane i holds block i, of `lanes`, a power of two.
// requires lib/svdColumns.wgsl
// requires lib/svdMeet.wgsl

struct Params { R: u32, B: u32, lanes: u32, sweeps: u32, tolerance: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> w: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> info: array<u32>;

@compute @workgroup_size(WG)
fn solve(@builtin(local_invocation_index) lane: u32, @builtin(workgroup_id) group: vec3u) {
  let base = group.x * p.R * p.B + lane;
  let at = 4 * group.x;
  var x: Columns;
  let eight = ROWS / 4 - u32(p.B == 0); // the compiler shall not know, and unroll
  for (var t = 0u; t < eight; t++) {
    var rows = mat4x4f();
    for (var r = 4 * t; r < 4 * t + eight / 2; r++) {
      var row = vec4f(0);
      if (r < p.R && lane < p.B) { row = w[base + r * p.B]; }
      rows = shift(rows, row);
    }
    push(&x, rows);
  }
  var squares = vec4f(0);
  let found = rotate(&x, &squares, lane, p.lanes, select(0, p.sweeps, info[at + 1] > 0), p.tolerance);
  for (var t = 0u; t < eight; t++) {
    var rows = mat4x4f(x[0], x[1], x[2], x[3]);
    for (var r = 4 * t; r < 4 * t + eight / 2; r++) {
      if (r < p.R && lane < p.B) { w[base + r * p.B] = rows[0]; }
      rows = shift(rows, vec4f(0));
    }
    push(&x, mat4x4f());
  }
  if (lane == 0u) {
    info[at + 2] = found.x;
    info[at + 3] = select(0, found.y, info[at + 1] > 0);
  }
}
