import { Matrix, SingularValueDecomposition } from "ml-matrix";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Dataset } from "../../src/data/dataset.ts";
import { openDevice, type Device } from "../../src/device/device.ts";
import { ArgumentError } from "../../src/device/errors.ts";
import { contractive } from "../../src/models/contractive.ts";
import type { Autoencoder } from "../../src/models/autoencoder.ts";
import { irmae } from "../../src/models/irmae.ts";
import { lorae } from "../../src/models/lorae.ts";
import { sparse } from "../../src/models/sparse.ts";
import { vae } from "../../src/models/vae.ts";
import { vrrae } from "../../src/models/vrrae.ts";
import { mlpNetworks } from "../../src/nn/networks.ts";
import { RandomState } from "../../src/ops/random.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { train } from "../../src/train/train.ts";
import { expectClose, values } from "../check.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

const [N, D, L] = [48, 12, 8];

/** Samples of D numbers that are smooth functions of two. */
const curved = new Dataset({
  name: "curved",
  shape: [D],
  stored: Float32Array.from({ length: N * D }, (_, at) => {
    const [n, d] = [Math.floor(at / D), at % D];
    const [s, t] = [n % 8, Math.floor(n / 8)];
    return Math.sin(0.4 * s + 0.5 * d) + Math.cos(0.3 * t * (1 + d / D));
  }),
});

const nets = (seed: number) =>
  mlpNetworks({ input: [D], latent: L, seed, encoderWidths: [24], decoderWidths: [24] });

async function trained<M extends Autoencoder>(model: M, steps: number): Promise<M> {
  await train(model, curved, { steps, batch: N, optimizer: { kind: "adam", rate: 1e-2 } });
  return model;
}

/** The codes of all samples, (N, L) row-major. */
const codes = (model: Autoencoder) => model.encode(tensor(device, curved.stored, [N, D])).read();

/** exp of the entropy of the normalised singular values of centred codes: how many directions they use. */
async function effectiveRank(model: Autoencoder): Promise<number> {
  const matrix = Matrix.from1DArray(N, L, Array.from(await codes(model))).center("column");
  const s = new SingularValueDecomposition(matrix).diagonal;
  const total = s.reduce((sum, value) => sum + value, 0);
  return Math.exp(s.reduce((sum, value) => sum - (value / total) * Math.log(value / total + 1e-30), 0));
}

test("IRMAE: the more linear maps, the fewer directions the codes use; published, there is one map less", async () => {
  const build = (layers: number, published = false) =>
    irmae(device, { input: [D], latent: L, layers, published, seed: 2, ...nets(2) });
  const [one, six] = [await trained(build(1), 300), await trained(build(6), 300)];
  expect(await effectiveRank(six)).toBeLessThan(0.8 * (await effectiveRank(one)));

  const maps = (model: Autoencoder) => model.networks.linear!.layers.length;
  expect([maps(build(4)), maps(build(4, true)), maps(build(1, true))]).toEqual([4, 3, 0]);
});

test("LoRAE: the nuclear norm falls with its weight; published, the map is not applied", async () => {
  const nuclearNorm = async (nuclear: number) => {
    const model = await trained(lorae(device, { input: [D], latent: L, nuclear, seed: 3, ...nets(3) }), 200);
    const map = await model.arena.get("linear.map1.weight").read();
    const { diagonal } = new SingularValueDecomposition(Matrix.from1DArray(L, L, Array.from(map)));
    return diagonal.reduce((sum, value) => sum + value, 0);
  };
  expect(await nuclearNorm(2)).toBeLessThan(0.6 * (await nuclearNorm(0)));

  const published = lorae(device, { input: [D], latent: L, published: true, seed: 3, ...nets(3) });
  const bare = irmae(device, { input: [D], latent: L, layers: 1, published: true, seed: 3, ...nets(3) });
  expect([...(await codes(published))]).toEqual([...(await codes(bare))]);
});

describe("contractive", () => {
  const single = mlpNetworks({ input: [D], latent: L, seed: 4, encoderWidths: [] });
  const build = (contraction: "last-layer" | "estimator", networks = single) =>
    contractive(device, { input: [D], latent: L, penalty: 1, contraction, ...networks });
  const x = () => tensor(device, values(6 * D, 4), [6, D]);

  test("of one layer: the closed form and the mean of many estimates are the norm of the Jacobian", async () => {
    const model = build("last-layer");
    const noise = new RandomState(device, 1);
    const closed = await model.loss(x(), noise).contraction!.item();

    const weight = await model.arena.get("encoder.linear1.weight").read();
    const z = await model.encode(x()).read();
    const jacobian = Array.from(z).reduce((sum, value, at) => {
      const column = weight.filter((_, i) => i % L === at % L);
      return sum + (value * (1 - value)) ** 2 * column.reduce((total, w) => total + w * w, 0);
    }, 0);
    expectClose([closed], [jacobian], 1e-5, "closed form");

    const estimator = build("estimator");
    let estimate = 0;
    for (let draw = 0; draw < 300; draw++)
      estimate += (await device.scope(() => estimator.loss(x(), noise).contraction!).item()) / 300;
    expectClose([estimate], [jacobian], 0.03, "estimator");
  });

  test("codes move less the more it weighs", async () => {
    const spread = async (penalty: number) => {
      const options = { input: [D], latent: L, penalty, contraction: "estimator", seed: 5 } as const;
      const model = await trained(contractive(device, { ...options, ...nets(5) }), 150);
      const z = await codes(model);
      const mean = Array.from({ length: L }, (_, l) =>
        z.reduce((sum, v, i) => sum + (i % L === l ? v / N : 0), 0),
      );
      return z.reduce((sum, value, at) => sum + (value - mean[at % L]!) ** 2, 0);
    };
    expect(await spread(30)).toBeLessThan(0.5 * (await spread(0)));
  });
});

test("sparse: every unit is as active as asked for; published, only their mean is", async () => {
  const activity = async (published: boolean) => {
    const penalty = published ? 40 * L : 40; // one term in place of L
    const options = { input: [D], latent: L, penalty, sparsity: 0.1, published, seed: 6 };
    const z = await codes(await trained(sparse(device, { ...options, ...nets(6) }), 300));
    return Array.from({ length: L }, (_, l) => z.reduce((sum, v, i) => sum + (i % L === l ? v / N : 0), 0));
  };
  for (const unit of await activity(false)) expect(Math.abs(unit - 0.1)).toBeLessThan(0.04);
  const units = await activity(true);
  expectClose([units.reduce((a, b) => a + b, 0) / L], [0.1], 0.3, "mean of all");
  expect(Math.max(...units) - Math.min(...units)).toBeGreaterThan(0.08);
});

test("the mean is the code itself where f is the identity, and an affine map of it otherwise", async () => {
  const x = tensor(device, values(12 * D, 5), [12, D]);
  const identity = vae(device, { input: [D], latent: 3, beta: 1, mean: "identity", seed: 7 });
  expect(Object.keys(identity.networks)).not.toContain("mean");
  const direct = identity.networks.encoder!.apply(x, (name) => identity.arena.get(`encoder.${name}`));
  expect([...(await identity.encode(x).read())]).toEqual([...(await direct.read())]);

  const options = { input: [D], latent: 6, rank: 2, beta: 1, seed: 7 };
  const [plain, mapped] = [vrrae(device, options), vrrae(device, { ...options, mean: "affine" })];
  const basis = (await plain.fitBasis([x])).basis;
  mapped.setBasis(basis);
  const alpha = await plain.encode(x).read();
  const [W, b] = [
    await mapped.arena.get("mean.linear.weight").read(),
    await mapped.arena.get("mean.linear.bias").read(),
  ];
  const want = alpha.map((_, at) => {
    const [n, j] = [Math.floor(at / 2), at % 2];
    return alpha[2 * n]! * W[j]! + alpha[2 * n + 1]! * W[2 + j]! + b[j]!;
  });
  expectClose(await mapped.encode(x).read(), want, 1e-6, "means");
});

test("weights and counts that make no sense are refused", () => {
  const common = { input: [D], latent: L };
  for (const layers of [0, 1.5, NaN])
    expect(() => irmae(device, { ...common, layers })).toThrow(/irmae: layers.*from 1 on, not/);
  expect(() => lorae(device, { ...common, nuclear: -1 })).toThrow(/lorae: nuclear.*from 0 on, not -1/);
  expect(() => contractive(device, { ...common, penalty: NaN })).toThrow(ArgumentError);
  expect(() => contractive(device, { ...common, penalty: 1, contraction: "all" as "estimator" })).toThrow(
    /"last-layer" or "estimator", not "all"/,
  );
  expect(() => sparse(device, { ...common, penalty: 1, sparsity: 1 })).toThrow(/between 0 and 1; it is 1/);
  expect(() => sparse(device, { ...common, penalty: -2 })).toThrow(/sparse: penalty.*not -2/);
});
