import { expect, test } from "vitest";
import { ArgumentError } from "../src/device/errors.ts";
import * as ops from "../src/ops/draws.ts";
import { RandomState } from "../src/ops/random.ts";
import { tensor } from "../src/tensor/tensor.ts";
import { withDevices } from "./check.ts";
import { erf, normal } from "./references.ts";

const N = 20_000;

withDevices((device) => {
  const state = () => new RandomState(device(), 11);
  /** The largest distance of shares of the sample from a distribution's function, times √n: above 2 once in 1,500. */
  const distance = (sample: Float32Array, cdf: (x: number) => number) => {
    const sorted = Float64Array.from(sample).sort();
    return Math.sqrt(N) * sorted.reduce((most, x, i) => Math.max(most, Math.abs(cdf(x) - (i + 0.5) / N)), 0);
  };

  test("numbers follow their distributions", async () => {
    const cut = await ops.truncatedNormal(state(), [N], -1, 2).read();
    expect(Math.min(...cut)).toBeGreaterThanOrEqual(-1);
    expect(Math.max(...cut)).toBeLessThanOrEqual(2);
    expect(distance(cut, (x) => (normal(x) - normal(-1)) / (normal(2) - normal(-1)))).toBeLessThan(2);
    const waits = await ops.randomExponential(state(), [N]).read();
    expect(distance(waits, (x) => 1 - Math.exp(-x))).toBeLessThan(2);
    const shapes = [0.5, 1, 2].flatMap((alpha) => new Array<number>(N).fill(alpha));
    const gamma = await ops.randomGamma(state(), tensor(device(), shapes)).read();
    const of = (k: number) => gamma.subarray(k * N, (k + 1) * N);
    expect(distance(of(0), (x) => erf(Math.sqrt(x)))).toBeLessThan(2);
    expect(distance(of(1), (x) => 1 - Math.exp(-x))).toBeLessThan(2);
    expect(distance(of(2), (x) => 1 - (1 + x) * Math.exp(-x))).toBeLessThan(2);
  });

  test("whole numbers, coins and classes come as often as they should", async () => {
    const near = (count: number, p: number) =>
      expect(Math.abs(count - p * N) / Math.sqrt(p * (1 - p) * N)).toBeLessThan(4);
    const count = (list: Float32Array, k: number) => list.filter((x) => x === k).length;
    const dice = await ops.randomIntegers(state(), [N], -1, 3).read();
    for (const k of [-1, 0, 1, 2]) near(count(dice, k), 1 / 4);
    const coins = await ops.bernoulli(state(), tensor(device(), new Float32Array(N).fill(0.3))).read();
    near(count(coins, 1), 0.3);
    expect(count(coins, 0) + count(coins, 1)).toBe(N);
    const logits = tensor(device(), [0, Math.log(3), -Infinity, Math.log(4), 5, -Infinity], [2, 3]);
    const classes = ops.categorical(state(), logits, N);
    expect(classes.shape).toEqual([2, N]);
    const all = await classes.read();
    const [first, second] = [all.subarray(0, N), all.subarray(N)];
    near(count(first, 0), 1 / 4);
    near(count(first, 1), 3 / 4);
    near(count(second, 0), 4 / (4 + Math.exp(5)));
    expect(count(all, 2)).toBe(0);
  });

  test("ranges that are empty or too long are refused", () => {
    expect(() => ops.randomIntegers(state(), [1], 3, 3)).toThrow(ArgumentError);
    expect(() => ops.truncatedNormal(state(), [1], 2, 1)).toThrow(ArgumentError);
    expect(() => ops.categorical(state(), tensor(device(), [1]), 0)).toThrow(ArgumentError);
  });
});
