// The tile where lanes share nothing: each owns 4 rows by one vec4 of columns, and loads all it needs. It works
// on every device, and wastes nothing where there are few columns. sharedTile.wgsl is the other one.

override TILE_WG: u32 = 64;
const ROWS = 4u;
const LOADS = 4u; // rows that a lane loads

var<private> acc: array<vec4f, 4>;

/** The row of its tile that a lane loads as its `load`-th: a lane's rows stand next to each other. */
fn rowOf(load: u32, lane: u32) -> u32 { return load; }

/** The lane's tile and vec4 of columns: lanes go over the columns first. */
fn place(group: u32, lane: u32, tiles: u32, columns: u32) -> vec2u {
  let i = group * TILE_WG + lane;
  return vec2u(i / columns, i % columns);
}

/** acc += a · b for four steps of the depth: a[load] holds them for row `rowOf(load)`, b[step] is a row of columns. */
fn multiply(a: array<vec4f, 4>, b: array<vec4f, 4>) {
  acc[0] += a[0].x * b[0] + a[0].y * b[1] + a[0].z * b[2] + a[0].w * b[3];
  acc[1] += a[1].x * b[0] + a[1].y * b[1] + a[1].z * b[2] + a[1].w * b[3];
  acc[2] += a[2].x * b[0] + a[2].y * b[1] + a[2].z * b[2] + a[2].w * b[3];
  acc[3] += a[3].x * b[0] + a[3].y * b[1] + a[3].z * b[2] + a[3].w * b[3];
}

/** acc += a · b for one step of the depth: a holds it for the rows `rowOf(0 … 3)`. */
fn multiplyOne(a: vec4f, b: vec4f) {
  acc[0] += a.x * b;
  acc[1] += a.y * b;
  acc[2] += a.z * b;
  acc[3] += a.w * b;
}

/** Calls the kernel's `storeRow` for each row; at[load] is where row `rowOf(load)` goes. */
fn storeRows(at: vec4u, column: u32) {
  let shift = biasOf(column);
  storeRow(at.x, column, activate(acc[0] + shift));
  storeRow(at.y, column, activate(acc[1] + shift));
  storeRow(at.z, column, activate(acc[2] + shift));
  storeRow(at.w, column, activate(acc[3] + shift));
}
