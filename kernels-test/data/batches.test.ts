import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Batches, type BatchOptions } from "../../src/data/batches.ts";
import { Dataset } from "../../src/data/dataset.ts";
import { ArgumentError } from "../../src/device/errors.ts";

const counting = (count: number) =>
  new Dataset({
    name: "counting",
    shape: [2],
    stored: Float32Array.from({ length: 2 * count }, (_, i) => i),
  });

/** Takes `n` batches, awaiting now and then so that prefetched and unprefetched ones alternate. */
async function deal(batches: Batches, n: number): Promise<number[][]> {
  const out = new Float32Array(2 * batches.batch);
  const dealt: number[][] = [];
  for (let i = 0; i < n; i++) {
    const indices = [...batches.next(out)];
    indices.forEach((index, row) =>
      expect([...out.subarray(2 * row, 2 * row + 2)]).toEqual([2 * index, 2 * index + 1]),
    );
    dealt.push(indices);
    if (i % 3 !== 0) await Promise.resolve();
  }
  return dealt;
}

describe("Batches", () => {
  test("deals each sample once per epoch, in a new order each time", async () => {
    const epochs = await deal(new Batches(counting(12), { batch: 12, seed: 1 }), 3);
    for (const epoch of epochs)
      expect([...epoch].sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i));
    expect(epochs[0]).not.toEqual(epochs[1]);
  });

  test("drops the last partial batch, or keeps it", async () => {
    const dropped = new Batches(counting(10), { batch: 4 });
    expect(dropped.perEpoch).toBe(2);
    expect((await deal(dropped, 4)).map((batch) => batch.length)).toEqual([4, 4, 4, 4]);
    expect(dropped.position).toEqual({ epoch: 2, index: 0 });
    const kept = new Batches(counting(10), { batch: 4, partial: true });
    expect(kept.perEpoch).toBe(3);
    const dealt = await deal(kept, 4);
    expect(dealt.map((batch) => batch.length)).toEqual([4, 4, 2, 4]);
    expect(new Set(dealt.slice(0, 3).flat()).size).toBe(10);
  });

  test("goes on from any position exactly as it would have", async () => {
    const numbers = fc.record({
      count: fc.integer({ min: 1, max: 30 }),
      batch: fc.integer({ min: 1, max: 30 }),
      seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      before: fc.integer({ min: 0, max: 20 }),
      partial: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(numbers, async ({ count, batch, seed, before, partial }) => {
        fc.pre(partial || batch <= count);
        const options: BatchOptions = { batch, seed, partial };
        const straight = new Batches(counting(count), options);
        await deal(straight, before);
        const position = JSON.parse(JSON.stringify(straight.position)) as { epoch: number; index: number };
        const resumed = new Batches(counting(count), { ...options, position });
        expect(await deal(resumed, 8)).toEqual(await deal(straight, 8));
      }),
      { numRuns: 60, seed: 13 },
    );
  });

  test("gathers the next batch while its caller waits", async () => {
    const data = counting(8);
    const gathered: number[] = [];
    const copyRows = data.copyRows.bind(data);
    data.copyRows = (indices, out) => {
      gathered.push(indices.length);
      copyRows(indices, out);
    };
    const batches = new Batches(data, { batch: 4 });
    const out = new Float32Array(8);
    batches.next(out);
    expect(gathered).toHaveLength(1);
    await Promise.resolve();
    expect(gathered).toHaveLength(2);
    batches.next(out);
    expect(gathered).toHaveLength(2);
  });

  test("a change of place throws away what was gathered ahead", async () => {
    const batches = new Batches(counting(9), { batch: 3, seed: 5 });
    const first = await deal(batches, 3);
    batches.seek({ epoch: 0, index: 0 });
    expect([...batches.next(new Float32Array(6))]).toEqual(first[0]);
    await Promise.resolve();
    batches.seek({ epoch: 0, index: 6 });
    expect(await deal(batches, 1)).toEqual([first[2]]);
  });

  test("says what is wrong with its options", () => {
    expect(() => new Batches(counting(3), { batch: 4 })).toThrow(
      /4 samples asked for, counting has 3; use at most 3/,
    );
    expect(() => new Batches(counting(3), { batch: 0 })).toThrow(ArgumentError);
    expect(() => new Batches(counting(3), { batch: 1, seed: 1.5 })).toThrow(
      /batches: seed is 1.5; expected a whole number/,
    );
    expect(() => new Batches(counting(3), { batch: 1, position: { epoch: 0, index: 3 } })).toThrow(
      /position/,
    );
  });
});
