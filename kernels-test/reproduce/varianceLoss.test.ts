import { expect, test } from "vitest";
import { Dataset } from "../../src/data/dataset.ts";
import { experimentOf } from "../../src/reproduce/experiments.ts";
import { figure3Line, movingAverage, pcaLosses } from "../../src/reproduce/varianceLossComputed.ts";
import { values } from "../check.ts";

test("figure 3: both figures are the paper's, by the definitions and by the gains of a moving average", () => {
  const { metrics } = movingAverage(11);
  expect(metrics.mse).toBeCloseTo(0.546, 12);
  expect(metrics.varianceLoss).toBeCloseTo(2.648, 12);
  const line = figure3Line();
  const power = (k: number) => {
    const part = (wave: (angle: number) => number) =>
      line.reduce((sum, x, n) => sum + x * wave((2 * Math.PI * k * n) / line.length), 0);
    return (2 * (part(Math.sin) ** 2 + part(Math.cos) ** 2)) / line.length ** 2; // ½ a²
  };
  for (const window of [3, 15, 25]) {
    const measured = movingAverage(window).metrics;
    let [mse, loss] = [0, 0];
    for (const k of [3, 11]) {
      let gain = 0;
      for (let i = -(window - 1) / 2; i <= (window - 1) / 2; i++)
        gain += Math.cos((2 * Math.PI * k * i) / line.length) / window;
      mse += power(k) * (1 - gain) ** 2;
      loss += power(k) * (1 - gain ** 2);
    }
    expect(measured.mse).toBeCloseTo(mse, 10);
    expect(measured.varianceLoss).toBeCloseTo(loss, 10);
  }
});

test("figure 4: PCA lies on the diagonal to 1e-5, and there are twelve networks on each of three data sets", () => {
  const stored = Float32Array.from(values(60 * 40, 1), (value, i) => value * (1 + (i % 40)));
  const data = new Dataset({ name: "points", shape: [40], stored });
  for (const k of [1, 4, 30]) {
    const { mse, varianceRatio } = pcaLosses(data, k).metrics;
    expect(mse).toBeGreaterThan(0);
    expect(Math.abs(varianceRatio! - 1)).toBeLessThan(1e-5);
  }
  const { rows } = experimentOf("variance-loss/figure4", undefined, "quick");
  const trained = rows.filter(({ compute }) => !compute);
  for (const set of ["mnist", "fashion-mnist", "cifar10"])
    expect(trained.filter(({ config }) => config.data === set)).toHaveLength(12);
});
