import { afterAll, beforeAll, expect, test } from "vitest";
import { openDevice, type Device } from "../../src/device/device.ts";
import * as models from "../../src/models/index.ts";
import { mlpNetworks } from "../../src/nn/networks.ts";
import { add } from "../../src/ops/elementwise.ts";
import { RandomState } from "../../src/ops/random.ts";
import { sum } from "../../src/ops/reduce.ts";
import { backward } from "../../src/tensor/tape.ts";
import { tensor, type Tensor } from "../../src/tensor/tensor.ts";
import { architectureFor } from "../../src/train/architecture.ts";
import { buildModel } from "../../src/train/build.ts";
import { completeConfig } from "../../src/train/config.ts";
import { values } from "../check.ts";
import { B, L, P } from "./phaseCheck.ts";

// What public reports on such models say goes wrong in them.

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

const x = values(B * P, 11).map((value) => (value + 1) / 2);
const batch = (copies = 1) => tensor(device, Array.from({ length: copies }, () => x).flat(), [copies * B, P]);
const options = {
  ...{ input: [P], latent: L, seed: 3 },
  ...mlpNetworks({ input: [P], latent: L, seed: 3, encoderWidths: [8], decoderWidths: [9] }),
};
const narrow = { criticWidths: [7, 6] };
const norm = (list: Iterable<number>) => Math.hypot(...list);

/** Moves what a phase moves by a hundredth, straight down its gradient. */
async function step(model: models.Autoencoder, name: string): Promise<void> {
  const phase = model.phases().find((one) => one.name === name)!;
  model.moving(phase.moves, () => backward(phase.loss(batch(), new RandomState(device, 1)).loss));
  const moved = [];
  for (const group of phase.moves)
    for (const parameter of model.groups.get(group)!.parameters.values())
      moved.push({ parameter, gradient: await parameter.grad!.read() });
  const length = norm(moved.map(({ gradient }) => norm(gradient)));
  expect(length).toBeGreaterThan(0);
  for (const { parameter, gradient } of moved) {
    const before = await parameter.read();
    parameter.write(before.map((value, i) => value - (0.01 * gradient[i]!) / length));
  }
}

/** What the critic gives of the codes of the batch, and of the draws that the phase makes, in the mean. */
async function judged(model: models.Autoencoder): Promise<{ codes: number; draws: number }> {
  const of = async (z: Tensor) => {
    const logits = device.noGrad(() =>
      model.networks.critic!.apply(z, (own) => model.arena.get(`critic.${own}`)),
    );
    return (await logits.read()).reduce((total, value) => total + value, 0) / B;
  };
  return {
    codes: await of(model.encode(batch())),
    draws: await of(model.drawPrior(B, new RandomState(device, 1))),
  };
}

test("adversaries pull the right way: critics apart what they are shown, the others back", async () => {
  const all = {
    "WAE-GAN": [models.waeGan(device, { ...options, ...narrow, adversary: 1e5 }), "ae"],
    AAE: [models.aae(device, { ...options, ...narrow }), "generator"],
    MaskAAE: [models.maskAae(device, { ...options, ...narrow }), "generator"],
    FlexAE: [models.flexAe(device, { ...options, adversaryWidths: [7, 6] }), "generator"],
  } as const;
  for (const [name, [model, fooling]] of Object.entries(all)) {
    // only FlexAE's critic is high on codes: there the draws are what is made
    const [real, made] = name === "FlexAE" ? (["codes", "draws"] as const) : (["draws", "codes"] as const);
    const before = await judged(model);
    await step(model, "critic");
    const told = await judged(model);
    expect(told[real] - told[made], name).toBeGreaterThan(before[real] - before[made]);
    await step(model, fooling);
    const fooled = await judged(model);
    expect(fooled[made], name).toBeGreaterThan(told[made]);
    if (name !== "FlexAE") expect(fooled[real], name).toBe(told[real]);
    else {
      await step(model, "encoder");
      expect((await judged(model)).codes).toBeLessThan(fooled.codes);
    }
    model.dispose();
  }
});

test("critics and generators normalise by no batch, whatever the networks beside them do", () => {
  for (const name of ["wae-gan", "aae", "factor-vae", "mask-aae", "flex-ae-sr"] as const) {
    const config = completeConfig({
      ...{ model: name, data: "mnist", latent: 3, network: "infogan", networkWidth: 1, networkUnits: 4 },
      ...{ criticWidth: 4, criticLayers: 2 },
    });
    const model = buildModel(device, config, [8, 8, 1], architectureFor(config));
    expect(model.networks.encoder!.usesBatchStatistics, name).toBe(true);
    for (const adversary of ["critic", "imageCritic", "generator"])
      expect(model.networks[adversary]?.usesBatchStatistics ?? false, name).toBe(false);
    expect(model.networks.critic!.layers.map(({ label }) => label).join()).not.toMatch(/norm/i);
    model.dispose();
  }
});

test("reconstruction and divergence are reduced alike: a batch twice over has the same parts", async () => {
  for (const build of [
    () => models.infoVae(device, options),
    () => models.vaeFlow(device, options),
    () => models.likelihoodVae(device, options),
  ]) {
    const model = build();
    model.arena.get("variance.linear.weight").write(new Float32Array(L * L));
    model.arena.get("variance.linear.bias").write(Array<number>(L).fill(-30)); // draws are as good as means
    const parts = async (copies: number) => {
      const losses = model.loss(batch(copies), new RandomState(device, 1));
      return [await losses.error!.item(), await losses.divergence!.item()];
    };
    const [once, twice] = [await parts(1), await parts(2)];
    for (const part of [0, 1]) expect(twice[part]! / once[part]!).toBeCloseTo(1, 1); // a flow's divergence is of a draw
    model.dispose();
  }
});

test("far outside of where codes are, flows have finite values, determinants and gradients", async () => {
  for (const kind of ["planar", "realnvp"] as const) {
    const model = models.vaeFlow(device, { ...options, flow: { kind, maps: 4 } });
    for (const size of [1e2, 1e4]) {
      const z = tensor(
        device,
        values(B * L, 5).map((value) => size * value),
        [B, L],
      );
      z.requiresGrad = true;
      const made = model.flow.forward(z, (own) => model.arena.get(`flow.${own}`));
      const total = add(sum(made.z), sum(made.logDeterminant));
      backward(total);
      expect(Number.isFinite(await total.item()), `${kind} ${size}`).toBe(true);
      expect((await z.grad!.read()).every(Number.isFinite), `${kind} ${size}`).toBe(true);
    }
    model.dispose();
  }
});

test("a learned variance that went to 0 has a finite loss, and comes back where there is an error", async () => {
  const model = models.likelihoodVae(device, { ...options, likelihood: "learned" });
  const gamma = model.arena.get("gamma");
  for (const logarithm of [-5, -10, -15]) {
    gamma.write([logarithm]);
    const { loss } = model.loss(batch(), new RandomState(device, 1));
    backward(loss);
    expect(Number.isFinite(await loss.item())).toBe(true);
    for (const parameter of model.arena.parameters.values())
      expect((await parameter.grad!.read()).every(Number.isFinite), parameter.name).toBe(true);
    expect((await gamma.grad!.read())[0]).toBeLessThan(0); // up, down the gradient
  }
  model.dispose();
});
