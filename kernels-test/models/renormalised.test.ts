import { afterAll, beforeAll, expect, test } from "vitest";
import { Dataset } from "../../src/data/dataset.ts";
import { openDevice, type Device } from "../../src/device/device.ts";
import { ArgumentError, DataError, ShapeError } from "../../src/device/errors.ts";
import { latent } from "../../src/index.ts";
import { Draws } from "../../src/latent/draws.ts";
import { variances as variancesOf } from "../../src/latent/spectrum.ts";
import * as models from "../../src/models/index.ts";
import { mlpNetworks } from "../../src/nn/networks.ts";
import { fitSampler } from "../../src/train/generate.ts";
import { values } from "../check.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

const D = 3;
const mean = (list: Iterable<number>) => {
  const all = [...list];
  return all.reduce((sum, value) => sum + value, 0) / all.length;
};

/** Normal codes of these deviations, about these means. */
function narrow(deviations = [0.5, 0.8, 0.2], means = [1, 0, 0]): latent.Sampler {
  return {
    kind: "narrow",
    dimension: D,
    fitsTo: "nothing",
    fit() {},
    sample(count, seed) {
      const draws = new Draws(seed, 7);
      return Float32Array.from(
        { length: count * D },
        (_, i) => means[i % D]! + deviations[i % D]! * draws.normal(),
      );
    },
    save: () => ({ about: { kind: "narrow" }, tensors: new Map() }),
  };
}

// codes that the variance law holds for, with 0.99 of the mean and 0.01 of the draw in each coordinate
const N = 2000;
const centred = new Draws(3, 1);
const drawn = Float32Array.from({ length: N * D }, () => centred.normal());
const deviation = Array.from(variancesOf(drawn, D), Math.sqrt);
const mu = drawn.map((value, i) => (value * Math.sqrt(0.99)) / deviation[i % D]!);
const variance = mu.map(() => 0.01);

const fitted = async (rule: latent.Renormalisation, inner = narrow(), share?: number) => {
  const sampler = new latent.RenormalisedSampler(inner, rule, share === undefined ? undefined : () => share);
  await sampler.fit(mu, variance);
  return sampler;
};
const ofReference = async (sampler: latent.Sampler) => variancesOf(await sampler.sample(10_000, 0x7e4012), D);

test("codes have the deviation that they are to have, exactly: over all, or in each coordinate, of all or of each batch", async () => {
  for (const target of ["law", "one"] as const) {
    const scalar = await ofReference(await fitted({ target }));
    expect(mean(scalar)).toBeCloseTo(1, 5);
    expect(scalar[1]! / scalar[2]!).toBeGreaterThan(10); // one factor leaves coordinates as they are to each other
    for (const each of await ofReference(await fitted({ target, per: "dimension" })))
      expect(each).toBeCloseTo(1, 5);
    for (const per of ["scalar", "dimension"] as const) {
      const codes = await (await fitted({ target, per, scope: "batch", batch: 50 })).sample(120, 4);
      expect(codes).toHaveLength(120 * D);
      for (const from of [0, 50]) {
        const own = variancesOf(codes.slice(from * D, (from + 50) * D), D);
        if (per === "scalar") expect(mean(own)).toBeCloseTo(1, 5);
        else for (const each of own) expect(each).toBeCloseTo(1, 5);
      }
    }
  }
  // multiplied, not moved; a function of the seed; and a coordinate without spread is left alone
  const sampler = await fitted({ per: "dimension" }, narrow([0.5, 0.8, 0]));
  const [plain, codes] = [await narrow([0.5, 0.8, 0]).sample(9, 5), await sampler.sample(9, 5)];
  const factor = sampler.factor!;
  expect(factor[2]).toBe(1);
  codes.forEach((value, i) => expect(value).toBeCloseTo(plain[i]! * factor[i % D]!, 6));
  expect(await sampler.sample(9, 5)).toEqual(codes);
});

test("a sampler whose codes are N(0, I) already is left as it is, to 2 %", async () => {
  for (const rule of [{}, { target: "one" }, { per: "dimension" }] as const)
    for (const factor of (await fitted(rule, narrow([1, 1, 1], [0, 0, 0]))).factor!)
      expect(Math.abs(factor - 1)).toBeLessThan(0.02);
});

test("as published: E σ for E σ² makes 1.044 of 1, deviations are averaged, batches of 100, and only where variance is lost", async () => {
  // σ = 0.1: Var μ + E σ = 0.99 + 0.1
  const lone = await fitted({ target: "published", own: 1 });
  expect(lone.factor![0]).toBeCloseTo(Math.sqrt(1.09), 6);
  expect(lone.factor![0]).toBeCloseTo(1.044, 3);

  const published = await fitted(latent.publishedRenormalisation, narrow(), 0.26);
  expect(published.factor).toBeUndefined();
  const codes = await published.sample(200, 1);
  for (const from of [0, 100]) {
    const own = variancesOf(codes.slice(from * D, (from + 100) * D), D);
    expect(mean(own.map(Math.sqrt))).toBeCloseTo(Math.sqrt(1.09), 5);
    expect(Math.sqrt(mean(own))).toBeGreaterThan(1.02 * Math.sqrt(1.09)); // Jensen's inequality
  }
  // a batch of 100 is narrower than its distribution by 0.75 %, so what it is divided by is too small
  const many = await (
    await fitted({ scope: "batch", average: "deviation" }, narrow([1, 1, 1]))
  ).sample(100_000, 2);
  expect(Math.abs(Math.sqrt(mean(variancesOf(many, D))) - 1.0076)).toBeLessThan(0.002);

  for (const share of [0.25, 0.1, -1, NaN]) {
    const same = await fitted(latent.publishedRenormalisation, narrow(), share);
    expect([...same.factor!]).toEqual([1]);
    expect(await same.sample(7, 3)).toEqual(await narrow().sample(7, 3));
  }
});

test("reconstructions get the spread of samples about their own means; as published cut to what pixels are", () => {
  const [P, count] = [4, 30];
  const x = Float32Array.from(values(count * P, 1), (value, i) => 0.5 + 0.2 * (1 + (i % P)) * value);
  const made = x.map((value, i) => 0.3 + 0.1 * (i % P) * (value - 0.5));
  const means = (list: Float32Array) =>
    Array.from({ length: P }, (_, i) => mean(list.filter((__, at) => at % P === i)));
  const scalar = latent.renormaliseSamples(made, x, P);
  expect(mean(variancesOf(scalar, P))).toBeCloseTo(mean(variancesOf(x, P)), 5);
  means(scalar).forEach((value, i) => expect(value).toBeCloseTo(means(made)[i]!, 5));
  const each = variancesOf(latent.renormaliseSamples(made, x, P, { per: "dimension" }), P);
  each.forEach((value, i) => expect(value).toBeCloseTo(i === 0 ? 0 : variancesOf(x, P)[i]!, 5));
  const published = latent.renormaliseSamples(made, x, P, { average: "deviation", clip: [0, 1] });
  const ratio = mean(variancesOf(x, P).map(Math.sqrt)) / mean(variancesOf(made, P).map(Math.sqrt));
  published.forEach((value, i) => {
    const m = means(made)[i % P]!;
    expect(value).toBeCloseTo(Math.min(1, Math.max(0, (made[i]! - m) * ratio + m)), 5);
  });
  expect(published.some((value) => value === 0 || value === 1)).toBe(true);
  expect(() => latent.renormaliseSamples(made.subarray(1), x, P)).toThrow(ShapeError);
});

const size = 6;
const data = new Dataset({ name: "values", shape: [size], stored: Float32Array.from(values(120 * size, 1)) });
const options = {
  ...{ input: [size], latent: D, seed: 3, rank: 2, beta: 1, secondWidths: [7, 6] },
  ...mlpNetworks({ input: [size], latent: D, seed: 3, encoderWidths: [8], decoderWidths: [9] }),
};

test("any model's sampler is renormalised, and comes back out of a file", async () => {
  const vrrae = models.vrrae(device, options);
  vrrae.setBasis([1, 0, 0, 1, 0, 0]);
  const twoStage = models.twoStageVae(device, options);
  const cases = [
    [vrrae, "gaussian"],
    [vrrae, "prior"],
    [vrrae, "vampprior"],
    [models.rae(device, options), "mixture"],
    [twoStage, "second-stage"],
    [twoStage, "prior"],
  ] as const;
  for (const [model, kind] of cases)
    for (const renormalise of [{}, { target: "one", per: "dimension", scope: "batch" }, "paper"] as const) {
      const sampler = await fitSampler(models.samplerOf(model, kind, { renormalise }), model, data);
      const codes = await sampler.sample(150, 2);
      if (renormalise !== "paper" && "target" in renormalise)
        for (const each of variancesOf(codes.slice(0, 100 * model.codeSize), model.codeSize))
          expect(each).toBeCloseTo(1, 4);
      const back = models.parseSampler(model, models.encodeSampler(sampler), "a file");
      expect(await back.sample(150, 2), kind).toEqual(codes);
    }

  const noisy = models.samplerOf(twoStage, "second-stage");
  const bare = models.samplerOf(twoStage, "second-stage", { gammaNoise: false });
  expect(await bare.sample(5, 1)).not.toEqual(await noisy.sample(5, 1));
  const back = models.parseSampler(twoStage, models.encodeSampler(bare), "a file");
  expect(await back.sample(5, 1)).toEqual(await bare.sample(5, 1));
  // as published there is no noise of γ, and draws of the prior are multiplied with the target alone
  const published = await fitSampler(
    models.samplerOf(twoStage, "prior", { renormalise: "paper" }),
    twoStage,
    data,
  );
  const [first] = await published.sample(1, 3);
  const [own] = await models.samplerOf(twoStage, "prior").sample(1, 3);
  expect(first! / own!).toBeCloseTo((published as latent.RenormalisedSampler).factor![0]!, 5);
  for (const model of new Set(cases.map(([model]) => model))) model.dispose();
});

test("rules and files that are none are refused in words", async () => {
  for (const [rule, words] of [
    [{ target: "two" }, /target/],
    [{ batch: 1 }, /batch/],
    [{ own: 0 }, /own/],
    [{ scop: "global" }, /scop/],
  ] as const) {
    expect(() => new latent.RenormalisedSampler(narrow(), rule as object)).toThrow(ArgumentError);
    expect(() => new latent.RenormalisedSampler(narrow(), rule as object)).toThrow(words);
  }
  const sampler = new latent.RenormalisedSampler(narrow());
  await expect(sampler.sample(1, 0)).rejects.toThrow(/call fit before sample/);
  await expect(sampler.fit(mu)).rejects.toThrow(/expected 6000 variances, got none/);
  const model = models.rae(device, options);
  const broken = (about: object, tensors: object = {}) => {
    const saved = { about: { kind: "renormalised", ...about }, tensors: new Map(Object.entries(tensors)) };
    return () => models.parseSampler(model, models.encodeSampler({ ...narrow(), save: () => saved }), "x");
  };
  expect(broken({})).toThrow(DataError);
  expect(broken({ rule: {}, inner: { kind: "nobody" } })).toThrow(/"nobody" is no sampler/);
  expect(broken({ rule: { per: 1 }, inner: { kind: "prior" } })).toThrow(/per/);
  const wrong = { shape: [2], values: Float64Array.of(1, 2) };
  expect(broken({ rule: {}, inner: { kind: "prior" } }, { target: wrong })).toThrow(
    /finite factors, one or 3/,
  );
  model.dispose();
});
