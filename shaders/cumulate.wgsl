// requires lib/math.wgsl
// cumulate: sums, products or extremes of the elements up to each one, along the middle axis of x (A,R,B), in P blocks of `block`.
//   scan      x, before (A,P,B) -> out (A,R,B)   from before[block], or where P is 1 from 0 for a sum, 1 for a product
//   totals    x -> out (A,P,B)                   the sum of each block
//   product_backward   x, before (A,R,B), dy -> out (A,R,B)   dx = before · S, S = dy + next x · next S; P is 1
//   running            x -> out (A,R,B)      the largest of the elements up to each one, or with LEAST the smallest; P is 1
//   running_backward   x, y, dy -> out       each dy to the last of the elements that are as large
// EXCLUSIVE leaves the element itself out; REVERSE begins at the end. A lane owns a block of one (a,b), whose elements
// are B apart: the order never changes.

override WG: u32 = 64;
override PRODUCT: bool = false;
override EXCLUSIVE: bool = false;
override REVERSE: bool = false;
override LEAST: bool = false;

struct Params { N: u32, R: u32, B: u32, P: u32, block: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> before: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<storage, read> y: array<f32>;

struct Block { start: u32, end: u32, column: u32 }

/** The elements of lane i, in the order of the scan: lanes count (A,P,B). */
fn blockOf(i: u32) -> Block {
  let row = i / p.B;
  let a = row / p.P;
  let start = (row - a * p.P) * p.block;
  return Block(start, min(p.R, start + p.block), a * p.R * p.B + (i - row * p.B));
}

/** Where the r-th element of a column is. */
fn place(column: u32, r: u32) -> u32 { return column + select(r, p.R - 1 - r, REVERSE) * p.B; }

@compute @workgroup_size(WG)
fn scan(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let mine = blockOf(i);
  var start = 0.0;
  if (p.P > 1) { start = before[i]; }
  var all = select(0.0, 1.0, PRODUCT);
  for (var r = mine.start; r < mine.end; r++) {
    let at = place(mine.column, r);
    let last = all;
    if (PRODUCT) { all *= x[at]; } else { all += x[at]; }
    let value = select(all, last, EXCLUSIVE);
    if (PRODUCT) { out[at] = value; } else { out[at] = start + value; }
  }
}

@compute @workgroup_size(WG)
fn totals(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let mine = blockOf(i);
  var sum = 0.0;
  for (var r = mine.start; r < mine.end; r++) { sum += x[place(mine.column, r)]; }
  out[i] = sum;
}

@compute @workgroup_size(WG)
fn product_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let column = blockOf(i).column;
  var later = 0.0; // what S has of the elements after this one
  for (var r = p.R; r > 0; r--) {
    let at = place(column, r - 1);
    let S = later + select(dy[at], 0, EXCLUSIVE);
    out[at] = before[at] * S;
    later = x[at] * S + select(0, dy[at], EXCLUSIVE);
  }
}

/** Whether x is the extreme of all up to it, `most` that of those before; the first NaN is one for good. */
fn takesOver(x: f32, most: f32) -> bool {
  if (isNan(most)) { return false; }
  return isNan(x) || select(orderOf(x) >= orderOf(most), orderOf(x) <= orderOf(most), LEAST);
}

@compute @workgroup_size(WG)
fn running(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let column = blockOf(i).column;
  var most = 0.0;
  for (var r = 0u; r < p.R; r++) {
    let at = place(column, r);
    if (r == 0 || takesOver(x[at], most)) { most = x[at]; }
    out[at] = most;
  }
}

@compute @workgroup_size(WG)
fn running_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.x + id.y * groups.x * WG;
  if (i >= p.N) { return; }
  let column = blockOf(i).column;
  var sum = 0.0;
  for (var r = p.R; r > 0; r--) {
    let at = place(column, r - 1);
    sum += dy[at];
    out[at] = 0;
    if (r == 1 || takesOver(x[at], y[place(column, max(r, 2) - 2)])) {
      out[at] = sum;
      sum = 0;
    }
  }
}
