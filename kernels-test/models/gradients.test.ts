import { describe, expect, test } from "vitest";
import type { Device } from "../../src/device/device.ts";
import { ae } from "../../src/models/ae.ts";
import type { Autoencoder } from "../../src/models/autoencoder.ts";
import { contractive } from "../../src/models/contractive.ts";
import { irmae } from "../../src/models/irmae.ts";
import { lorae } from "../../src/models/lorae.ts";
import { rrae } from "../../src/models/rrae.ts";
import { sparse } from "../../src/models/sparse.ts";
import { vae } from "../../src/models/vae.ts";
import { vrrae } from "../../src/models/vrrae.ts";
import { convolutionalNetworks, mlpNetworks } from "../../src/nn/networks.ts";
import { randomNormal, RandomState } from "../../src/ops/random.ts";
import { backward } from "../../src/tensor/tape.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { rounded, values, withDevices } from "../check.ts";
import { convolutional, dot, losses, norm, perceptron, type Case } from "./reference.ts";

const B = 5;
const rank = 2;
const beta = 0.05;
const widths = { encoderWidths: [4, 6], decoderWidths: [8, 6, 8] };

/** Shapes of samples, and their networks on the device and in float64. */
const settings = [
  { name: "8 × 8 × 1", input: [8, 8, 1] },
  { name: "6 × 9 × 2", input: [6, 9, 2] },
].map(({ name, input }) => ({
  name,
  input,
  own: (latent: number) => convolutionalNetworks({ input, latent, seed: 3, ...widths }),
  networks: convolutional(input as [number, number, number], { down: 2, up: 3 }),
}));
settings.push({
  name: "vectors of 7",
  input: [7],
  own: (latent) => mlpNetworks({ input: [7], latent, seed: 4, decoderWidths: [8, 9] }),
  networks: { encoder: perceptron(2), decoder: perceptron(3) },
});

const L = 6;
type Build = (device: Device, setting: (typeof settings)[number]) => Autoencoder;
const builds: Record<keyof typeof losses, Build> = {
  ae: (device, { input, own }) => ae(device, { input, latent: rank, ...own(rank) }),
  vae: (device, { input, own }) => vae(device, { input, latent: rank, beta, ...own(rank) }),
  rrae: (device, { input, own }) => rrae(device, { input, latent: L, rank, ...own(L) }),
  vrrae: (device, { input, own }) =>
    vrrae(device, { input, latent: L, rank, beta, gauge: "exact", ...own(L) }),
  "vrrae, rank lowered": (device, { input, own }) => {
    const model = vrrae(device, { input, latent: L, rank: rank + 2, beta, gauge: "exact", ...own(L) });
    model.setRank(rank);
    return model;
  },
  "vae, f = I": (device, { input, own }) =>
    vae(device, { input, latent: rank, beta, mean: "identity", ...own(rank) }),
  "rrae + vae": (device, { input, own }) =>
    vrrae(device, { input, latent: L, rank, beta, mean: "affine", gauge: "exact", ...own(L) }),
  irmae: (device, { input, own }) => irmae(device, { input, latent: L, layers: 3, ...own(L) }),
  "irmae, published": (device, { input, own }) =>
    irmae(device, { input, latent: L, layers: 3, published: true, ...own(L) }),
  lorae: (device, { input, own }) => lorae(device, { input, latent: L, nuclear: beta, ...own(L) }),
  contractive: (device, { input, own }) =>
    contractive(device, { input, latent: L, penalty: beta, ...own(L) }),
  sparse: (device, { input, own }) => sparse(device, { input, latent: L, penalty: beta, ...own(L) }),
  "sparse, published": (device, { input, own }) =>
    sparse(device, { input, latent: L, penalty: beta, published: true, ...own(L) }),
};

withDevices((device) => {
  describe.each(settings)("$name", (setting) => {
    test.each(Object.keys(builds) as (keyof typeof losses)[])(
      "%s: the loss and the gradient of every parameter are those of float64",
      async (kind) => {
        const model = builds[kind](device(), setting);
        const size = setting.input.reduce((a, b) => a * b, 1);
        const x = rounded(values(B * size, 3));
        const epsilon = await randomNormal(new RandomState(device(), 9), [B, model.codeSize]).read();
        const given: Case = { networks: setting.networks, x, B, rank, beta, epsilon };

        const weights = new Map<string, number[]>();
        for (const [name, parameter] of model.arena.parameters)
          weights.set(name, Array.from(await parameter.read()));
        const { loss } = model.loss(tensor(device(), x, [B, ...setting.input]), new RandomState(device(), 9));
        backward(loss);
        const gradients = new Map<string, Float32Array>();
        for (const name of weights.keys()) gradients.set(name, await model.arena.get(name).grad!.read());
        const want = losses[kind](given, weights);
        expect(Math.abs((await loss.item()) - want) / want).toBeLessThan(1e-5);

        for (const [name, list] of weights) {
          const direction = values(list.length, list.length + 1);
          const step = 1e-6;
          const along = (sign: number) => {
            const moved = list.map((value, i) => value + sign * step * direction[i]!);
            return losses[kind](given, new Map([...weights, [name, moved]]));
          };
          const gradient = gradients.get(name)!;
          const error = dot(gradient, direction) - (along(1) - along(-1)) / (2 * step);
          // the terms of a bias's gradient cancel; how large they are is seen at the weight that stands beside it
          const beside = gradients.get(name.replace(/bias$/, "weight"))!;
          const scale = Math.max(norm(gradient), norm(beside)) * norm(direction);
          expect(scale, `${name}: a gradient`).toBeGreaterThan(0);
          expect(Math.abs(error) / scale, name).toBeLessThan(1e-4);
        }
      },
    );
  });
});
