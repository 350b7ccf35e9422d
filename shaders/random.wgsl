// random: numbers of a counter-based generator, whose key and counter lie in `state`.
//   words            -> bits (2 B)  random words
//   uniform_numbers  -> out (N)     evenly spread over [low, low + span), at most `top`
//   normal_numbers   -> out (N)     standard normal
//   advance          -> advanced    the counter, moved on by B blocks; one lane
//   hold     state   -> advanced    key and counter as they are; one lane
//   forget, count, start, place, rank -> out (N)  a random order of 0 .. N - 1, see below
// A block is one Threefry call, two words, two numbers: lane i takes block counter + i and makes
// the elements 2i and 2i + 1. No lane reads what another wrote.
// requires lib/stream.wgsl
// requires lib/threefry.wgsl
// requires lib/precise.wgsl

override WG: u32 = 64;
override BUCKETS: u32 = 1024; // a power of two

struct Params { N: u32, B: u32, low: f32, span: f32, top: f32 }
struct Member { key: vec2u, element: u32, unused: u32 }

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read_write> advanced: State;
@group(0) @binding(3) var<storage, read_write> bits: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<storage, read_write> counts: array<atomic<u32>>;
@group(0) @binding(6) var<storage, read_write> ends: array<atomic<u32>>;
@group(0) @binding(7) var<storage, read> final_ends: array<u32>;
@group(0) @binding(8) var<storage, read_write> members: array<Member>;
@group(0) @binding(9) var<storage, read> placed: array<Member>;

fn block(i: u32) -> vec2u {
  return threefry2x32(state.key, plus(state.counter, i));
}

fn write_pair(i: u32, pair: vec2f) {
  out[2u * i] = pair.x;
  if (2u * i + 1u < p.N) { out[2u * i + 1u] = pair.y; }
}

fn lane(id: vec3u, groups: vec3u) -> u32 {
  return id.x + id.y * groups.x * WG;
}

@compute @workgroup_size(WG)
fn words(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = lane(id, groups);
  if (i >= p.B) { return; }
  let pair = block(i);
  bits[2u * i] = pair.x;
  bits[2u * i + 1u] = pair.y;
}

@compute @workgroup_size(WG)
fn uniform_numbers(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = lane(id, groups);
  if (i >= p.B) { return; }
  let unit = vec2f(block(i) >> vec2u(8u)) * (1.0 / 16777216.0); // 24 bits: exact, and below 1
  write_pair(i, min(p.low + p.span * unit, vec2f(p.top)));
}

// Box and Muller (1958): radius from the first word, angle from the second.
@compute @workgroup_size(WG)
fn normal_numbers(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = lane(id, groups);
  if (i >= p.B) { return; }
  let pair = block(i);
  write_pair(i, sqrt(2.0 * minus_log_of_word(pair.x)) * cos_sin_of_turns(pair.y));
}

@compute @workgroup_size(1)
fn advance() {
  advanced.counter = plus(advanced.counter, p.B);
}

@compute @workgroup_size(1)
fn hold() {
  advanced = state;
}

// A random order: element i draws a key of 64 bits, and its place is the number of smaller keys.
// Keys are first dealt to buckets by their highest bits, so that only those of one bucket are
// compared. Which member of a bucket comes first in memory depends on timing; the result does not.

fn bucket(key: vec2u) -> u32 {
  return key.x >> (32u - firstTrailingBit(BUCKETS));
}

@compute @workgroup_size(WG)
fn forget(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < BUCKETS) { atomicStore(&counts[id.x], 0u); }
}

@compute @workgroup_size(WG)
fn count(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = lane(id, groups);
  if (i < p.N) { atomicAdd(&counts[bucket(block(i))], 1u); }
}

// Turns the sizes of the buckets into where they start; `place` then moves each to its end.
@compute @workgroup_size(1)
fn start() {
  var sum = 0u;
  for (var b = 0u; b < BUCKETS; b++) {
    atomicStore(&ends[b], sum);
    sum += atomicLoad(&counts[b]);
  }
}

@compute @workgroup_size(WG)
fn place(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = lane(id, groups);
  if (i >= p.N) { return; }
  let key = block(i);
  members[atomicAdd(&ends[bucket(key)], 1u)] = Member(key, i, 0u);
}

fn precedes(a: Member, b: Member) -> bool {
  if (a.key.x != b.key.x) { return a.key.x < b.key.x; }
  if (a.key.y != b.key.y) { return a.key.y < b.key.y; }
  return a.element < b.element;
}

@compute @workgroup_size(WG)
fn rank(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = lane(id, groups);
  if (i >= p.N) { return; }
  let own = placed[i];
  let b = bucket(own.key);
  var first = 0u;
  if (b > 0u) { first = final_ends[b - 1u]; }
  let size = final_ends[b] - first;
  var place = first;
  for (var j = 0u; j < size; j++) { place += select(0u, 1u, precedes(placed[first + j], own)); }
  out[place] = f32(own.element);
}
