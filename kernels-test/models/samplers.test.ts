import { afterAll, beforeAll, expect, test } from "vitest";
import { Dataset } from "../../src/data/dataset.ts";
import { openDevice, type Device } from "../../src/device/device.ts";
import { ArgumentError, DataError } from "../../src/device/errors.ts";
import { latent } from "../../src/index.ts";
import * as models from "../../src/models/index.ts";
import { mlpNetworks } from "../../src/nn/networks.ts";
import { RandomState } from "../../src/ops/random.ts";
import { distributionsOf, fitSampler } from "../../src/train/generate.ts";
import { values } from "../check.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

const [N, P, L] = [120, 6, 3];
const data = new Dataset({ name: "values", shape: [P], stored: Float32Array.from(values(N * P, 1)) });
const options = {
  ...{ input: [P], latent: L, seed: 3, rank: 2, beta: 1 },
  ...mlpNetworks({ input: [P], latent: L, seed: 3, encoderWidths: [8], decoderWidths: [9] }),
};

const built = {
  vae: () => models.vae(device, options),
  vrrae: () => {
    const model = models.vrrae(device, options);
    model.setBasis([1, 0, 0, 1, 0, 0]);
    return model;
  },
  likelihoodVae: () => models.likelihoodVae(device, { ...options, posteriorDeviation: 0.5 }),
  twoStageVae: () => models.twoStageVae(device, { ...options, secondWidths: [7, 6] }),
  rae: () => models.rae(device, options),
};

test.each(Object.entries(built))(
  "%s: every sampler is a function of its seed, also out of a file",
  async (name, build) => {
    using model = build();
    for (const kind of models.samplerKinds) {
      if (kind === "second-stage" && name !== "twoStageVae") continue;
      if (kind === "vampprior" && name === "rae") continue;
      const sampler = await fitSampler(
        models.samplerOf(model, kind, { components: 3, seed: 1 }),
        model,
        data,
      );
      const codes = await sampler.sample(41, 5);
      expect(codes, kind).toHaveLength(41 * model.codeSize);
      expect(codes.every(Number.isFinite), kind).toBe(true);
      expect(await sampler.sample(41, 6), kind).not.toEqual(codes);
      const back = models.parseSampler(model, models.encodeSampler(sampler), "a file");
      expect(back.kind).toBe(kind);
      expect(await back.sample(41, 5), kind).toEqual(codes);
    }
  },
);

test("vampprior draws what the model draws for the kept inputs", async () => {
  for (const build of [built.vae, built.vrrae, built.likelihoodVae]) {
    using model = build();
    const D = model.codeSize;
    const x = device.tensor(data.values(), [N, P]);
    const { codes: mu, variances } = await distributionsOf(model, data);
    const sigma = variances.map(Math.sqrt);
    const drawn = await model.draw(x, new RandomState(device, 1)).read();
    const z = drawn.map((value, i) => (value - mu[i]!) / sigma[i]!);
    expect(z.reduce((sum, value) => sum + value ** 2, 0) / z.length).toBeCloseTo(1, 0);

    const one = new latent.PosteriorSampler("one", D, { inputs: 1, seed: 2 });
    one.fit(mu, variances);
    const codes = one.sample(4000, 1);
    const at = Array.from({ length: N }, (_, n) => n).find(
      (n) => one.save().tensors.get("means")!.values[0] === mu[n * D],
    )!;
    for (let j = 0; j < D; j++) {
      const column = codes.filter((_, i) => i % D === j);
      const average = column.reduce((sum, value) => sum + value) / 4000;
      const variance = column.reduce((sum, value) => sum + (value - average) ** 2, 0) / 4000;
      const [m, s] = [mu[at * D + j]!, sigma[at * D + j]!];
      expect(Math.abs(average - m) / s).toBeLessThan(0.07);
      expect(Math.abs(Math.sqrt(variance) / s - 1)).toBeLessThan(0.05);
    }
    const all = new latent.PosteriorSampler("all", D);
    all.fit(mu, variances);
    expect(all.save().tensors.get("means")!.values).toEqual(Float64Array.from(mu));
  }
});

test("what cannot be is refused in words", async () => {
  using plain = built.rae();
  expect(() => models.samplerOf(plain, "second-stage")).toThrow(/this model has no second stage/);
  const vampprior = models.samplerOf(plain, "vampprior");
  await expect(fitSampler(vampprior, plain, data)).rejects.toThrow(/an encoder that gives codes alone/);
  expect(() => vampprior.sample(1, 0)).toThrow(/call fit before sample/);
  const gaussian = await fitSampler(models.samplerOf(plain, "gaussian"), plain, data);
  using other = models.rae(device, {
    ...{ input: [P], latent: 2, seed: 3 },
    ...mlpNetworks({ input: [P], latent: 2, seed: 3, encoderWidths: [8], decoderWidths: [9] }),
  });
  const parse = (bytes: Uint8Array) => () => models.parseSampler(other, bytes, "x.safetensors");
  expect(parse(models.encodeSampler(gaussian))).toThrow(
    /x\.safetensors.*do not make a mixture of dimension 2/,
  );
  const empty = {
    kind: "nothing",
    dimension: 2,
    fitsTo: "nothing",
    fit() {},
    sample: () => new Float32Array(),
  } as const;
  const unknown = models.encodeSampler({ ...empty, save: () => ({ about: empty, tensors: new Map() }) });
  expect(parse(unknown)).toThrow(DataError);
  expect(parse(unknown)).toThrow(/"nothing" is no sampler; there are prior, gaussian/);
  expect(() => models.samplerOf(plain, "vampprior", { inputs: -1 })).toThrow(ArgumentError);
});
