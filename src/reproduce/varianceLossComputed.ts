import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import type { Dataset } from "../data/dataset.ts";
import { varianceLoss as lossOf } from "../metrics/varianceLoss.ts";
import { pointsChart } from "../report/points.ts";
import type { Computed } from "./experiment.ts";

/** The published figures of the two lines, and the number of neighbours, itself among them, that ours is averaged over. */
export const smoothed = { window: 11, mse: 0.546, loss: 2.648, count: 240, waves: [3, 11] } as const;

/** What the mean over `window` neighbours multiplies a wave of k periods with. */
function gain(window: number, k: number): number {
  const half = (Math.PI * k) / smoothed.count;
  return Math.sin(window * half) / (window * Math.sin(half));
}

/** The line: amplitudes by two linear equations in ½ a². */
export function figure3Line(): Float64Array {
  const { window, mse, loss, count, waves } = smoothed;
  const [g, h] = waves.map((k) => gain(window, k)) as [number, number];
  const [a, b, c, d] = [(1 - g) ** 2, (1 - h) ** 2, 1 - g * g, 1 - h * h];
  const det = a * d - b * c;
  const powers = [(mse * d - b * loss) / det, (a * loss - c * mse) / det];
  return Float64Array.from({ length: count }, (_, n) =>
    waves.reduce<number>(
      (sum, k, i) => sum + Math.sqrt(2 * powers[i]!) * Math.sin((2 * Math.PI * k * n) / count),
      0,
    ),
  );
}

/** The line and its moving average, measured by the definitions. */
export function movingAverage(window: number): Computed {
  const line = figure3Line();
  const n = line.length;
  const smooth = line.map((_, at) => {
    let sum = 0;
    for (let i = -(window - 1) / 2; i <= (window - 1) / 2; i++) sum += line[(at + i + n) % n]!;
    return sum / window;
  });
  const { mse, loss, ratio } = lossOf(smooth, line, 1);
  const points = (values: Float64Array) => Array.from(values, (y, x) => ({ x, y }));
  const drawn = pointsChart({
    series: [
      { label: "line", points: points(line), isLine: true, isBare: true },
      { label: `mean of ${window} points`, points: points(smooth), isLine: true, isBare: true },
    ],
    x: { label: "point" },
    y: { label: "value" },
  });
  return {
    metrics: { mse, varianceLoss: loss, varianceRatio: ratio },
    files: { "line.svg": drawn },
  };
}

/** mse and variance loss of images cut to their first k principal components, over all of them. */
export function pcaLosses(data: Dataset, k: number, most = 300): Computed {
  const chosen = data.take(most);
  const x = new Matrix(chosen.count, data.size);
  const values = chosen.values();
  for (let i = 0; i < values.length; i++) x.set(Math.floor(i / data.size), i % data.size, values[i]!);
  const mean = x.mean("column");
  x.subRowVector(mean);
  const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(x.mmul(x.transpose()), {
    assumeSymmetric: true,
  });
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  const U = eigenvectorMatrix.subMatrixColumn(order.slice(0, k));
  const made = U.mmul(U.transpose().mmul(x));
  const { mse, loss, ratio } = lossOf(made.to1DArray(), x.to1DArray(), data.size);
  return { metrics: { mse, varianceLoss: loss, varianceRatio: ratio } };
}
