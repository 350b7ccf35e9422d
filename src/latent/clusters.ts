import type { Device } from "../device/device.ts";
import { range } from "../ops/create.ts";
import { sub } from "../ops/elementwise.ts";
import { equal } from "../ops/logic.ts";
import { matmul } from "../ops/matmul.ts";
import { reshape } from "../ops/rearrange.ts";
import { argmax, sum } from "../ops/reduce.ts";
import { tensor, type Tensor } from "../tensor/tensor.ts";
import type { Draws } from "./draws.ts";

const mostSweeps = 300;

/** The sweeps end when the centres move by less, all together and squared, in units of a coordinate's mean variance. */
const tolerance = 1e-4;

/**
 * The group of each of N points (N, D), 0 … K − 1, by Lloyd's algorithm on the device, from seeds spread out as k-means++
 * does it (Arthur & Vassilvitskii 2007), each the best of a few candidates. Where there are fewer different points than
 * groups, groups stay empty.
 */
export async function cluster(
  device: Device,
  points: ArrayLike<number>,
  D: number,
  K: number,
  draws: Draws,
): Promise<Uint32Array> {
  const N = points.length / D;
  const [centre, scale] = spanOf(points, D);
  const unit = (values: ArrayLike<number>) => {
    const out = new Float64Array(values.length);
    for (let i = 0; i < out.length; i++) out[i] = (values[i]! - centre[i % D]!) / scale;
    return out;
  };
  const shifted = unit(points);
  using x = tensor(device, Float32Array.from(shifted), [N, D]);
  const least = (tolerance * shifted.reduce((sum, value) => sum + value ** 2, 0)) / shifted.length;
  let centres = unit(seeds(points, D, K, draws));
  for (let sweep = 0; sweep < mostSweeps; sweep++) {
    const { sums, counts } = device.scope(() => sumsOf(nearest(x, centres, K), x, K));
    const [total, members] = await Promise.all([sums.read(), counts.read()]);
    sums.dispose();
    counts.dispose();
    const moved = centres.map((value, i) => {
      const count = members[Math.floor(i / D)]!;
      return count > 0 ? total[i]! / count : value;
    });
    const shift = squaredDistance(moved, 0, centres, 0, K * D);
    centres = moved;
    if (shift <= least) break;
  }
  using labels = device.scope(() => nearest(x, centres, K));
  return Uint32Array.from(await labels.read());
}

/** The nearest of the centres (K, D) for each point x (N, D): that of the largest c·x − |c|²/2. */
function nearest(x: Tensor, centres: Float64Array, K: number): Tensor {
  const D = x.shape[1]!;
  const halves = Float32Array.from({ length: K }, (_, k) => {
    const centre = centres.subarray(k * D, (k + 1) * D);
    return centre.reduce((sum, value) => sum + value ** 2, 0) / 2;
  });
  const c = tensor(x.device, Float32Array.from(centres), [K, D]);
  // Centres by rows: with points there, products with so few columns take twice the time.
  return argmax(sub(matmul(c, x, { transposeB: true }), tensor(x.device, halves, [K, 1])), 0);
}

/** The sum of the points x (N, D) of each group, (K, D), and their number (K), from their groups (N). */
function sumsOf(groups: Tensor, x: Tensor, K: number): { sums: Tensor; counts: Tensor } {
  const isIn = equal(groups, reshape(range(x.device, 0, K), [K, 1]));
  return { sums: matmul(isIn, x), counts: sum(isIn, 1) };
}

/** The mean of points (N, D), and the largest distance of a coordinate from it; 1 where that is 0. */
function spanOf(points: ArrayLike<number>, D: number): [Float64Array, number] {
  const mean = new Float64Array(D);
  for (let i = 0; i < points.length; i++) mean[i % D]! += points[i]! / (points.length / D);
  let most = 0;
  for (let i = 0; i < points.length; i++) most = Math.max(most, Math.abs(points[i]! - mean[i % D]!));
  return [mean, most > 0 ? most : 1];
}
function seeds(points: ArrayLike<number>, D: number, K: number, draws: Draws): Float64Array {
  const N = points.length / D;
  const candidates = 2 + Math.floor(Math.log(K));
  const centres = new Float64Array(K * D);
  let nearest = new Float64Array(N).fill(Infinity);
  for (let k = 0; k < K; k++) {
    let least = Infinity;
    let best = nearest;
    for (let trial = 0; trial < (k === 0 ? 1 : candidates); trial++) {
      const from = (k === 0 ? Math.floor(draws.uniform() * N) : draws.index(nearest)) * D;
      const point = Float64Array.from({ length: D }, (_, j) => points[from + j]!);
      const distances = nearest.map((before, n) =>
        Math.min(before, squaredDistance(points, n * D, point, 0, D)),
      );
      const sum = distances.reduce((total, distance) => total + distance, 0);
      if (!(sum < least)) continue;
      least = sum;
      best = distances;
      centres.set(point, k * D);
    }
    nearest = best;
  }
  return centres;
}

function squaredDistance(
  a: ArrayLike<number>,
  fromA: number,
  b: Float64Array,
  fromB: number,
  D: number,
): number {
  let sum = 0;
  for (let j = 0; j < D; j++) {
    const difference = a[fromA + j]! - b[fromB + j]!;
    sum += difference * difference;
  }
  return sum;
}
