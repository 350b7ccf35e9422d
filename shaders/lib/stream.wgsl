// Where a stream of random numbers stands, and its counter. The counter is one number of 64 bits, low word first.

struct State { key: vec2u, counter: vec2u }

fn plus(counter: vec2u, n: u32) -> vec2u {
  let low = counter.x + n;
  return vec2u(low, counter.y + select(0u, 1u, low < n));
}
