import { expect, test } from "vitest";
import { openDevice } from "../src/device/device.ts";
import { ShapeError } from "../src/device/errors.ts";
import { add, exp, mul } from "../src/ops/elementwise.ts";
import { sampleGaussian } from "../src/ops/gaussian.ts";
import { gaussianKl } from "../src/ops/losses.ts";
import { randomNormal, RandomState } from "../src/ops/random.ts";
import { concat, reshape } from "../src/ops/rearrange.ts";
import { sum } from "../src/ops/reduce.ts";
import { record } from "../src/tensor/record.ts";
import { Scalar } from "../src/tensor/scalar.ts";
import { backward } from "../src/tensor/tape.ts";
import { tensor } from "../src/tensor/tensor.ts";
import { checkOp, expectClose, rounded, values, withDevices } from "./check.ts";

const [SEED, BETA] = [5, 0.3];
const pairs = [[], [1], [2], [3], [127], [128], [129], [5, 7], [65, 126], [8191], [8193], [3, 50, 60]].map(
  (shape) => [shape, shape],
);

/** What the stream of SEED draws, for the float64 definition. */
const noise = await (async () => {
  const device = await openDevice();
  const drawn = await randomNormal(new RandomState(device, SEED), [10_000]).read();
  device.close();
  return drawn;
})();

const sampled = (mu: number[], logVariance: number[]) =>
  mu.map((m, i) => m + noise[i]! * Math.exp(logVariance[i]! / 2));
const divergence = (mu: number[], logVariance: number[]) =>
  BETA * mu.reduce((sum, m, i) => sum + 0.5 * (m * m + Math.expm1(logVariance[i]!) - logVariance[i]!), 0);
const prepare = (list: number[]) => list.map((x) => 2 * x);

checkOp(
  "sampleGaussian: z",
  (mu, v) => sampleGaussian(mu, v, new RandomState(mu.device, SEED), BETA).z,
  ([mu, v]) => sampled(mu!, v!),
  pairs,
  { prepare },
);
checkOp(
  "sampleGaussian: betaKl",
  (mu, v) => sampleGaussian(mu, v, new RandomState(mu.device, SEED), BETA).betaKl,
  ([mu, v]) => [divergence(mu!, v!)],
  pairs,
  { prepare },
);
checkOp(
  "sampleGaussian: both",
  (mu, v) => {
    const { z, betaKl } = sampleGaussian(mu, v, new RandomState(mu.device, SEED), BETA);
    return concat([reshape(z, [z.size]), reshape(betaKl, [1])]);
  },
  ([mu, v]) => [...sampled(mu!, v!), divergence(mu!, v!)],
  pairs,
  { prepare },
);
for (const constant of [[0], [1]])
  checkOp(
    `sampleGaussian: input ${constant[0]} is constant`,
    (mu, v) => sampleGaussian(mu, v, new RandomState(mu.device, SEED), BETA).z,
    ([mu, v]) => sampled(mu!, v!),
    [[[9], [9]]],
    { prepare, constant },
  );

withDevices((device) => {
  test("it draws what single operations draw, and goes on where they go on", async () => {
    const shape = [31, 3];
    const [mu, v] = [values(93, 1), values(93, 2)].map((list) => tensor(device(), list, shape)) as [
      ReturnType<typeof tensor>,
      ReturnType<typeof tensor>,
    ];
    const [one, other] = [new RandomState(device(), 8), new RandomState(device(), 8)];
    for (let draw = 0; draw < 3; draw++) {
      const { z, betaKl } = sampleGaussian(mu, v, one, 0.5);
      const plain = add(mu, mul(randomNormal(other, shape), exp(mul(v, 0.5))));
      expectClose(await z.read(), rounded(await plain.read()), 1e-6, "z");
      expectClose(await betaKl.read(), [0.5 * (await gaussianKl(mu, v).item())], 1e-6, "divergence");
    }
    expect(await one.read()).toEqual(await other.read());
  });

  test("a recorded step draws anew each time, and the same bits as the step run eagerly", async () => {
    const [mu, v] = [tensor(device(), values(9001, 3)), tensor(device(), values(9001, 4))];
    mu.requiresGrad = v.requiresGrad = true;
    const step = (state: RandomState) => () => {
      const { z, betaKl } = sampleGaussian(mu, v, state, 0.1);
      const loss = add(sum(mul(z, z)), betaKl);
      backward(loss);
      return loss;
    };
    const [one, other] = [new RandomState(device(), 4), new RandomState(device(), 4)];
    const { program, result } = record(device(), step(one));
    const replayed: number[] = [];
    const eager: number[] = [];
    const gradients: Float32Array[] = [];
    for (let run = 0; run < 3; run++) {
      if (run > 0) program.run();
      replayed.push(await result.item());
    }
    gradients.push(await mu.grad!.read(), await v.grad!.read());
    for (let run = 0; run < 3; run++) eager.push(await device().scope(step(other)).item());
    expect(replayed).toEqual(eager);
    expect(new Set(replayed).size).toBe(3);
    expect([await mu.grad!.read(), await v.grad!.read()]).toEqual(gradients);
    program.dispose();
  });

  test("a weight in device memory counts as the number does, and may change between runs", async () => {
    const [mu, v] = [tensor(device(), values(33, 5)), tensor(device(), values(33, 6))];
    mu.requiresGrad = v.requiresGrad = true;
    const weight = new Scalar(device(), 0.3);
    const state = new RandomState(device(), 2);
    const found = async (loss: { read(): Promise<Float32Array> }) =>
      [await loss.read(), await mu.grad!.read(), await v.grad!.read()].map((list) => [...list]);
    const by = async (beta: number) => {
      const fresh = new RandomState(device(), 2);
      const { betaKl } = sampleGaussian(mu, v, fresh, beta);
      backward(betaKl);
      return found(betaKl);
    };
    const { program, result } = record(device(), () => {
      const { betaKl } = sampleGaussian(mu, v, state, weight.tensor);
      backward(betaKl);
      return betaKl;
    });
    const first = await found(result);
    weight.write(7);
    program.run();
    const second = await found(result);
    expect([first, second]).toEqual([await by(0.3), await by(7)]);
    expect(() => sampleGaussian(mu, v, state, mu)).toThrow("beta is one number, not (33)");
    for (const owned of [program, weight, state]) owned.dispose();
  });

  test("two shapes are an error", () => {
    const [mu, v] = [tensor(device(), [1, 2]), tensor(device(), [1, 2], [2, 1])];
    expect(() => sampleGaussian(mu, v, new RandomState(device(), 1))).toThrow(ShapeError);
    expect(() => sampleGaussian(mu, v, new RandomState(device(), 1))).toThrow(
      "sampleGaussian: mu is (2) and logVariance (2, 1); give one shape",
    );
  });

  test("nothing has no divergence", async () => {
    const none = tensor(device(), [], [0, 4]);
    const { z, betaKl } = sampleGaussian(none, none, new RandomState(device(), 1));
    expect([z.shape, await betaKl.item()]).toEqual([[0, 4], 0]);
  });
});
