import { checkSeed } from "../device/arguments.ts";
import { threefry2x32 } from "../ops/lib/threefry.ts";

/** What draws of one seed are for: part of the generator's key, apart from the streams of the data sets. */
export const streams = {
  clusters: 0x6c61_7401,
  samples: 0x6c61_7402,
  directions: 0x6c61_7403,
  normality: 0x6c61_7404,
  inputs: 0x6c61_7405,
} as const;

/** Random numbers one after the other, a pure function of seed and stream. */
export class Draws {
  readonly #seed: number;
  readonly #stream: number;
  #drawn = 0;
  #spare: number | undefined;

  /** `seed` is a whole number of 32 bits; ArgumentError otherwise. */
  constructor(seed: number, stream: number) {
    checkSeed("the seed", seed);
    this.#seed = seed;
    this.#stream = stream;
  }

  /** Uniform in [0, 1), with 53 random bits. */
  uniform(): number {
    const n = this.#drawn++;
    const [high, low] = threefry2x32(this.#seed, this.#stream, n >>> 0, Math.floor(n / 2 ** 32));
    return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
  }

  /** Standard normal, by Box and Muller's method. */
  normal(): number {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) return spare;
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** An index drawn in proportion to `weights`, which are not negative; of zeros alone, any index alike. */
  index(weights: ArrayLike<number>): number {
    let total = 0;
    for (let i = 0; i < weights.length; i++) total += weights[i]!;
    const u = this.uniform();
    if (!(total > 0)) return Math.floor(u * weights.length);
    let left = u * total;
    let last = 0;
    for (let i = 0; i < weights.length; i++) {
      if (weights[i] === 0) continue;
      last = i;
      left -= weights[i]!;
      if (left < 0) break;
    }
    return last;
  }
}
