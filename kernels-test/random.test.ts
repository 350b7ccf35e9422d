import { expect, test } from "vitest";
import { ArgumentError } from "../src/device/errors.ts";
import { threefry2x32 } from "../src/ops/lib/threefry.ts";
import {
  randomBits,
  randomNormal,
  randomPermutation,
  RandomState,
  randomUniform,
} from "../src/ops/random.ts";
import { record } from "../src/tensor/record.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { expectClose, withDevices } from "./check.ts";

/** Key, counter and result, from the generator's authors. */
const known = [
  [
    [0, 0],
    [0, 0],
    [0x6b200159, 0x99ba4efe],
  ],
  [
    [0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x1cb996fc, 0xbb002be7],
  ],
  [
    [0x13198a2e, 0x03707344],
    [0x243f6a88, 0x85a308d3],
    [0xc4923a9c, 0x483df7a0],
  ],
] as const;

/** Largest distance between the distribution of `sample` and the function `cdf` (Kolmogorov, Smirnov), times √n. */
function distance(sample: Float32Array, cdf: (x: number) => number): number {
  const n = sample.length;
  const sorted = Float64Array.from(sample).sort();
  let worst = 0;
  sorted.forEach((x, i) => (worst = Math.max(worst, cdf(x) - i / n, (i + 1) / n - cdf(x))));
  return worst * Math.sqrt(n);
}

/** The standard normal distribution, by Simpson's rule. */
function normalCdf(x: number): number {
  const steps = 200;
  const h = Math.abs(x) / steps;
  let sum = 0;
  for (let i = 0; i <= steps; i++)
    sum += (i === 0 || i === steps ? 1 : i % 2 ? 4 : 2) * Math.exp(-((i * h) ** 2) / 2);
  return 0.5 + (Math.sign(x) * sum * h) / 3 / Math.sqrt(2 * Math.PI);
}

function moment(sample: Float32Array, power: number): number {
  return sample.reduce((sum, x) => sum + x ** power, 0) / sample.length;
}

function correlation(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0) / a.length;
}

async function wordsOf(bits: Tensor): Promise<Uint32Array> {
  return new Uint32Array(await bits.readBytes());
}

/** Box and Muller's method in float64, from the same words. */
function boxMuller(words: Uint32Array): number[] {
  return Array.from(words, (_, i) => {
    const [first, second] = [words[i - (i % 2)]!, words[i - (i % 2) + 1]!];
    const radius = Math.sqrt(-2 * Math.log((first + 0.5) / 2 ** 32));
    const angle = (2 * Math.PI * second) / 2 ** 32;
    return radius * (i % 2 ? Math.sin(angle) : Math.cos(angle));
  });
}

test("the generator in TypeScript gives the known answers", () => {
  for (const [key, [low, high], answer] of known)
    expect(threefry2x32(key[0], key[1], low, high)).toEqual(answer);
});

withDevices((device) => {
  test("the generator on the device gives the known answers", async () => {
    const state = new RandomState(device(), 0);
    for (const [key, counter, answer] of known) {
      state.restore([...key, ...counter]);
      expect([...(await wordsOf(randomBits(state, 2)))]).toEqual(answer);
    }
  });

  test("blocks count on across the counter's words, and from draw to draw", async () => {
    const state = new RandomState(device(), 5, 9);
    state.restore([5, 9, 0xffffffff, 3]);
    const words = [...(await wordsOf(randomBits(state, 3))), ...(await wordsOf(randomBits(state, 1)))];
    const [a, b] = threefry2x32(5, 9, 0xffffffff, 3);
    const [c] = threefry2x32(5, 9, 0, 4);
    const [d] = threefry2x32(5, 9, 1, 4);
    expect(words).toEqual([a, b, c, d]);
    expect([...(await state.read())]).toEqual([5, 9, 2, 4]);
  });

  test.each([1, 2, 127, 128, 129, 40_000])("%d normal numbers are Box and Muller's", async (n) => {
    const state = new RandomState(device(), 11);
    const words = await wordsOf(randomBits(state, n + (n % 2)));
    state.restore([11, 0, 0, 0]);
    const got = await randomNormal(state, [n]).read();
    const want = boxMuller(words).slice(0, n);
    const worst = got.reduce((most, x, i) => Math.max(most, Math.abs(x - want[i]!)), 0);
    expect(worst).toBeLessThan(3e-6);
  });

  test("normal numbers are exact at both ends of the words", async () => {
    // Counters whose first word is among the smallest and largest of 3 million: log of almost 0 and of almost 1.
    const extremes = { low: { at: 0, word: 2 ** 32 }, high: { at: 0, word: -1 } };
    for (let at = 0; at < 3e6; at++) {
      const [word] = threefry2x32(3, 0, at, 0);
      if (word < extremes.low.word) extremes.low = { at, word };
      if (word > extremes.high.word) extremes.high = { at, word };
    }
    expect(extremes.low.word).toBeLessThan(2 ** 13);
    expect(extremes.high.word).toBeGreaterThan(2 ** 32 - 2 ** 13);
    const state = new RandomState(device(), 3);
    for (const { at } of Object.values(extremes)) {
      state.restore([3, 0, at, 0]);
      const want = boxMuller(Uint32Array.from(threefry2x32(3, 0, at, 0)));
      expectClose(await randomNormal(state, [2]).read(), want, 1e-6, "an extreme pair");
    }
  });

  test("normal numbers have the normal distribution", async () => {
    const state = new RandomState(device(), 2024);
    const sample = await randomNormal(state, [100, 1000]).read();
    expect(sample.every(Number.isFinite)).toBe(true);
    expect(Math.abs(moment(sample, 1))).toBeLessThan(3 / Math.sqrt(1e5));
    expect(Math.abs(moment(sample, 2) - 1)).toBeLessThan(3 * Math.sqrt(2 / 1e5));
    expect(Math.abs(moment(sample, 3))).toBeLessThan(3 * Math.sqrt(15 / 1e5));
    expect(Math.abs(moment(sample, 4) - 3)).toBeLessThan(3 * Math.sqrt(96 / 1e5));
    expect(distance(sample.subarray(0, 20_000), normalCdf)).toBeLessThan(1.63);
    expect(Math.abs(correlation(sample.subarray(1), sample.subarray(0, -1)))).toBeLessThan(
      3 / Math.sqrt(1e5),
    );
  });

  test("uniform numbers have the uniform distribution", async () => {
    const state = new RandomState(device(), 77);
    const sample = await randomUniform(state, [100_000], -2, 6).read();
    expect(Math.min(...sample)).toBeGreaterThanOrEqual(-2);
    expect(Math.max(...sample)).toBeLessThan(6);
    expect(distance(sample, (x) => (x + 2) / 8)).toBeLessThan(1.63);
    const narrow = await randomUniform(state, [4096], 1, 1 + 2 ** -23).read();
    expect([...new Set(narrow)]).toEqual([1]);
  });

  test("draws, seeds and streams are independent, and repeatable", async () => {
    const draw = async (state: RandomState) => randomNormal(state, [50_000]).read();
    const state = new RandomState(device(), 1);
    const first = await draw(state);
    const others = [
      await draw(state),
      await draw(new RandomState(device(), 2)),
      await draw(new RandomState(device(), 1, 1)),
    ];
    for (const other of others)
      expect(Math.abs(correlation(first, other))).toBeLessThan(3 / Math.sqrt(50_000));
    expect(await draw(new RandomState(device(), 1))).toEqual(first);
  });

  test("a state that is read and restored goes on with the same numbers", async () => {
    const state = new RandomState(device(), 0xdeadbeef, 0xffc00001);
    randomNormal(state, [7]).dispose();
    const words = await state.read();
    expect([...words]).toEqual([0xdeadbeef, 0xffc00001, 4, 0]);
    const went = await randomNormal(state, [9]).read();
    const other = new RandomState(device(), 0);
    other.restore(words);
    expect(await randomNormal(other, [9]).read()).toEqual(went);
  });

  test("a copy draws what its original draws from there on, in each run of a recorded step", async () => {
    const state = new RandomState(device(), 5, 0xffff_fff0);
    randomUniform(state, [7]);
    const { program, result } = record(device(), () => {
      const copy = new RandomState(device(), state);
      const first = randomUniform(state, [9]);
      const again = randomUniform(copy, [9]);
      copy.dispose();
      return { first, again };
    });
    const drawn = await result.first.read();
    expect(await result.again.read()).toEqual(drawn);
    program.run();
    const next = await result.first.read();
    expect(next).not.toEqual(drawn);
    expect(await result.again.read()).toEqual(next);
    program.dispose();
    state.dispose();
  });

  test("a replayed draw is fresh, and what the step gives when it is run eagerly", async () => {
    const eager = new RandomState(device(), 6);
    const recorded = new RandomState(device(), 6);
    const step = (state: RandomState) => ({
      normal: randomNormal(state, [65]),
      uniform: randomUniform(state, [3]),
      order: randomPermutation(state, 10),
    });
    const { program, result } = record(device(), () => step(recorded));
    for (let run = 0; run < 3; run++) {
      if (run > 0) program.run();
      const want = step(eager);
      for (const name of ["normal", "uniform", "order"] as const)
        expect(await result[name].read()).toEqual(await want[name].read());
    }
    program.dispose();
  });

  test.each([0, 1, 2, 64, 65, 1000, 100_000])("a permutation of %d holds every number once", async (n) => {
    const state = new RandomState(device(), 8);
    const order = await randomPermutation(state, n).read();
    expect(Array.from(order).sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    expect((await state.read())[2]).toBe(n);
    const again = await randomPermutation(new RandomState(device(), 8), n).read();
    expect(again).toEqual(order);
    if (n < 64) return;
    expect(await randomPermutation(state, n).read()).not.toEqual(order);
    const mean = (n - 1) / 2;
    const lag = order.reduce((sum, x, i) => sum + (x - mean) * ((order[i + 1] ?? order[0]!) - mean), 0);
    expect(Math.abs(lag / order.reduce((sum, x) => sum + (x - mean) ** 2, 0))).toBeLessThan(3 / Math.sqrt(n));
  });

  test("all orders of four come equally often", async () => {
    const state = new RandomState(device(), 31);
    const draws = 1200;
    const orders = Array.from({ length: draws }, () => randomPermutation(state, 4));
    const counts = new Map<string, number>();
    for (const order of orders) {
      const key = (await order.read()).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chi = [...counts.values()].reduce((sum, n) => sum + (n - draws / 24) ** 2 / (draws / 24), 0);
    expect(chi).toBeLessThan(41.6); // 1 % of the chi-squared distribution with 23 degrees of freedom
  });

  test("nothing is left behind", async () => {
    const state = new RandomState(device(), 1);
    const before = device().memory().live;
    for (let i = 0; i < 5; i++) {
      randomNormal(state, [33]).dispose();
      randomUniform(state, [33]).dispose();
      randomBits(state, 5).dispose();
      randomPermutation(state, 33).dispose();
    }
    expect(device().memory().live).toBeLessThanOrEqual(before + 1024); // the uniforms of four shapes
    await device().finish();
  });

  test("arguments that make no sense are refused", () => {
    expect(() => new RandomState(device(), -1)).toThrow(ArgumentError);
    expect(() => new RandomState(device(), 2 ** 32)).toThrow(
      /RandomState: seed is 4294967296; expected a whole number/,
    );
    expect(() => new RandomState(device(), 1, 0.5)).toThrow(/stream is 0.5/);
    const state = new RandomState(device(), 1);
    expect(() => state.restore([1, 2])).toThrow(/4 words/);
    expect(() => randomUniform(state, [2], 1, 1)).toThrow(/low < high/);
    expect(() => randomUniform(state, [2], 0, Infinity)).toThrow(/finite/);
    expect(() => randomNormal(state, [-1])).toThrow(/not a shape/);
    expect(() => randomPermutation(state, 1.5)).toThrow(/whole number/);
  });
});
