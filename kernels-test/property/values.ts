/** The numbers that properties are tried on: every kind of f32, from a seed. */

/** Uniform in [0, 1). */
export type Random = () => number;

/** Mulberry32: 2^32 states, one a seed. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The smallest positive f32 that is normal. Nothing is asked of what is below but that it is small. */
export const smallestNormal = 2 ** -126;
export const largestFloat = (2 - 2 ** -23) * 2 ** 127;

export const isSubnormal = (x: number) => x !== 0 && Math.abs(x) < smallestNormal;

const specials = [
  ...[-Infinity, -Infinity, Infinity, NaN, 0, -0, 1, -1],
  ...[2 ** -149, -(2 ** -149), 1e-40, -1e-40, smallestNormal - 2 ** -149, smallestNormal],
  ...[largestFloat, -largestFloat, 2 ** 24 + 2, -3e-39],
];

const pick = <T>(list: readonly T[], random: Random) => list[Math.floor(random() * list.length)]!;

/** Makes the n numbers of one operand. */
export type Values = (n: number, random: Random) => number[];

/** `f` of uniform numbers in [-1, 1). */
export function each(f: (u: number) => number): Values {
  return (n, random) => Array.from({ length: n }, () => f(2 * random() - 1));
}

/** Numbers in [-1, 1) that are all different, and at least 2^-13 apart; for kinks between elements of an operand. */
export const apart: Values = (n, random) => {
  const steps = 2 ** Math.max(13, Math.ceil(Math.log2(n + 1)));
  const [odd, first] = [2 * Math.floor((random() * steps) / 2) + 1, Math.floor(random() * steps)];
  return Array.from({ length: n }, (_, k) => (2 * ((first + k * odd) % steps)) / steps - 1);
};

/** Multiples of 1/64 in [-1, 1], and `offset`; for kinks between operands of different offsets. */
export const gridded = (offset: number): Values => each((u) => Math.round(64 * u) / 64 + offset);

/** Finite numbers of all sizes up to `limit`, many of them small and whole, among which equals are frequent. */
export function wide(limit: number): Values {
  const top = Math.log2(limit);
  return (n, random) =>
    Array.from({ length: n }, () => {
      const kind = random();
      if (kind < 0.3) return Math.round(6 * random() - 3);
      if (kind < 0.7) return 8 * random() - 4;
      return (random() < 0.5 ? -1 : 1) * 2 ** (-140 + (top + 140) * random());
    });
}

/**
 * `base` with a few of `kinds` among them, here and there or everywhere: unless given infinities, NaN, both zeros,
 * subnormal numbers, the largest.
 */
export function withSpecials(base: Values, limit: number, kinds: readonly number[] = specials): Values {
  return (n, random) => {
    const some = Array.from({ length: 1 + Math.floor(3 * random()) }, () => pick(kinds, random)).map((x) =>
      Number.isFinite(x) && Math.abs(x) > limit ? Math.sign(x) * limit : x,
    );
    const density = pick([1 / Math.max(1, n), 0.05, 0.3, 0.8, 1], random);
    return base(n, random).map((x) => (random() < density ? pick(some, random) : x));
  };
}

/** Indices of `extent` elements. */
export const indices =
  (extent: number): Values =>
  (n, random) =>
    Array.from({ length: n }, () => Math.floor(random() * extent));

/** Indices of `extent` elements, and numbers that are none. */
export const indicesAndOthers =
  (extent: number): Values =>
  (n, random) =>
    indices(extent)(n, random).map((i) =>
      random() < 0.1 ? pick([-1, extent, i + 0.5, NaN, Infinity, -Infinity, 1e-40], random) : i,
    );
