// Threefry-2x32 with 20 rounds: two random words, a pure function of key and counter.
// Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

fn threefry_round(x: vec2u, turn: u32) -> vec2u {
  let sum = x.x + x.y;
  return vec2u(sum, ((x.y << turn) | (x.y >> (32u - turn))) ^ sum);
}

fn threefry_four(x: vec2u, turns: vec4u) -> vec2u {
  return threefry_round(
    threefry_round(threefry_round(threefry_round(x, turns.x), turns.y), turns.z), turns.w);
}

fn threefry2x32(key: vec2u, counter: vec2u) -> vec2u {
  const even = vec4u(13, 15, 26, 6);
  const odd = vec4u(17, 29, 16, 24);
  let third = 0x1bd11bdau ^ key.x ^ key.y;
  var x = counter + key;
  x = threefry_four(x, even) + vec2u(key.y, third + 1u);
  x = threefry_four(x, odd) + vec2u(third, key.x + 2u);
  x = threefry_four(x, even) + vec2u(key.x, key.y + 3u);
  x = threefry_four(x, odd) + vec2u(key.y, third + 4u);
  return threefry_four(x, even) + vec2u(third, key.x + 5u);
}
