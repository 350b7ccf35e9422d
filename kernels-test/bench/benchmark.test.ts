import { afterAll, beforeAll, expect, test } from "vitest";
import { complaint } from "../../bench/check.ts";
import { HestenesEngine } from "../../bench/hestenes.ts";
import { inputsOf } from "../../bench/inputs.ts";
import { measure } from "../../bench/measure.ts";
import type { ConvolutionTask, MatmulTask, SvdTask, Task } from "../../bench/tasks.ts";
import { openDevice } from "../../src/device/device.ts";

let engine: HestenesEngine;
beforeAll(async () => {
  engine = new HestenesEngine(await openDevice());
});
afterAll(() => engine.close());

const extents = { N: 2, R: 3, S: 3, stride: 2, pad: 1 };
const conv = { ...extents, H: 7, W: 6, C: 3, K: 5, P: 4, Q: 3, outputPad: 0 };
const convT = { ...extents, H: 4, W: 3, C: 5, K: 3, P: 8, Q: 6, outputPad: 1 };
const convolutions = (["fwd", "dx", "dw"] as const).flatMap((op): ConvolutionTask[] => [
  { kind: "conv2d", name: "small conv", op, flops: 1000, shape: conv },
  { kind: "convTranspose2d", name: "small convT", op, flops: 1000, shape: convT },
]);
const product: MatmulTask = {
  ...{ kind: "matmul", name: "small matmul", op: "fwd", flops: 2000 },
  shape: { M: 9, K: 10, N: 11 },
};
const decomposition: SvdTask = {
  ...{ kind: "svd", name: "small svd", op: "fwd" },
  shape: { rows: 6, cols: 9, batch: 3 },
};
const small: Task[] = [product, ...convolutions, decomposition];

test.each(small)("$name $op: a right answer passes the check, a wrong one does not", async (task) => {
  const inputs = inputsOf(task);
  const prepared = await engine.prepare(task, inputs);
  const answer = await prepared.answer();
  expect(complaint(task, inputs, answer, answer)).toBeUndefined();
  for (const i of [0, answer.length - 1]) {
    const wrong = answer.map((part) => part.slice());
    for (let element = 0; element < wrong[i]!.length; element++) wrong[i]![element]! *= 1.01;
    expect(complaint(task, inputs, wrong, wrong)).toBeDefined(); // though all engines agree
  }
  const one = answer.map((part) => part.slice());
  one.at(-1)![1]! += 0.1;
  expect(complaint(task, inputs, one, answer)).toBeDefined();
  prepared.dispose();
});

test("engines that fail or are wrong are reported, the others measured", async () => {
  const absent = {
    name: "tfjs-webgpu" as const,
    prepare: () => Promise.reject(new Error("does not have it\nsecond line")),
    close: () => undefined,
  };
  const wrong = {
    name: "jax-js" as const,
    prepare: async (...args: Parameters<HestenesEngine["prepare"]>) => ({
      ...(await engine.prepare(...args)),
      answer: () => Promise.resolve([new Float32Array(99)]),
    }),
    close: () => undefined,
  };
  const effort = { budget: 0, most: 60 };
  const said: string[] = [];
  const { rows, failed } = await measure(
    [engine, absent, wrong],
    product,
    inputsOf(product),
    effort,
    (what) => void said.push(what),
  );
  expect(rows.map((row) => [row.engine, row.n])).toEqual([["hestenes", 5]]);
  expect(rows[0]!.gflops).toBeCloseTo(2000 / rows[0]!.ms / 1e6);
  expect(failed.map((failure) => failure.engine)).toEqual(["tfjs-webgpu", "jax-js"]);
  expect(failed[0]!.reason).toBe("does not have it");
  expect(failed[1]!.reason).toMatch(/^wrong answer: element/);
  expect(said.at(-1)).toBe("round 5");
});
