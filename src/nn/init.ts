import { threefry2x32 } from "../ops/lib/threefry.ts";

/**
 * `size` numbers evenly spread over [−limit, limit), fixed by `seed` and `stream`. Other streams of
 * the same seed are independent, so a layer's initial weights do not depend on what other layers there are.
 */
export function uniformValues(size: number, limit: number, seed: number, stream: string): Float32Array {
  const key = hash(stream);
  const values = new Float32Array(size);
  const number = (word: number) => ((word >>> 8) * 2 ** -23 - 1) * limit;
  for (let i = 0; i < size; i += 2) {
    const [first, second] = threefry2x32(seed, key, i / 2, 0);
    values[i] = number(first);
    if (i + 1 < size) values[i + 1] = number(second);
  }
  return values;
}

/** 32 bits that tell texts apart: FNV-1a (Fowler, Noll and Vo) over their UTF-16 units. */
function hash(text: string): number {
  let bits = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) bits = Math.imul(bits ^ text.charCodeAt(i), 0x01000193);
  return bits >>> 0;
}
