import { ArgumentError } from "../device/errors.ts";

/** Numbers that no two uses of one seed share: what they are for is part of the generator's key. */
export const streams = { shuffle: 1, split: 2, independent: 3, diagonal: 4 } as const;

const rotations = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/**
 * Threefry-2x32 with 20 rounds: two random words, a pure function of key and counter.
 * Source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 */
export function threefry2x32(key0: number, key1: number, c0: number, c1: number): [number, number] {
  const keys = [key0, key1, 0x1bd11bda ^ key0 ^ key1] as const;
  let x0 = (c0 + key0) | 0;
  let x1 = (c1 + key1) | 0;
  for (let group = 0; group < 5; group++) {
    const first = (group & 1) * 4;
    for (let round = first; round < first + 4; round++) {
      const turn = rotations[round]!;
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << turn) | (x1 >>> (32 - turn))) ^ x0;
    }
    x0 = (x0 + keys[(group + 1) % 3]!) | 0;
    x1 = (x1 + keys[(group + 2) % 3]! + group + 1) | 0;
  }
  return [x0 >>> 0, x1 >>> 0];
}

/** The number at (`epoch`, `index`) of a stream of `seed`: uniform in [0, 1), with 53 random bits. */
export function uniform(seed: number, stream: number, epoch: number, index: number): number {
  const [high, low] = threefry2x32(seed, stream, epoch, index);
  return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
}

/** Refuses a seed that is not a whole number of 32 bits; `what` names it in the message. */
export function checkSeed(what: string, seed: number): void {
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return;
  throw new ArgumentError(`${what}: expected a whole number from 0 to 4294967295, got ${seed}`);
}

/** A uniformly drawn order of 0 … n−1 (Fisher–Yates): a pure function of its arguments. */
export function permutation(
  n: number,
  seed: number,
  epoch: number,
  stream: number = streams.shuffle,
): Uint32Array {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniform(seed, stream, epoch, i) * (i + 1));
    const moved = order[i]!;
    order[i] = order[j]!;
    order[j] = moved;
  }
  return order;
}
