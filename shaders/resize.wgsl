// resize: images x (N,H,W,C) -> (N,P,Q,C) of another height and width.
//   forward      x -> out
//   backward_x   dy -> out     (N,H,W,C)
// Row p of the result lies at max(0, p · mul + add) / den of x: a whole number, where x is read in nearest mode, and a
// rest, by which it is mixed with the next in bilinear mode. Whole numbers all, so that no row is missed by rounding. One
// lane owns one element of out; backwards it goes through the rows and columns that may have read its pixel, in order.

override WG: u32 = 64;
override NEAREST: bool = false;

struct Params {
  N: u32, H: i32, W: i32, C: u32, P: i32, Q: i32,
  mul_h: i32, add_h: i32, den_h: i32, mul_w: i32, add_w: i32, den_w: i32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

/** An axis: where pixel i of the result lies in x, of `extent` pixels, is max(0, i · mul + add) / den. */
struct Axis { mul: i32, add: i32, den: i32, extent: i32 }

/** The two pixels of x that pixel i of the result is mixed of, and the part of the second. */
struct Mix { first: i32, second: i32, part: f32 }

fn mixOf(i: i32, axis: Axis) -> Mix {
  let at = max(0, i * axis.mul + axis.add);
  let first = min(at / axis.den, axis.extent - 1);
  if (NEAREST) { return Mix(first, first, 0); }
  return Mix(first, min(first + 1, axis.extent - 1), f32(at - first * axis.den) / f32(axis.den));
}

/** How much of pixel i of x is in pixel j of the result. */
fn weightOf(i: i32, j: i32, axis: Axis) -> f32 {
  let mix = mixOf(j, axis);
  return select(0.0, 1 - mix.part, mix.first == i) + select(0.0, mix.part, mix.second == i);
}

/** Pixels of the result, of `count`, that may be mixed of pixel i of x: from .x on, below .y. */
fn readersOf(i: i32, axis: Axis, count: i32) -> vec2i {
  if (axis.mul == 0) { return vec2i(0, count); }
  let begin = ((i - 1) * axis.den - axis.add) / axis.mul - 1;
  let end = ((i + 1) * axis.den - axis.add) / axis.mul + 2;
  return vec2i(max(0, begin), min(count, end));
}

fn down() -> Axis { return Axis(p.mul_h, p.add_h, p.den_h, p.H); }
fn across() -> Axis { return Axis(p.mul_w, p.add_w, p.den_w, p.W); }

/** Image, row, column and channel of an element of (N, height, width, C). */
fn placeOf(i: u32, height: i32, width: i32) -> vec4i {
  let pixel = i / p.C;
  let row = pixel / u32(width);
  let image = row / u32(height);
  return vec4i(vec4u(image, row - image * u32(height), pixel - row * u32(width), i - pixel * p.C));
}

fn indexOf(image: i32, row: i32, column: i32, channel: i32, height: i32, width: i32) -> u32 {
  return ((u32(image) * u32(height) + u32(row)) * u32(width) + u32(column)) * p.C + u32(channel);
}

fn laneIndex(id: vec3u, groups: vec3u) -> u32 { return id.x + id.y * groups.x * WG; }

@compute @workgroup_size(WG)
fn forward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = laneIndex(id, groups);
  if (i >= p.N * u32(p.P) * u32(p.Q) * p.C) { return; }
  let at = placeOf(i, p.P, p.Q);
  let row = mixOf(at.y, down());
  let column = mixOf(at.z, across());
  let corner = x[indexOf(at.x, row.first, column.first, at.w, p.H, p.W)];
  if (NEAREST) {
    out[i] = corner;
  } else {
    let right = x[indexOf(at.x, row.first, column.second, at.w, p.H, p.W)];
    let below = x[indexOf(at.x, row.second, column.first, at.w, p.H, p.W)];
    let opposite = x[indexOf(at.x, row.second, column.second, at.w, p.H, p.W)];
    let top = corner * (1 - column.part) + right * column.part;
    let bottom = below * (1 - column.part) + opposite * column.part;
    out[i] = top * (1 - row.part) + bottom * row.part;
  }
}

@compute @workgroup_size(WG)
fn backward_x(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = laneIndex(id, groups);
  if (i >= p.N * u32(p.H) * u32(p.W) * p.C) { return; }
  let at = placeOf(i, p.H, p.W);
  let rows = readersOf(at.y, down(), p.P);
  let columns = readersOf(at.z, across(), p.Q);
  var sum = 0.0;
  for (var row = rows.x; row < rows.y; row++) {
    let weight = weightOf(at.y, row, down());
    for (var column = columns.x; column < columns.y; column++) {
      sum += weight * weightOf(at.z, column, across()) * dy[indexOf(at.x, row, column, at.w, p.P, p.Q)];
    }
  }
  out[i] = sum;
}
