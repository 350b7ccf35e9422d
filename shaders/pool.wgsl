// pool: the largest or the mean of each window of images x (N,H,W,C) -> (N,P,Q,C), channel by channel.
//   largest            x -> out, taps    taps: which tap of its window, r S + s, the largest is: the first of equals, the
//                                        first NaN if there is one
//   largest_backward   dy, taps -> out   (N,H,W,C)
//   mean               x -> out
//   mean_backward      dy -> out         (N,H,W,C)
// One lane owns one element of out; backwards it goes through the windows that hold its pixel, in their order.

override WG: u32 = 64;
override COUNT_PADDING: bool = true;

struct Params {
  N: u32, H: u32, W: u32, C: u32, P: u32, Q: u32, R: u32, S: u32,
  stride_h: u32, stride_w: u32, pad_h: u32, pad_w: u32,
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

/** The taps of window `at` along an axis that lie in the image: from .x on, below .y. */
fn tapsInside(at: u32, stride: u32, pad: u32, taps: u32, extent: u32) -> vec2u {
  let first = at * stride;
  let begin = select(0, pad - first, first < pad);
  let end = min(taps, extent + pad - min(first, extent + pad));
  return vec2u(begin, max(begin, end));
}

/** The windows along an axis that hold pixel `at`: from .x on, below .y. */
fn windowsAt(at: u32, stride: u32, pad: u32, taps: u32, windows: u32) -> vec2u {
  let last = at + pad;
  let begin = select(0, (last - taps) / stride + 1, last >= taps);
  return vec2u(begin, min(windows, last / stride + 1));
}

fn laneIndex(id: vec3u, groups: vec3u) -> u32 { return id.x + id.y * groups.x * WG; }

fn isNan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; }

@compute @workgroup_size(WG)
fn largest(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = laneIndex(id, groups);
  if (i >= p.N * p.P * p.Q * p.C) { return; }
  let at = placeOf(i, p.P, p.Q);
  let rows = tapsInside(at.y, p.stride_h, p.pad_h, p.R, p.H);
  let columns = tapsInside(at.z, p.stride_w, p.pad_w, p.S, p.W);
  var most = 0.0;
  var tap = p.R * p.S;
  for (var r = rows.x; r < rows.y; r++) {
    let row = (at.x * p.H + at.y * p.stride_h + r - p.pad_h) * p.W;
    for (var s = columns.x; s < columns.y; s++) {
      let v = x[(row + at.z * p.stride_w + s - p.pad_w) * p.C + at.w];
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
  let rows = windowsAt(at.y, p.stride_h, p.pad_h, p.R, p.P);
  let columns = windowsAt(at.z, p.stride_w, p.pad_w, p.S, p.Q);
  var sum = 0.0;
  for (var row = rows.x; row < rows.y; row++) {
    for (var column = columns.x; column < columns.y; column++) {
      let tap = (at.y + p.pad_h - row * p.stride_h) * p.S + at.z + p.pad_w - column * p.stride_w;
      let window = ((at.x * p.P + row) * p.Q + column) * p.C + at.w;
      if (taps[window] == tap) { sum += dy[window]; }
    }
  }
  out[i] = sum;
}

/** One divided by how many numbers the mean of a window is of. */
fn shareOf(rows: vec2u, columns: vec2u) -> f32 {
  if (COUNT_PADDING) { return 1 / f32(p.R * p.S); }
  return 1 / f32((rows.y - rows.x) * (columns.y - columns.x));
}

@compute @workgroup_size(WG)
fn mean(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = laneIndex(id, groups);
  if (i >= p.N * p.P * p.Q * p.C) { return; }
  let at = placeOf(i, p.P, p.Q);
  let rows = tapsInside(at.y, p.stride_h, p.pad_h, p.R, p.H);
  let columns = tapsInside(at.z, p.stride_w, p.pad_w, p.S, p.W);
  var sum = 0.0;
  for (var r = rows.x; r < rows.y; r++) {
    let row = (at.x * p.H + at.y * p.stride_h + r - p.pad_h) * p.W;
    for (var s = columns.x; s < columns.y; s++) {
      sum += x[(row + at.z * p.stride_w + s - p.pad_w) * p.C + at.w];
    }
  }
  out[i] = sum * shareOf(rows, columns);
}

@compute @workgroup_size(WG)
fn mean_backward(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = laneIndex(id, groups);
  if (i >= p.N * p.H * p.W * p.C) { return; }
  let at = placeOf(i, p.H, p.W);
  let rows = windowsAt(at.y, p.stride_h, p.pad_h, p.R, p.P);
  let columns = windowsAt(at.z, p.stride_w, p.pad_w, p.S, p.Q);
  var sum = 0.0;
  for (var row = rows.x; row < rows.y; row++) {
    let down = tapsInside(row, p.stride_h, p.pad_h, p.R, p.H);
    for (var column = columns.x; column < columns.y; column++) {
      let across = tapsInside(column, p.stride_w, p.pad_w, p.S, p.W);
      sum += dy[((at.x * p.P + row) * p.Q + column) * p.C + at.w] * shareOf(down, across);
    }
  }
  out[i] = sum;
}
