import { checkSeed, checkWhole } from "../device/arguments.ts";
import { threefry2x32 } from "../ops/lib/threefry.ts";

/** Numbers that no two uses of one seed share: what they are for is part of the generator's key. */
export const streams = {
  shuffle: 1,
  split: 2,
  independent: 3,
  diagonal: 4,
  map: 5,
  train: 6,
  test: 7,
} as const;

/** Values in one set that is made, at most: a gibibyte of them. */
export const mostValues = 2 ** 28;

/** The number at (`epoch`, `index`) of a stream of `seed`: uniform in [0, 1), with 53 random bits. */
export function uniform(seed: number, stream: number, epoch: number, index: number): number {
  const [high, low] = threefry2x32(seed, stream, epoch, index);
  return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
}

/**
 * A uniformly drawn order of 0 … n−1 (Fisher–Yates): a pure function of its arguments, which are whole numbers of 32 bits.
 * Throws ArgumentError for others.
 */
export function permutation(
  n: number,
  seed: number,
  epoch: number,
  stream: number = streams.shuffle,
): Uint32Array {
  checkWhole("permutation: n", n, 0, 2 ** 32 - 1);
  for (const [name, value] of Object.entries({ seed, epoch, stream }))
    checkSeed(`permutation: ${name}`, value);
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = Math.floor(uniform(seed, stream, epoch, i) * (i + 1));
    const moved = order[i]!;
    order[i] = order[j]!;
    order[j] = moved;
  }
  return order;
}
