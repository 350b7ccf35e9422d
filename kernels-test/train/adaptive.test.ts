import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Dataset } from "../../src/data/dataset.ts";
import { openDevice, type Device } from "../../src/device/device.ts";
import { ArgumentError } from "../../src/device/errors.ts";
import { ae } from "../../src/models/ae.ts";
import { rrae } from "../../src/models/rrae.ts";
import { vrrae } from "../../src/models/vrrae.ts";
import { AdaptiveRank, type Decision } from "../../src/train/adaptive.ts";
import { completeConfig } from "../../src/train/config.ts";
import { RankSearch } from "../../src/train/rankSearch.ts";
import { train } from "../../src/train/train.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { values } from "../check.ts";

const quick = { settle: 3, giveUp: 4, finish: 3, window: 2 };

const show = (search: AdaptiveRank, losses: number[]): Decision[] =>
  losses.map((loss) => search.observe(loss));

describe("the machine", () => {
  test("settles on the mean of the first losses that stay near it, and lowers the rank under that", () => {
    const search = new AdaptiveRank(5, quick);
    expect(show(search, [10, 10, 10])).toEqual(["stay", "stay", "stay"]);
    expect(search.state).toMatchObject({ phase: "lower", target: 10, rank: 5 });
    expect(show(search, [9, 8, 12, 7])).toEqual(["lower", "lower", "stay", "lower"]);
    expect(search.rank).toBe(2);
  });

  test("gives a rank up for the one above after steps without progress, then ends where the loss is still", () => {
    const search = new AdaptiveRank(5, { ...quick, wanted: 4 });
    expect(show(search, [3, 3.9])).toEqual(["stay", "lower"]); // enough from the start
    expect(show(search, [8, 8, 8, 8])).toEqual(["stay", "stay", "stay", "raise"]);
    expect(search.state).toMatchObject({ phase: "done", rank: 5 });
    expect(show(search, [4, 4, 9, 9, 9])).toEqual(["stay", "stay", "stay", "stay", "stop"]); // near: the 2nd, 4th, 5th
  });

  test("never goes under the least rank, nor above the first", () => {
    const low = new AdaptiveRank(2, { ...quick, wanted: 4, least: 2 });
    expect(show(low, [3, 3])).toEqual(["stay", "stay"]);
    expect(low.state).toMatchObject({ phase: "done", rank: 2 });
    const high = new AdaptiveRank(2, { ...quick, wanted: 4 });
    expect(show(high, [3, 5, 5, 5, 5, 5])).not.toContain("raise");
    expect(high.state).toMatchObject({ phase: "done", rank: 2 });
  });

  test("goes on from its state", () => {
    const whole = new AdaptiveRank(4, quick);
    show(whole, [10, 10, 10, 9]);
    const resumed = new AdaptiveRank(4, quick);
    resumed.restore(JSON.parse(JSON.stringify(whole.state)) as typeof whole.state);
    const more = [11, 8, 12, 12, 12, 12, 9, 9, 9, 9];
    expect(show(resumed, more)).toEqual(show(whole, more));
    expect(resumed.state).toEqual(whole.state);
  });

  test("is asked for by a configuration, of models with a rank", () => {
    expect(completeConfig({ adaptive: true }).adaptive).toEqual({});
    expect(completeConfig({ model: "rrae", adaptive: { settle: 50 } }).adaptive).toEqual({ settle: 50 });
    expect(completeConfig({}).adaptive).toBeUndefined();
    expect(() => completeConfig({ model: "vae", adaptive: true })).toThrow(
      /adaptive is for models with a basis/,
    );
    expect(() => completeConfig({ adaptive: { settle: -1 } })).toThrow(ArgumentError);
  });

  test("refuses options that are none", () => {
    expect(() => new AdaptiveRank(3, { least: 4 })).toThrow(
      /least is 4; expected a whole number from 1 to 3/,
    );
    expect(() => new AdaptiveRank(3, { window: 0 })).toThrow(ArgumentError);
  });
});

describe("training", () => {
  let device: Device;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.close());

  const D = 10;
  const [place, ...axes] = [values(400, 1), values(D, 2), values(D, 3)];
  /** Samples on a plane through the origin: rank 2. */
  const plane = new Dataset({
    name: "plane",
    shape: [D],
    stored: Float32Array.from({ length: 200 * D }, (_, at) => {
      const [n, i] = [Math.floor(at / D), at % D];
      return place[2 * n]! * axes[0][i]! + place[2 * n + 1]! * axes[1][i]!;
    }),
  });
  const shared = { input: [D], latent: 6, rank: 5, seed: 2 };
  const options = { steps: 900, batch: 40, rate: 3e-3, seed: 1 };
  const adaptive = { wanted: 25, giveUp: 150, finish: 30 };

  test.each([
    ["RRAE", () => rrae(device, shared)],
    ["VRRAE", () => vrrae(device, { ...shared, beta: 1e-4 })],
  ])(
    "an %s of rank 5 finds that samples on a plane need less",
    async (_, build) => {
      const model = build();
      const run = await train(model, plane, { ...options, adaptive });
      expect(model.codeSize).toBeLessThan(4);
      expect(model.basis!.shape).toEqual([6, model.codeSize]);
      expect(await run.error(plane)).toBeLessThan(30);
    },
    240_000,
  );

  test("what comes back where a rank is given up is its weights to the last bit, and an optimizer that knows nothing", async () => {
    const model = rrae(device, shared);
    const optimizer = { kind: "adabelief", rate: 1e-2 } as const;
    const trainer = new Trainer(model, plane, { batch: 8, seed: 1, optimizer });
    const search = new RankSearch(trainer, { wanted: 5, giveUp: 3, window: 1 });
    const step = async (loss: number) => {
      trainer.advance();
      const { step, epoch } = await trainer.losses();
      return search.afterStep({ step, epoch, losses: { loss } });
    };
    expect([await step(4), await step(4)]).toEqual(["stay", "lower"]);
    const good = await model.arena.values.read();
    expect([await step(9), await step(9)]).toEqual(["stay", "stay"]);
    expect(await model.arena.values.read()).not.toEqual(good);
    expect(await step(9)).toBe("raise");
    expect(await model.arena.values.read()).toEqual(good);
    expect(model.codeSize).toBe(5);
    for (const tensor of trainer.moments.values())
      expect((await tensor.read()).every((value) => value === 0)).toBe(true);
    trainer.advance();
    await trainer.losses();
  });

  test("a second stage leaves encoder and basis alone, and the reconstructions get better", async () => {
    const basis = new Float32Array(12);
    basis[0] = basis[3] = 1; // (6, 2): the first two unit vectors
    const build = () => rrae(device, { ...shared, rank: 2 });
    const first = await train(build(), plane, { ...options, steps: 40, basis });
    const model = build();
    const second = await train(model, plane, { ...options, steps: 40, basis, fineTune: { steps: 60 } });
    expect(await model.basis!.read()).toEqual(basis);
    for (const [name, parameter] of model.arena.parameters) {
      const before = await first.model.arena.get(name).read();
      if (name.startsWith("encoder")) expect(await parameter.read(), name).toEqual(before);
      else expect(await parameter.read(), name).not.toEqual(before);
    }
    expect(await second.error(plane)).toBeLessThan(0.8 * (await first.error(plane)));
  });

  test("a VRRAE's variances take part in the second stage; what has no rank is refused", async () => {
    const model = vrrae(device, { ...shared, rank: 2, beta: 1e-3 });
    const before = await model.arena.get("variance.linear.weight").read();
    await train(model, plane, { ...options, steps: 1, rate: 1e-9, fineTune: { steps: 10, rate: 1e-2 } });
    expect(await model.arena.get("variance.linear.weight").read()).not.toEqual(before);
    const plain = ae(device, { input: [D], latent: 2 });
    await expect(train(plain, plane, { ...options, fineTune: { steps: 1 } })).rejects.toThrow(
      /only RRAE and VRRAE/,
    );
    await expect(train(plain, plane, { ...options, adaptive: {} })).rejects.toThrow(/have a rank to adapt/);
    expect(() => model.setRank(3)).toThrow(/from 1 to 2, not 3/);
    expect(() => model.setBasis(new Float32Array(5))).toThrow(
      /5 values do not make a basis \(L, k\), \(6, 2\)/,
    );
  });
});
