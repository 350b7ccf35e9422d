// pool: the largest, the mean or the sum of each window of images x (N,H,W,C) -> (N,P,Q,C), channel by channel.
//   largest            x -> out, taps    taps: which tap of its window, r S + s, the largest is: the first of equals, the
//                                        first NaN if there is one
//   largest_backward   dy, taps -> out   (N,H,W,C)
//   mean               x -> out
//   mean_backward      dy -> out         (N,H,W,C)
// Taps of a window are `dilation` apart. The mean counts the pixels of the image, with COUNT_PADDING those of its padding too:
// `padded` pixels in all. With SUM nothing is counted. One lane owns one element of out; backwards it goes through the
// windows that may hold its pixel, in their order.

override WG: u32 = 64;
override COUNT_PADDING: bool = true;
override SUM: bool = false;

struct Params {
  N: u32, H: u32, W: u32, C: u32, P: u32, Q: u32, R: u32, S: u32,
  stride_h: u32, stride_w: u32, pad_h: u32, pad_w: u32, dilation_h: u32, dilation_w: u32, padded_h: u32, padded_w: u32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read> taps: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<storage, read_write> found: array<u32>;

/** Image, row, column and channel of an element of (N, height, width, C). */
fn placeOf(i: u32, height: u32, width: u32) -> vec4u {
  let pixel = i / p.C;
  let row = pixel / width;
  let image = row / height;
  return vec4u(image, row - image * height, pixel - row * width, i - pixel * p.C);
}

/** How the windows lie along an axis of `extent` pixels: `windows` of them. */
struct Axis { stride: u32, pad: u32, dilation: u32, taps: u32, extent: u32, windows: u32 }

fn down() -> Axis { return Axis(p.stride_h, p.pad_h, p.dilation_h, p.R, p.H, p.P); }
fn across() -> Axis { return Axis(p.stride_w, p.pad_w, p.dilation_w, p.S, p.W, p.Q); }

/** How many multiples of `step` lie below `end`. */
fn countBelow(end: u32, step: u32) -> u32 { return (end + step - 1) / step; }

/** The taps of window `at` that lie in the image: from .x on, below .y. */
fn tapsInside(at: u32, axis: Axis) -> vec2u {
  let first = at * axis.stride;
  let begin = countBelow(axis.pad - min(first, axis.pad), axis.dilation);
  let room = axis.extent + axis.pad;
  let end = min(axis.taps, countBelow(room - min(first, room), axis.dilation));
  return vec2u(begin, max(begin, end));
}

/** The windows that may hold pixel `at`: from .x on, below .y. */
fn windowsAt(at: u32, axis: Axis) -> vec2u {
  let last = at + axis.pad;
  let reach = axis.dilation * (axis.taps - 1) + 1;
  let begin = select(0, (last - reach) / axis.stride + 1, last >= reach);
  return vec2u(begin, min(axis.windows, last / axis.stride + 1));
}

/** Which tap of a window pixel `at` is; none of them, if the window has it between two. */
fn tapOf(at: u32, window: u32, axis: Axis) -> u32 {
  let beyond = at + axis.pad - window * axis.stride;
  let tap = beyond / axis.dilation;
  return select(axis.taps, tap, tap * axis.dilation == beyond);
}

fn laneIndex(id: vec3u, groups: vec3u) -> u32 { return id.x + id.y * groups.x * WG; }

fn isNan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; }

@compute @workgroup_size(WG)
fn largest(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = laneIndex(id, groups);
  if (i >= p.N * p.P * p.Q * p.C) { return; }
  let at = placeOf(i, p.P, p.Q);
  let rows = tapsInside(at.y, down());
  let columns = tapsInside(at.z, across());
  var most = 0.0;
  var tap = p.R * p.S;
  for (var r = rows.x; r < rows.y; r++) {
    let row = (at.x * p.H + at.y * p.stride_h + r * p.dilation_h - p.pad_h) * p.W;
    for (var s = columns.x; s < columns.y; s++) {
      let v = x[(row + at.z * p.stride_w + s * p.dilation_w - p.pad_w) * p.C + at.w];
      if (tap == p.R * p.S || v > most || (isNan(v) && !isNan(most))) {
        most = v;
        tap = r * p.S + s;
      }
    }
  }
  out[i] = most;
  found[i] = tap;
}

@compute @workgroup_size(WG)
fn largest_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = laneIndex(id, groups);
  if (i >= p.N * p.H * p.W * p.C) { return; }
  let at = placeOf(i, p.H, p.W);
  let rows = windowsAt(at.y, down());
  let columns = windowsAt(at.z, across());
  var sum = 0.0;
  for (var row = rows.x; row < rows.y; row++) {
    let r = tapOf(at.y, row, down());
    for (var column = columns.x; column < columns.y; column++) {
      let s = tapOf(at.z, column, across());
      let tap = select(~0u, r * p.S + s, r < p.R && s < p.S);
      let window = ((at.x * p.P + row) * p.Q + column) * p.C + at.w;
      if (taps[window] == tap) { sum += dy[window]; }
    }
  }
  out[i] = sum;
}

/** What the sum of a window, given its taps in the image, is multiplied by: 1 divided by how many numbers it is the mean of. */
fn shareOf(row: u32, column: u32, rows: vec2u, columns: vec2u) -> f32 {
  if (SUM) { return 1; }
  if (!COUNT_PADDING) { return 1 / f32((rows.y - rows.x) * (columns.y - columns.x)); }
  let high = min(p.R, countBelow(p.padded_h - row * p.stride_h, p.dilation_h));
  let wide = min(p.S, countBelow(p.padded_w - column * p.stride_w, p.dilation_w));
  return 1 / f32(high * wide);
}

@compute @workgroup_size(WG)
fn mean(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = laneIndex(id, groups);
  if (i >= p.N * p.P * p.Q * p.C) { return; }
  let at = placeOf(i, p.P, p.Q);
  let rows = tapsInside(at.y, down());
  let columns = tapsInside(at.z, across());
  var sum = 0.0;
  for (var r = rows.x; r < rows.y; r++) {
    let row = (at.x * p.H + at.y * p.stride_h + r * p.dilation_h - p.pad_h) * p.W;
    for (var s = columns.x; s < columns.y; s++) {
      sum += x[(row + at.z * p.stride_w + s * p.dilation_w - p.pad_w) * p.C + at.w];
    }
  }
  out[i] = sum * shareOf(at.y, at.z, rows, columns);
}

@compute @workgroup_size(WG)
fn mean_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = laneIndex(id, groups);
  if (i >= p.N * p.H * p.W * p.C) { return; }
  let at = placeOf(i, p.H, p.W);
  let rows = windowsAt(at.y, down());
  let columns = windowsAt(at.z, across());
  var sum = 0.0;
  for (var row = rows.x; row < rows.y; row++) {
    if (tapOf(at.y, row, down()) >= p.R) { continue; }
    let inRows = tapsInside(row, down());
    for (var column = columns.x; column < columns.y; column++) {
      if (tapOf(at.z, column, across()) >= p.S) { continue; }
      let share = shareOf(row, column, inRows, tapsInside(column, across()));
      sum += dy[((at.x * p.P + row) * p.Q + column) * p.C + at.w] * share;
    }
  }
  out[i] = sum;
}
