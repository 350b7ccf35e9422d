import { Matrix, SingularValueDecomposition } from "ml-matrix";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDevice, type Device } from "../../src/device/device.ts";
import { ArgumentError, LifetimeError, LimitError, ShapeError } from "../../src/device/errors.ts";
import { ae } from "../../src/models/ae.ts";
import { rrae } from "../../src/models/rrae.ts";
import { vae } from "../../src/models/vae.ts";
import { vrrae } from "../../src/models/vrrae.ts";
import { convolutionalNetworks, mlpNetworks, type Network } from "../../src/nn/networks.ts";
import { linear } from "../../src/nn/layers.ts";
import { sequential } from "../../src/nn/sequential.ts";
import { sampleGaussian } from "../../src/ops/gaussian.ts";
import { RandomState } from "../../src/ops/random.ts";
import { truncatedSvd } from "../../src/ops/svd.ts";
import { backward } from "../../src/tensor/tape.ts";
import { tensor, zeros, type Tensor } from "../../src/tensor/tensor.ts";
import { expectClose, values } from "../check.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

const D = 10;
const batch = (N: number) => tensor(device, values(N * D, 5), [N, D]);

/** A network that notes what it is given. */
function watched(network: Network): Network & { seen: Tensor[] } {
  const seen: Tensor[] = [];
  return {
    ...network,
    seen,
    apply(x, parameter) {
      seen.push(x.view().keep());
      return network.apply(x, parameter);
    },
  };
}

test.each([1, 3])("the decoder of an RRAE sees a batch of rank %d while it trains", async (rank) => {
  const decoder = watched(mlpNetworks({ input: [D], latent: 7 }).decoder);
  rrae(device, { input: [D], latent: 7, rank, decoder }).loss(batch(12));
  const seen = Matrix.from1DArray(12, 7, Array.from(await decoder.seen[0]!.read()));
  const s = new SingularValueDecomposition(seen, { autoTranspose: true }).diagonal;
  expect(s[rank - 1]!).toBeGreaterThan(1e-3 * s[0]!);
  expect(s[rank]!).toBeLessThan(1e-6 * s[0]!);
});

test("the sampled coefficients of a VRRAE have ‖α̃_i‖² = s_i² + Σ σ² in the mean", async () => {
  const [B, L, k, draws] = [20, 6, 3, 1000];
  const h = tensor(device, values(B * L, 8), [B, L]);
  const { coefficients, singularValues } = truncatedSvd(h, k);
  const logVariance = tensor(
    device,
    values(B * k, 9).map((value) => value - 1),
    [B, k],
  );
  const variances = (await logVariance.read()).map(Math.exp);
  const s = await singularValues.read();
  const noise = new RandomState(device, 1);
  const mean = new Float64Array(k);
  for (let draw = 0; draw < draws; draw++) {
    const z = device.scope(() => sampleGaussian(coefficients, logVariance, noise).z);
    (await z.read()).forEach((value, at) => (mean[at % k]! += value ** 2 / draws));
    z.dispose();
  }
  const want = Array.from(
    s,
    (value, i) => value ** 2 + variances.reduce((sum, v, at) => sum + (at % k === i ? v : 0), 0),
  );
  expectClose(mean, want, 0.03, "‖α̃_i‖²");
});

test("coefficients share one constant among them: collapse to the same means is for one of them at most", async () => {
  const [B, L, k] = [20, 6, 3];
  const shares = async (constant: number) => {
    const h = tensor(
      device,
      values(B * L, 9).map((value) => value + constant),
      [B, L],
    );
    const { coefficients, singularValues } = truncatedSvd(h, k);
    const [alpha, s] = [await coefficients.read(), await singularValues.read()];
    return Array.from(s, (norm, i) => {
      const mean = alpha.reduce((sum, value, at) => sum + (at % k === i ? value / B : 0), 0);
      return (B * mean ** 2) / norm ** 2; // 1 where all samples have the same mean
    });
  };
  const [spread, constant] = [await shares(0), await shares(100)];
  for (const each of [spread, constant])
    expect(each.reduce((sum, share) => sum + share, 0)).toBeLessThan(1 + 1e-5);
  expect(constant[0]).toBeGreaterThan(0.999);
});

test("a VRRAE's singular vectors keep their signs from one step of training to the next", async () => {
  const model = vrrae(device, { input: [D], latent: 6, rank: 3, beta: 1, seed: 3 });
  model.setRank(2); // the third of the last basis stays empty
  const last = model.carried.get("lastBasis")!;
  const lossOf = async (sign: number) => {
    last.write((await last.read()).map((entry) => sign * entry));
    return model.loss(batch(9), new RandomState(device, 1)).loss.item();
  };
  const loss = await lossOf(1);
  const basis = await last.read();
  const h = model.networks.encoder!.apply(batch(9), (name) => model.arena.get(`encoder.${name}`));
  const own = await truncatedSvd(h, 2).basis.read();
  expect([...basis]).toEqual(
    Array.from({ length: 18 }, (_, i) => (i % 3 < 2 ? own[2 * Math.floor(i / 3) + (i % 3)] : 0)),
  );
  const turned = await lossOf(-1);
  expect([...(await last.read())]).toEqual([...basis].map((entry) => (entry === 0 ? 0 : -entry)));
  expect(Math.abs(turned - loss)).toBeGreaterThan(1e-3 * loss); // its variances are affine in the coefficients
  expect(await lossOf(1)).toBe(turned);

  const fitted = await model.fitBasis([batch(9)]);
  expect([...fitted.basis].every((entry, i) => Math.abs(entry + own[i]!) < 1e-4)).toBe(true);
  model.restoreBasis(fitted.basis.map((entry) => -entry));
  expect(await lossOf(1)).toBe(loss);
});

test("the KL term of a VRRAE is ½ (Σ s_i² + Σ (σ² − 1 − log σ²))", async () => {
  const model = vrrae(device, { input: [D], latent: 6, rank: 2, beta: 1, seed: 3 });
  const x = batch(9);
  const { loss, error } = model.loss(x, new RandomState(device, 1));
  const h = model.networks.encoder!.apply(x, (name) => model.arena.get(`encoder.${name}`));
  const { coefficients, singularValues } = truncatedSvd(h, 2);
  const logVariance = await model.networks
    .variance!.apply(coefficients, (name) => model.arena.get(`variance.${name}`))
    .read();
  const s = await singularValues.read();
  const kl =
    0.5 *
    (s.reduce((sum, value) => sum + value ** 2, 0) +
      logVariance.reduce((sum, value) => sum + Math.exp(value) - 1 - value, 0));
  expectClose([(await loss.item()) - (await error!.item())], [kl], 1e-4, "KL");
});

test("outside training a sample's code does not depend on its batch", async () => {
  const model = vrrae(device, { input: [D], latent: 6, rank: 2, beta: 1, seed: 3 });
  expect(() => model.encode(batch(2))).toThrow(LifetimeError);
  expect(() => model.encode(batch(2))).toThrow(/call fitBasis/);
  await model.fitBasis([batch(12)]);
  const together = await model.encode(batch(12)).read();
  const alone = await model.encode(tensor(device, values(12 * D, 5).slice(3 * D, 4 * D), [1, D])).read();
  expectClose(alone, together.slice(6, 8), 1e-6, "code");
  const decoded = await model.decode(model.encode(batch(12))).read();
  expectClose(await model.reconstruct(batch(12)).read(), decoded, 1e-6, "reconstruction");
  const samples = model.sample(5, new RandomState(device, 2));
  expect(samples.shape).toEqual([5, D]);
});

test("own networks are used, for samples of any shape", () => {
  const encoder = sequential([D], { only: linear(D, 4) }, { stream: "encoder" });
  const model = ae(device, { input: [D], latent: 4, encoder });
  expect([...model.arena.parameters.keys()]).toContain("encoder.only.weight");
  expect(model.encode(batch(3)).shape).toEqual([3, 4]);

  const flat = (inputShape: number[], outputShape: number[], network: Network): Network => ({
    ...network,
    inputShape,
    outputShape,
    apply: (x, parameter) => {
      const N = x.shape[0]!;
      const size = network.inputShape.reduce((a, b) => a * b, 1);
      return network.apply(x.view([N, size]), parameter).view([N, ...outputShape]);
    },
  });
  const mlps = mlpNetworks({ input: [6], latent: 2 });
  const planar = ae(device, {
    input: [2, 3],
    latent: 2,
    encoder: flat([2, 3], [2], mlps.encoder),
    decoder: flat([2], [2, 3], mlps.decoder),
  });
  expect(planar.reconstruct(tensor(device, values(12), [2, 2, 3])).shape).toEqual([2, 2, 3]);
});

test("what does not fit is refused when the model is built, or called", () => {
  expect(() => ae(device, { input: [2, 3], latent: 2 })).toThrow(
    /images \[H, W, C\] or vectors \[D\].*\(2, 3\)/,
  );
  expect(() => ae(device, { input: [D], latent: 0 })).toThrow(
    /ae: latent is 0; expected a whole number from 1 on/,
  );
  expect(() => vae(device, { input: [0, 4, 1], latent: 2, beta: 1 })).toThrow(ShapeError);
  for (const rank of [0, 1.5, NaN])
    expect(() => rrae(device, { input: [D], latent: 6, rank })).toThrow(
      `rrae: rank is ${rank}; expected a whole number from 1 on`,
    );
  expect(() => rrae(device, { input: [D], latent: 6, rank: 7 })).toThrow(
    /whole number from 1 to the latent length 6/,
  );
  for (const beta of [NaN, -1, Infinity]) {
    expect(() => vae(device, { input: [D], latent: 6, beta })).toThrow(/vae: beta.*from 0 on, not/);
    expect(() => vrrae(device, { input: [D], latent: 6, rank: 2, beta })).toThrow(ArgumentError);
  }
  expect(() => ae(device, { input: [8, 8, 1], latent: 1e9 })).toThrow(LimitError);
  expect(() => ae(device, { input: [8, 8, 1], latent: 1e9 })).toThrow(
    /most of them, \d+, are those of encoder\.linear .*: lower the latent length/,
  );
  const { encoder } = mlpNetworks({ input: [D], latent: 3 });
  expect(() => ae(device, { input: [D], latent: 4, encoder })).toThrow(/encoder gives \(3\).*needs \(4\)/);
  expect(() => ae(device, { input: [D + 1], latent: 3, encoder })).toThrow(
    /encoder takes \(10\).*needs \(11\)/,
  );
  const model = rrae(device, { input: [D], latent: 6, rank: 4 });
  expect(() => model.loss(batch(3))).toThrow(ArgumentError);
  expect(() => model.loss(batch(3))).toThrow(/k is 4; h \(3, 6\)/);
  expect(() => model.encode(zeros(device, [2, D + 1]))).toThrow(
    /encode: expected a batch of \(10\).*\(2, 11\)/,
  );
  expect(() => model.decode(zeros(device, [2, 5]))).toThrow(/decode: expected a batch of \(4\)/);
  expect(() => model.loss(zeros(device, [D]))).toThrow(/encoder: takes a batch \(N, 10\), not \(10\)/);
});

describe.each([
  [7, 5, 3],
  [1, 1, 1],
  [3, 18, 2],
])("images of %d × %d × %d", (H, W, C) => {
  test("go through every model", async () => {
    const input = [H, W, C];
    const small = { encoderWidths: [2, 3], decoderWidths: [4, 3, 3, 2] };
    const own = (latent: number) => convolutionalNetworks({ input, latent, ...small });
    const x = () => tensor(device, values(4 * H * W * C), [4, ...input]);
    const noise = new RandomState(device, 1);
    const models = [
      ae(device, { input, latent: 2, ...own(2) }),
      vae(device, { input, latent: 2, beta: 1e-3, ...own(2) }),
      rrae(device, { input, latent: 5, rank: 2, ...own(5) }),
      vrrae(device, { input, latent: 5, rank: 2, beta: 1e-3, ...own(5) }),
    ];
    for (const model of models) {
      const { loss } = model.loss(x(), noise);
      backward(loss);
      expect(await loss.item()).toBeGreaterThan(0);
      if ("fitBasis" in model) await model.fitBasis([x()]);
      expect(model.reconstruct(x()).shape).toEqual([4, ...input]);
    }
  });
});
