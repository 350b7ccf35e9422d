import { expect, test } from "vitest";
import { Dataset } from "../../src/data/dataset.ts";
import { openDevice, type Device } from "../../src/device/device.ts";
import { ae } from "../../src/models/ae.ts";
import type { Autoencoder } from "../../src/models/autoencoder.ts";
import type { BasisAutoencoder } from "../../src/models/basisAutoencoder.ts";
import { contractive } from "../../src/models/contractive.ts";
import { irmae } from "../../src/models/irmae.ts";
import { lorae } from "../../src/models/lorae.ts";
import { applyInParts, type Batch } from "../../src/models/parts.ts";
import { rrae } from "../../src/models/rrae.ts";
import { sparse } from "../../src/models/sparse.ts";
import { vae } from "../../src/models/vae.ts";
import { vrrae } from "../../src/models/vrrae.ts";
import { conv2d } from "../../src/nn/layers.ts";
import { convolutionalNetworks } from "../../src/nn/networks.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { RandomState } from "../../src/ops/random.ts";
import { backward } from "../../src/tensor/tape.ts";
import { tensor, zeros } from "../../src/tensor/tensor.ts";
import { deviceParts } from "../../src/train/batching.ts";
import { train } from "../../src/train/train.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { expectClose, values, withDevices } from "../check.ts";
import { norm } from "./reference.ts";

const [H, W, C] = [9, 6, 2];
const [input, size] = [[H, W, C], H * W * C];
const [B, L, rank, beta] = [7, 6, 2, 0.05];
const own = (latent: number) =>
  convolutionalNetworks({ input, latent, seed: 3, encoderWidths: [4, 6], decoderWidths: [8, 6, 4] });

const builds: Record<string, (device: Device) => Autoencoder> = {
  ae: (device) => ae(device, { input, latent: rank, ...own(rank) }),
  vae: (device) => vae(device, { input, latent: rank, beta, ...own(rank) }),
  rrae: (device) => rrae(device, { input, latent: L, rank, ...own(L) }),
  vrrae: (device) => vrrae(device, { input, latent: L, rank, beta, ...own(L) }),
  irmae: (device) => irmae(device, { input, latent: L, layers: 2, ...own(L) }),
  lorae: (device) => lorae(device, { input, latent: L, nuclear: beta, ...own(L) }),
  contractive: (device) => contractive(device, { input, latent: L, penalty: beta, ...own(L) }),
  sparse: (device) => sparse(device, { input, latent: L, penalty: beta, ...own(L) }),
};

/** A loss and the gradients of all parameters. */
async function outcome(model: Autoencoder, x: Batch) {
  const { loss } = model.loss(x, new RandomState(model.device, 9));
  backward(loss);
  const gradients = new Map<string, Float32Array>();
  for (const [name, parameter] of model.arena.parameters) gradients.set(name, await parameter.grad!.read());
  return { loss: await loss.item(), gradients };
}

withDevices((device) => {
  const list = values(B * size, 3);
  const whole = () => tensor(device(), list, [B, ...input]);
  const inParts = (...counts: number[]) => {
    let from = 0;
    return counts.map((count) => {
      const part = list.slice(from * size, (from + count) * size);
      from += count;
      return tensor(device(), part, [count, ...input]);
    });
  };

  test.each(Object.keys(builds))(
    "%s: a batch in parts has the loss and the gradients of the whole",
    async (name) => {
      const want = await outcome(builds[name]!(device()), whole());
      for (const counts of [
        [3, 3, 1],
        [1, 6],
      ]) {
        const found = await outcome(builds[name]!(device()), inParts(...counts));
        expect(Math.abs(found.loss - want.loss) / want.loss).toBeLessThan(2e-6);
        for (const [parameter, gradient] of want.gradients)
          expectClose(found.gradients.get(parameter)!, gradient, 2e-5, parameter);
      }
    },
  );

  test("one part that is left out changes loss and gradients", async () => {
    const want = await outcome(builds.vrrae!(device()), whole());
    const found = await outcome(builds.vrrae!(device()), inParts(3, 3));
    expect(Math.abs(found.loss - want.loss) / want.loss).toBeGreaterThan(1e-4);
    for (const name of ["encoder.conv1.weight", "decoder.conv.weight"]) {
      const [one, other] = [found.gradients.get(name)!, want.gradients.get(name)!];
      expect(norm(one.map((value, i) => value - other[i]!)) / norm(other), name).toBeGreaterThan(1e-2);
    }
  });

  test("a perfect reconstruction in parts has a gradient of zero", async () => {
    const model = builds.ae!(device());
    const x = [zeros(device(), [2, ...input]), zeros(device(), [1, ...input])];
    for (const [name, parameter] of model.arena.parameters)
      if (name.startsWith("decoder.conv.")) parameter.write(new Float32Array(parameter.size));
    for (const part of x) part.write(new Float32Array(part.size).fill(0));
    model.arena.get("decoder.conv.bias").write(new Float32Array(C).fill(0.5));
    for (const part of x) part.write(new Float32Array(part.size).fill(0.5));
    const { loss, gradients } = await outcome(model, x);
    expect(loss).toBeLessThan(1e-10);
    for (const gradient of gradients.values()) expect(gradient.every((value) => value === 0)).toBe(true);
  });

  test("as many samples go through the networks at once as leave every tensor within a binding", () => {
    const model = builds.vrrae!(device());
    const largest = 16 * 8 * 4; // the decoder's last map, before it is cut to 9 × 6
    expect(model.atOnce).toBe(Math.floor(device().largestBinding / 4 / largest));
  });

  test("training in parts goes the same way, recorded and eagerly to the last bit, in flat memory", async () => {
    const data = new Dataset({
      name: "noise",
      shape: input,
      stored: Float32Array.from(values(20 * size, 8)),
    });
    const trainer = (atOnce?: number) => {
      const model = builds.vrrae!(device());
      if (atOnce !== undefined) model.atOnce = atOnce;
      return new Trainer(model, data, { batch: B, seed: 1, optimizer: { kind: "adabelief", rate: 1e-3 } });
    };
    const [plain, parted, eager] = [trainer(), trainer(3), trainer(3)];
    for (let step = 0; step < 4; step++) {
      for (const one of [plain, parted]) one.advance();
      eager.advanceEagerly();
    }
    const loss = async (one: Trainer) => (await one.losses()).losses.loss!;
    expect(Math.abs((await loss(parted)) - (await loss(plain)))).toBeLessThan(1e-3 * (await loss(plain)));
    const bits = async (one: Trainer) => new Uint32Array(await one.model.arena.values.readBytes());
    expect(await bits(parted)).toEqual(await bits(eager));
    const memory = device().memory();
    for (let step = 0; step < 20; step++) parted.advance();
    await device().finish();
    expect(device().memory()).toEqual(memory);
    eager.advanceEagerly();
    await device().finish();
    const { live } = device().memory();
    for (let step = 0; step < 5; step++) eager.advanceEagerly();
    await device().finish();
    expect(device().memory().live).toBe(live);
  });

  test("basis, errors and the second stage take parts too", async () => {
    const data = new Dataset({
      name: "noise",
      shape: input,
      stored: Float32Array.from(values(20 * size, 8)),
    });
    const trained = async (atOnce: number) => {
      const model = builds.vrrae!(device()) as BasisAutoencoder;
      model.atOnce = atOnce;
      const options = { steps: 2, batch: B, seed: 1, fineTune: { steps: 2 } };
      const run = await train(model, data, options);
      return { basis: await model.basis!.read(), error: await run.error(data) };
    };
    const [whole, parted] = [await trained(B), await trained(3)];
    expectClose(parted.basis, whole.basis, 1e-2, "basis");
    expect(Math.abs(parted.error - whole.error)).toBeLessThan(1e-3 * whole.error);
    const model = builds.ae!(device());
    model.atOnce = 3;
    const counts: number[][] = [];
    for await (const parts of deviceParts(model, data, B)) counts.push(parts.map(({ shape }) => shape[0]!));
    expect(counts).toEqual([
      [3, 3, 1],
      [3, 3, 1],
      [3, 3],
    ]);
  });
});

test("faces in four parts have the gradients of eight, and of float64: rows by slices are past 2³²", async () => {
  const device = await openDevice();
  const [N, side, K] = [192, 160, 4]; // 48 images a part: 1.2 million rows of 4 columns, in 4096 slices
  const [input, M] = [[side, side, 1], N * side * side];
  const layers = {
    wide: conv2d(1, K, { kernel: 1, activation: "relu" }),
    narrow: conv2d(K, 1, { kernel: 1 }),
  };
  const network = sequential(input, layers, { seed: 2, stream: "faces" });
  const list = new Float32Array(M).map((_, i) => ((i * 7919) % 1024) / 1024);
  const slope = new Float32Array(M).map((_, i) => 0.5 + ((i * 104_729) % 509) / 509);

  const gradients = async (parts: number) => {
    const parameters = new Map(
      network.parameters.map(({ name, shape, values }) => {
        const parameter = tensor(device, values, shape);
        parameter.requiresGrad = true;
        return [name, parameter];
      }),
    );
    const size = M / parts;
    const x = Array.from({ length: parts }, (_, part) =>
      tensor(device, list.subarray(part * size, (part + 1) * size), [N / parts, ...input]),
    );
    const y = applyInParts(network, x, (name) => parameters.get(name)!);
    const dy = tensor(device, slope, y.shape);
    backward(y, dy);
    const found = new Map<string, Float32Array>();
    for (const [name, parameter] of parameters) found.set(name, await parameter.grad!.read());
    for (const used of [...x, y, dy, ...parameters.values()]) used.dispose();
    return found;
  };
  const [four, eight] = [await gradients(4), await gradients(8)];

  const [w, b, v] = network.parameters.map(({ values }) => values);
  const want = new Map(network.parameters.map(({ name, values }) => [name, new Float64Array(values.length)]));
  const [dw, db, dv, dc] = [...want.values()] as [Float64Array, Float64Array, Float64Array, Float64Array];
  for (let i = 0; i < M; i++) {
    const [x, dy] = [list[i]!, slope[i]!];
    dc[0]! += dy;
    for (let k = 0; k < K; k++) {
      const z = Math.fround(w![k]! * x + b![k]!);
      if (z <= 0) continue;
      dv[k]! += dy * z;
      db[k]! += dy * v![k]!;
      dw[k]! += dy * v![k]! * x;
    }
  }
  for (const [name, gradient] of want) {
    expectClose(four.get(name)!, gradient, 1e-5, name);
    expectClose(four.get(name)!, eight.get(name)!, 1e-5, name);
  }
  device.close();
});
