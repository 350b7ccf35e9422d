import { afterAll, beforeAll, expect, test } from "vitest";
import { complaint } from "../../bench/check.ts";
import { HestenesEngine } from "../../bench/hestenes.ts";
import { inputsOf } from "../../bench/inputs.ts";
import { measure } from "../../bench/measure.ts";
import { svdLibraries } from "../../bench/peers/svd.ts";
import { profiledSteps, profileSteps } from "../../bench/profile.ts";
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

test("a product that is right in its first column alone does not pass, though all engines agree", async () => {
  const task: MatmulTask = { ...product, shape: { M: 64, K: 3, N: 64 } };
  const inputs = inputsOf(task);
  const prepared = await engine.prepare(task, inputs);
  const [right] = await prepared.answer();
  const wrong = [right!.map((value, i) => (i % 64 === 0 ? value : 0))];
  expect(complaint(task, inputs, wrong, wrong)).toContain("64-bit sums");
  prepared.dispose();
});

const matrices = [
  [6, 9, 3],
  [9, 6, 1],
  [5, 5, 1],
].map(([rows, cols, batch]): SvdTask => ({
  ...{ kind: "svd", name: `svd ${batch} of ${rows}x${cols}`, op: "fwd" },
  shape: { rows: rows!, cols: cols!, batch: batch! },
}));

test.each(matrices)("$name: the libraries of JavaScript give what hestenes gives", async (task) => {
  const effort = { budget: 0, most: 2 };
  const { rows, failed } = await measure(
    [engine, ...svdLibraries()],
    task,
    inputsOf(task),
    effort,
    () => undefined,
  );
  expect(failed).toEqual([]);
  expect(rows.map((row) => row.engine)).toEqual(["hestenes", "ml-matrix", "svd-js", "numeric"]);
});

test("the libraries for SVDs are left out of everything else", async () => {
  const effort = { budget: 0, most: 1 };
  const { rows, failed } = await measure(
    [engine, ...svdLibraries()],
    product,
    inputsOf(product),
    effort,
    () => undefined,
  );
  expect([rows.length, failed.length]).toEqual([1, 0]);
});

test("a step is taken apart into its launches", async () => {
  const ceilings = { copy: [{ bytes: 1, gbps: 1000 }], gflops: 1e5 };
  const [step, ...others] = profiledSteps("profile step ae");
  expect(others).toEqual([]);
  const tiny = { ...step!, shape: { ...step!.shape, N: 1, H: 16, W: 16 } };
  const [profile] = await profileSteps(engine.device, ceilings, [tiny], () => undefined);
  const { case: name, launches, ops } = profile!;
  expect(name).toBe("step ae 28x28");
  expect(ops.reduce((sum, op) => sum + op.launches, 0)).toBe(launches);
  expect(ops.reduce((sum, op) => sum + op.share, 0)).toBeCloseTo(1);
  expect(ops.find(({ op }) => op === "optimizer.adam")).toMatchObject({ launches: 1 });
  for (const { ofCeiling = 0.5 } of ops) expect(ofCeiling > 0 && ofCeiling < 1).toBe(true);
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
