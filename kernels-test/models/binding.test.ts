import { afterAll, beforeAll, expect, test } from "vitest";
import { Dataset } from "../../src/data/dataset.ts";
import { openDevice, type Device } from "../../src/device/device.ts";
import { LimitError } from "../../src/device/errors.ts";
import { ae } from "../../src/models/ae.ts";
import type { Autoencoder } from "../../src/models/autoencoder.ts";
import { contractive } from "../../src/models/contractive.ts";
import { irmae } from "../../src/models/irmae.ts";
import { lorae } from "../../src/models/lorae.ts";
import { rrae } from "../../src/models/rrae.ts";
import { sparse } from "../../src/models/sparse.ts";
import { vrrae } from "../../src/models/vrrae.ts";
import { convolutionalNetworks } from "../../src/nn/networks.ts";
import { RandomState } from "../../src/ops/random.ts";
import { sum } from "../../src/ops/reduce.ts";
import { backward } from "../../src/tensor/tape.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { expectClose, values } from "../check.ts";

const [H, W, C] = [24, 16, 2];
const [input, size] = [[H, W, C], H * W * C];
const [B, L, rank, beta] = [7, 64, 3, 0.05];
/** The encoder's last weight is (192, 64), the decoder's first one (64, 192): 48 KiB each. */
const networks = () =>
  convolutionalNetworks({ input, latent: L, seed: 3, encoderWidths: [4, 8], decoderWidths: [8, 6, 4] });
const build = (device: Device) => vrrae(device, { input, latent: L, rank, beta, ...networks() });
/** The models with the latent length L: all but AE and VAE, whose weights are smaller. */
const builds: Record<string, (device: Device) => Autoencoder> = {
  vrrae: build,
  rrae: (device) => rrae(device, { input, latent: L, rank, ...networks() }),
  irmae: (device) => irmae(device, { input, latent: L, layers: 2, ...networks() }),
  lorae: (device) => lorae(device, { input, latent: L, nuclear: beta, ...networks() }),
  contractive: (device) => contractive(device, { input, latent: L, penalty: beta, ...networks() }),
  sparse: (device) => sparse(device, { input, latent: L, penalty: beta, ...networks() }),
};
const data = new Dataset({
  ...{ name: "noise", shape: input },
  stored: Float32Array.from(values(20 * size, 8), (value) => 1 + 0.3 * value),
});

let whole: Device;
let narrow: Device;
beforeAll(async () => {
  whole = await openDevice({ validation: true });
  narrow = await openDevice({ validation: true, binding: 2 ** 15 });
});
afterAll(() => {
  for (const device of [whole, narrow]) device.close();
});

const trainerOn = (device: Device) => {
  const model = build(device);
  return new Trainer(model, data, { batch: B, seed: 1, optimizer: { kind: "adabelief", rate: 1e-3 } });
};

test.each(Object.keys(builds))(
  "%s: with a limit below weights, arena and activations, losses and gradients are those without one",
  async (name) => {
    const results = async (device: Device) => {
      const model = builds[name]!(device);
      const parts = Math.ceil(B / model.atOnce);
      const batch = Array.from({ length: parts }, (_, i) => {
        const [from, to] = [0, 1].map((end) => Math.min(B, (i + end) * model.atOnce)) as [number, number];
        return device.tensor(data.values().subarray(from * size, to * size), [to - from, ...input]);
      });
      const { loss } = model.loss(batch, new RandomState(device, 9));
      backward(loss);
      const gradients = new Map<string, Float32Array>();
      for (const [name, { grad }] of model.arena.parameters) gradients.set(name, await grad!.read());
      return { parts, loss: await loss.item(), gradients, arena: model.arena };
    };
    const [want, found] = [await results(whole), await results(narrow)];
    expect([want.parts, found.parts]).toEqual([1, 2]);
    for (const weight of ["encoder.linear.weight", "decoder.linear.weight"])
      expect(found.arena.get(weight).byteLength).toBeGreaterThan(narrow.largestBinding);
    expect(Math.abs(found.loss - want.loss) / want.loss).toBeLessThan(2e-6);
    for (const [weight, gradient] of want.gradients)
      expectClose(found.gradients.get(weight)!, gradient, 1e-5, weight);
  },
  180_000,
);

test("under the limit a step that is replayed gives the bits of one that is taken anew, in flat memory", async () => {
  const [recorded, eager, again] = [trainerOn(narrow), trainerOn(narrow), trainerOn(narrow)];
  for (let step = 0; step < 4; step++) {
    for (const one of [recorded, again]) one.advance();
    eager.advanceEagerly();
  }
  const bits = async (one: Trainer) => new Uint32Array(await one.model.arena.values.readBytes());
  const want = await bits(recorded);
  expect(await bits(eager)).toEqual(want);
  expect(await bits(again)).toEqual(want);
  const memory = narrow.memory();
  for (let step = 0; step < 10; step++) recorded.advance();
  await narrow.finish();
  expect(narrow.memory()).toEqual(memory);
}, 180_000);

test("what cannot be parted says which operand of what is too large", () => {
  const x = narrow.tensor(values(3 * 10_000), [3, 10_000]);
  expect(() => sum(x)).toThrow(LimitError);
  expect(() => sum(x)).toThrow(/^reduce\S+: x takes 120000 bytes, of which .* at most 32768 at once/);
  const wide = ae(narrow, { input: [1000], latent: 10_000 });
  expect(() => wide.encode(narrow.tensor(values(1000), [1, 1000]))).toThrow(/make the matrix narrower/);
});
