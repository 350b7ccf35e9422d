import { checkSeed, checkWhole } from "../device/arguments.ts";
import { permutation } from "../data/random.ts";
import { featurePair, squaredDistance, thinned } from "./features.ts";

/** Options of `twoSampleTest`. */
export interface TwoSampleOptions {
  /**
   * "energy": the squared energy distance 2 E ‖a − b‖ − E ‖a − a'‖ − E ‖b − b'‖ (Székely and Rizzo, "Testing for equal
   * distributions in high dimension", 2004). "mmd": the squared maximum mean discrepancy under exp(−‖a − b‖² / (2 h²)),
   * h the median of all distances (Gretton et al., "A kernel two-sample test", 2012). "energy" unless given.
   */
  statistic?: "energy" | "mmd" | undefined;
  /** Points of each set that are compared, evenly spaced ones of all; 300 by default. */
  samples?: number | undefined;
  /** Partitions that say what chance makes; 199 by default. */
  permutations?: number | undefined;
  /** Fixes them: a whole number of 32 bits; 0 by default. */
  seed?: number | undefined;
}

/** Whether two sets of points may come from one distribution. */
export interface TwoSampleTest {
  /** Never negative; 0 for sets of the same points. */
  readonly distance: number;
  /** How probably a partition of all points at random into two such sets has as large a distance. */
  readonly pValue: number;
}

/**
 * Tests whether two sets of points (N, dimension) and (M, dimension), such as codes and draws of their prior, come from one
 * distribution. The p-value is exact: (1 + partitions at least as far) / (1 + partitions), so 0.005 at the least for 199.
 *
 * @throws ShapeError for points that are not whole or fewer than two, NumericalError for values that are not finite,
 * ArgumentError for options outside of their range.
 */
export function twoSampleTest(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  dimension: number,
  { statistic = "energy", samples = 300, permutations = 199, seed = 0 }: TwoSampleOptions = {},
): TwoSampleTest {
  checkWhole("twoSampleTest: samples", samples, 2, 10_000);
  checkWhole("twoSampleTest: permutations", permutations, 1);
  checkSeed("twoSampleTest: seed", seed);
  const pair = featurePair("twoSampleTest", a, b, dimension, 2);
  const [first, second] = [pair.real, pair.generated].map((set) => thinned(set, samples, dimension));
  const all = Float64Array.of(...first!, ...second!);
  const n = first!.length / dimension;
  const N = all.length / dimension;
  const likeness =
    statistic === "energy" ? negated(distances(all, dimension)) : gaussian(distances(all, dimension));
  const order = Uint32Array.from({ length: N }, (_, i) => i);
  const distance = discrepancy(likeness, order, n);
  let asFar = 0;
  for (let i = 0; i < permutations; i++)
    // the same sums in another order differ by rounding
    if (discrepancy(likeness, permutation(N, seed, i), n) >= distance * (1 - 1e-9)) asFar++;
  const scale = statistic === "energy" ? pair.unit : 1;
  return { distance: distance * scale, pValue: (1 + asFar) / (1 + permutations) };
}

/** ‖x_i − x_j‖ of points (N, D), as (N, N). */
function distances(points: Float64Array, D: number): Float64Array {
  const N = points.length / D;
  const all = new Float64Array(N * N);
  for (let i = 0; i < N; i++)
    for (let j = 0; j < i; j++)
      all[i * N + j] = all[j * N + i] = Math.sqrt(squaredDistance(points, i, points, j, D));
  return all;
}

const negated = (all: Float64Array) => all.map((distance) => -distance);

function gaussian(all: Float64Array): Float64Array {
  const N = Math.sqrt(all.length);
  const apart = all.filter((_, at) => at % N < Math.floor(at / N)).sort();
  const median = apart[Math.floor(apart.length / 2)]! || 1;
  return all.map((distance) => Math.exp(-((distance / median) ** 2) / 2));
}

/** Mean likeness within the first n of `order`, and within the others, less twice that across. */
function discrepancy(likeness: Float64Array, order: Uint32Array, n: number): number {
  const N = order.length;
  const weights = new Float64Array(N);
  order.forEach((point, at) => (weights[point] = at < n ? 1 / n : -1 / (N - n)));
  let total = 0;
  for (let i = 0; i < N; i++) {
    let row = 0;
    for (let j = 0; j < N; j++) row += likeness[i * N + j]! * weights[j]!;
    total += weights[i]! * row;
  }
  return Math.max(0, total);
}
