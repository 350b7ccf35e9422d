// writes: puts words that came to the device with others in their place, between the launches of one pass.
//   put   data -> out   out[to .. to + count] = data[first .. first + count]
// A lane takes a word of each turn of the grid.

override WG: u32 = 64;

struct Params { first: u32, to: u32, count: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> data: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;

@compute @workgroup_size(WG)
fn put(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < p.count; i += groups.x * WG) { out[p.to + i] = data[p.first + i]; }
}
