import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Dataset } from "../../src/data/dataset.ts";
import { openDevice, type Device } from "../../src/device/device.ts";
import { ArgumentError } from "../../src/device/errors.ts";
import * as models from "../../src/models/index.ts";
import { mlpNetworks } from "../../src/nn/networks.ts";
import { RandomState } from "../../src/ops/random.ts";
import { completeConfig } from "../../src/train/config.ts";
import { buildModel } from "../../src/train/build.ts";
import { decodeCodes } from "../../src/train/generate.ts";
import { train } from "../../src/train/train.ts";
import { rounded, values } from "../check.ts";
import { temporaryFolder } from "../data/files.ts";
import { trainTo } from "../train/resume.ts";
import { B, checkPhases, gaussian, kl, L, P, rows, type List, type Networks } from "./phaseCheck.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

const options = {
  ...{ input: [P], latent: L, seed: 3, secondWidths: [7, 6] },
  ...mlpNetworks({ input: [P], latent: L, seed: 3, encoderWidths: [8], decoderWidths: [9] }),
};

/** [z, hidden layers of z], for each of the rows. */
const skipped = (nets: Networks, name: string, z: List) => {
  const hidden = nets.run(`${name}.skip.hidden`, 2, z).map((value) => Math.max(value, 0));
  return rows(z).flatMap((row, n) => [...row, ...rows(hidden, 6)[n]!]);
};

const z = rounded(values(B * L, 5));

describe.each(["learned", "computed"] as const)("second stage, %s γ", (secondLikelihood) =>
  checkPhases(
    () => models.twoStageVae(device, { ...options, secondLikelihood }),
    {
      second: {
        draws: [["normal", B * L]],
        loss(nets, x, [epsilon]) {
          const h = skipped(nets, "secondEncoder", x);
          const [mu, logVariance] = [nets.affine("secondMean", h), nets.affine("secondVariance", h)];
          const u = gaussian({ mu, logVariance }, epsilon!);
          const made = nets.affine("secondDecoder", skipped(nets, "secondDecoder", u));
          const squares = made.reduce((sum, value, i) => sum + (value - x[i]!) ** 2, 0) / B;
          const log =
            secondLikelihood === "learned"
              ? nets.weights.get("secondGamma")![0]!
              : Math.log(nets.state.get("secondGamma")![0]!) / 2;
          const error = squares / (2 * Math.exp(2 * log)) + L * (log + Math.log(2 * Math.PI) / 2);
          return error + kl(mu, logVariance);
        },
      },
    },
    z,
    [B, L],
  ),
);

const noise = new Dataset({
  name: "noise",
  shape: [P],
  stored: Float32Array.from(values(60 * P, 2), (value) => value / 3),
});

test("stopped in either stage it goes on to the same bits, and the second leaves the first as it was", async () => {
  const to = (until: number, folder: string) => {
    const model = models.twoStageVae(device, options);
    const stages = model.stages(3);
    expect(stages.map(({ steps }) => steps)).toEqual([3, 6]);
    const settings = { batch: 12, seed: 2, optimizer: { kind: "adam", rate: 5e-3 } } as const;
    return trainTo(until, model, noise, { ...settings, stages }, folder);
  };
  const [whole, parted] = [temporaryFolder(), temporaryFolder()];
  const want = await to(6, whole);
  const first = await to(2, parted);
  const between = await to(3, parted);
  for (const [name, bits] of between.tensors) {
    if (/^(encoder|decoder)\.|^(mean|variance)\.linear|^gamma$/.test(name))
      expect(want.tensors.get(name)).toEqual(bits);
    if (/^second/.test(name)) expect(first.tensors.get(name)).toEqual(bits);
  }
  expect(want.tensors.get("secondGamma")).not.toEqual(between.tensors.get("secondGamma"));
  await to(4, parted);
  expect(await to(6, parted)).toEqual(want);
});

test("codes of the second stage are closer to those of three clusters than N(0, I) is", async () => {
  const corners = [-2.2, 0, 2.2];
  const jitter = values(2 * 600, 4);
  const points = Float32Array.from(jitter, (value, i) => {
    const cluster = (i >> 1) % 3;
    return (i % 2 ? corners[(cluster + 1) % 3]! : corners[cluster]!) + 0.15 * value;
  });
  const data = new Dataset({ name: "clusters", shape: [2], stored: points });
  const own = mlpNetworks({ input: [2], latent: 2, seed: 1, encoderWidths: [16], decoderWidths: [16] });
  const model = models.twoStageVae(device, {
    ...{ input: [2], latent: 2, seed: 1, secondWidths: [32, 32], secondSteps: 500, ...own },
    ...{ likelihood: "fixed", deviation: 0.1, secondLikelihood: "computed" },
  });
  await train(model, data, { steps: 150, batch: 50, seed: 1, optimizer: { kind: "adam", rate: 1e-2 } });
  const x = device.tensor(data.values(0, 300), [300, 2]);
  const codes = model.draw(x, new RandomState(device, 7));
  const drawn = async (kind: models.SamplerKind) => models.samplerOf(model, kind).sample(300, 8);
  const distance = async (kind: models.SamplerKind) =>
    models.mmd(codes, device.tensor(await drawn(kind), [300, 2])).item();
  const [prior, second] = [await distance("prior"), await distance("second-stage")];
  expect(second).toBeLessThan(prior / 2);
  const noisy = await drawn("second-stage");
  const ownSamples = await model.sample(300, new RandomState(device, 8, 1)).read();
  expect(ownSamples).toEqual(await decodeCodes(model, noisy));
  model.gammaNoise = false;
  const bare = await drawn("second-stage");
  const [variance] = await model.state.get("secondGamma")!.read();
  const apart = noisy.reduce((sum, value, i) => sum + (value - bare[i]!) ** 2, 0) / noisy.length;
  expect(Math.abs(apart / variance! - 1)).toBeLessThan(0.2);
  model.dispose();
}, 60_000);

test("it is built by its name; options that are none are refused", () => {
  const model = buildModel(
    device,
    completeConfig({ model: "two-stage", secondWidth: 5, secondSteps: 4 }),
    [8, 8, 1],
  );
  expect(model.stages(9).map(({ steps }) => steps)).toEqual([9, 4]);
  expect(model.arena.get("secondDecoder.skip.hidden.linear3.weight").shape).toEqual([5, 5]);
  model.dispose();
  const refuse = (wrong: object, words: RegExp) => {
    const build = () => models.twoStageVae(device, { ...options, ...wrong });
    expect(build).toThrow(ArgumentError);
    expect(build).toThrow(words);
  };
  refuse({ secondLikelihood: "bce" }, /secondLikelihood is learned or computed, not bce/);
  refuse({ secondSteps: 0 }, /secondSteps is a whole number from 1 on, not 0/);
});
