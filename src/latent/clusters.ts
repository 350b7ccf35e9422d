import type { Draws } from "./draws.ts";

const mostSweeps = 300;

/** The sweeps end when the centres move by less, all together and squared, in units of a coordinate's mean variance. */
const tolerance = 1e-4;

/** Points in K groups: the group of each point (N), and the groups' centres (K, D). */
export interface Clusters {
  labels: Uint32Array;
  centres: Float64Array;
}

/**
 * K groups of points (N, D) by Lloyd's algorithm, from seeds spread out as k-means++ does it (Arthur & Vassilvitskii
 * 2007), each the best of a few candidates. Where there are fewer different points than groups, groups stay empty.
 */
export function cluster(points: ArrayLike<number>, D: number, K: number, draws: Draws): Clusters {
  const centres = seeds(points, D, K, draws);
  const N = points.length / D;
  const labels = new Uint32Array(N);
  const least = tolerance * meanVariance(points, D);
  for (let sweep = 0; sweep < mostSweeps; sweep++) {
    const moved = assign(points, D, centres, labels);
    if (sweep > 0 && !moved) break;
    const before = centres.slice();
    moveToMeans(points, D, centres, labels);
    if (squaredDistance(centres, 0, before, 0, K * D) <= least) break;
  }
  return { labels, centres };
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

/** Labels each point with its nearest centre, and says whether any label changed. */
function assign(points: ArrayLike<number>, D: number, centres: Float64Array, labels: Uint32Array): boolean {
  const K = centres.length / D;
  let moved = false;
  for (let n = 0; n < labels.length; n++) {
    let least = Infinity;
    let nearest = 0;
    for (let k = 0; k < K; k++) {
      const distance = squaredDistance(points, n * D, centres, k * D, D);
      if (distance < least) {
        least = distance;
        nearest = k;
      }
    }
    if (labels[n] !== nearest) moved = true;
    labels[n] = nearest;
  }
  return moved;
}

/** Moves each centre to the mean of its points; one without points stays. */
function moveToMeans(points: ArrayLike<number>, D: number, centres: Float64Array, labels: Uint32Array): void {
  const K = centres.length / D;
  const counts = new Uint32Array(K);
  for (const label of labels) counts[label]!++;
  for (let k = 0; k < K; k++) if (counts[k]! > 0) centres.fill(0, k * D, (k + 1) * D);
  labels.forEach((label, n) => {
    for (let j = 0; j < D; j++) centres[label * D + j]! += points[n * D + j]! / counts[label]!;
  });
}

/** The mean over coordinates of their variance. */
function meanVariance(points: ArrayLike<number>, D: number): number {
  const N = points.length / D;
  const centre = new Float64Array(D);
  moveToMeans(points, D, centre, new Uint32Array(N));
  let sum = 0;
  for (let n = 0; n < N; n++) sum += squaredDistance(points, n * D, centre, 0, D);
  return sum / points.length;
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
