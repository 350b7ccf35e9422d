import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDevice, type Device } from "../../src/device/device.ts";
import { ArgumentError } from "../../src/device/errors.ts";
import * as models from "../../src/models/index.ts";
import { mlpNetworks } from "../../src/nn/networks.ts";
import { randomNormal, RandomState } from "../../src/ops/random.ts";
import { backward } from "../../src/tensor/tape.ts";
import { samplesFrom } from "../../src/train/generate.ts";
import { tensor, type Tensor } from "../../src/tensor/tensor.ts";
import { expectClose, rounded, values } from "../check.ts";
import {
  B,
  checkPhases,
  gaussian,
  kl,
  L,
  labelled,
  mean,
  P,
  rows,
  softplus,
  type List,
  type Networks,
  type Reference,
} from "./phaseCheck.ts";
import { dot, norm, perceptron, type Weights } from "./reference.ts";

/** Every phase of the models whose codes are matched with a prior, in float64 as their papers write it. */
let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

const own = (seed = 3) =>
  mlpNetworks({ input: [P], latent: L, seed, encoderWidths: [8], decoderWidths: [9] });
const options = { input: [P], latent: L, seed: 3, ...own() };

function mmd(a: List, b: List, kernel: (squared: number) => number): number {
  const of = (p: List[], q: List[], apart: boolean) =>
    p.reduce((sum, one, i) => {
      const others = q.map((other, j) =>
        apart && i === j ? 0 : kernel(one.reduce((total, value, at) => total + (value - other[at]!) ** 2, 0)),
      );
      return sum + others.reduce((total, value) => total + value, 0);
    }, 0);
  const [p, q] = [rows(a), rows(b)];
  const n = p.length;
  return (of(p, p, true) + of(q, q, true)) / (n * (n - 1)) - (2 / n ** 2) * of(p, q, false);
}
const imq = (squared: number) =>
  [0.1, 0.2, 0.5, 1, 2, 5, 10].reduce((sum, scale) => sum + (2 * L * scale) / (2 * L * scale + squared), 0);

const normal = ["normal", B * L] as const;
const share = ["uniform", B] as const;
const next = (z: List) => [...z.slice(L), ...z.slice(0, L)];
const between = (z: List, shares: List) =>
  z.map((value, i) => next(z)[i]! + shares[Math.floor(i / L)]! * (value - next(z)[i]!));

const narrow = { criticWidths: [7, 6] };
const cases: { name: string; build: () => models.Model; phases: Record<string, Reference> }[] = [
  {
    name: "WAE-MMD",
    build: () => models.waeMmd(device, options),
    phases: {
      train: {
        draws: [normal],
        loss: (nets, x, [p]) => nets.squares(nets.encode(x), x) + 200 * mmd(nets.encode(x), p!, imq),
      },
    },
  },
  {
    name: "WAE-GAN, analytic",
    build: () => models.waeGan(device, { ...options, ...narrow, adversary: 3, analytic: true }),
    phases: (() => {
      const logits = (nets: Networks, z: List) =>
        nets.critic(z).map((v, n) => v - norm(rows(z)[n]!) ** 2 / 2 - (L / 2) * Math.log(2 * Math.PI));
      return {
        ae: {
          draws: [],
          loss: (nets, x) =>
            nets.squares(nets.encode(x), x) + 3 * labelled(logits(nets, nets.encode(x)), true),
        },
        critic: {
          draws: [normal],
          loss: (nets, x, [p]) =>
            3 * (labelled(logits(nets, p!), true) + labelled(logits(nets, nets.encode(x)), false)),
        },
      } satisfies Record<string, Reference>;
    })(),
  },
  {
    name: "AAE",
    build: () => models.aae(device, { ...options, ...narrow }),
    phases: {
      reconstruction: { draws: [], loss: (nets, x) => nets.squares(nets.encode(x), x) / P },
      critic: {
        draws: [normal],
        loss: (nets, x, [p]) =>
          labelled(nets.critic(p!), true) + labelled(nets.critic(nets.encode(x)), false),
      },
      generator: { draws: [], loss: (nets, x) => labelled(nets.critic(nets.encode(x)), true) },
    },
  },
  {
    name: "InfoVAE",
    build: () => models.infoVae(device, { ...options, alpha: 0.25, lambda: 4 }),
    phases: {
      train: {
        draws: [normal, normal],
        loss(nets, x, [epsilon, p]) {
          const posterior = nets.posterior(x);
          const z = gaussian(posterior, epsilon!);
          return nets.squares(z, x) + 0.75 * kl(posterior.mu, posterior.logVariance) + 3.25 * mmd(z, p!, imq);
        },
      },
    },
  },
  {
    name: "FactorVAE",
    build: () => models.factorVae(device, { ...options, ...narrow, correlation: 2 }),
    phases: {
      vae: {
        draws: [normal],
        loss(nets, x, [epsilon]) {
          const posterior = nets.posterior(x);
          const z = gaussian(posterior, epsilon!);
          return P * nets.entropy(z, x) + kl(posterior.mu, posterior.logVariance) + 2 * mean(nets.critic(z));
        },
      },
      critic: {
        draws: [normal],
        loss(nets, x, [epsilon]) {
          const z = gaussian(nets.posterior(x), epsilon!);
          const permuted = z.map((_, at) => z[((Math.floor(at / L) + (at % L)) % B) * L + (at % L)]!);
          return (labelled(nets.critic(z), true) + labelled(nets.critic(permuted), false)) / 2;
        },
      },
    },
  },
  {
    // past 5 T the losses of autoencoder and mask are a fifth, and c has doubled once
    name: "MaskAAE",
    build() {
      const model = models.maskAae(device, { ...options, ...narrow, period: 2, maskReconstruction: 700 });
      model.beforeStep(10);
      return model;
    },
    phases: {
      ae: {
        draws: [],
        loss(nets, x) {
          const z = nets.encode(x);
          const spread = z.map((value, i) => {
            const column = mean(rows(z).map((row) => row[i % L]!));
            return (value - column) ** 2 * Math.exp(-10 * nets.mask[i % L]! ** 2);
          });
          return (nets.entropy(nets.masked(z), x) + 100 * mean(spread)) / 5;
        },
      },
      critic: {
        draws: [normal, share],
        loss: (nets, x, [p, u]) => nets.wasserstein(nets.masked(p!), nets.masked(nets.encode(x)), u!),
      },
      generator: {
        draws: [normal],
        loss: (nets, x) => -mean(nets.critic(nets.masked(nets.encode(x)))),
      },
      mask: {
        draws: [normal],
        loss(nets, x, [p]) {
          const [codes, draws] = [nets.masked(nets.encode(x)), nets.masked(p!)];
          const gap = mean(nets.critic(codes)) - mean(nets.critic(draws));
          const polarisation = nets.mask.reduce((sum, alpha) => sum + alpha * (1 - alpha), 0);
          return (700 * nets.entropy(codes, x) + (1 - gap) ** 2 + (4 / L) * polarisation) / 5;
        },
      },
    },
  },
  {
    name: "FlexAE-SR",
    build: () =>
      models.flexAe(device, {
        ...options,
        adversaryWidths: [7, 6],
        smooth: true,
        imageCriticWidths: [1, 1, 8],
      }),
    phases: {
      ae: { draws: [], loss: (nets, x) => nets.squares(nets.encode(x), x) },
      critic: {
        draws: [normal, share],
        loss: (nets, x, [n, u]) => nets.wasserstein(nets.encode(x), nets.run("generator", 3, n!), u!),
      },
      imageCritic: {
        draws: [share, share],
        loss: (nets, x, [a, u]) =>
          nets.wasserstein(x, nets.decode(between(nets.encode(x), a!)), u!, P, "imageCritic"),
      },
      smooth: {
        draws: [share],
        loss: (nets, x, [a]) => -mean(nets.critic(nets.decode(between(nets.encode(x), a!)), "imageCritic")),
      },
      generator: {
        draws: [normal],
        loss: (nets, _, [n]) => -mean(nets.critic(nets.run("generator", 3, n!))),
      },
      encoder: { draws: [], loss: (nets, x) => mean(nets.critic(nets.encode(x))) },
    },
  },
];

/** The planar and RealNVP flows, one after the other, in float64: what becomes of one code. */
function flown(kind: "planar" | "realnvp", weights: Weights, z: List, maps: number): number[] {
  let at = [...z];
  for (let k = 0; k < maps; k++) {
    const get = (name: string) => weights.get(`flow.${k}.${name}`)!;
    if (kind === "planar") {
      const [u, w, [b]] = [get("u"), get("w"), get("b")];
      const along = dot(u, w);
      const push = u.map((value, i) => value + ((softplus(along) - 1 - along) * w[i]!) / dot(w, w));
      const bent = Math.tanh(dot(w, at) + b!);
      at = at.map((value, i) => value + push[i]! * bent);
    } else {
      const half = Math.ceil(L / 2);
      const [first, second] = [at.slice(0, half), at.slice(half)];
      const [kept, moved] = k % 2 === 1 ? [second, first] : [first, second];
      const both = perceptron(2)([...kept], (own) => [...get(own)]);
      const made = moved.map((value, i) => value * Math.exp(Math.tanh(both[i]!)) + both[moved.length + i]!);
      at = k % 2 === 1 ? [...made, ...kept] : [...kept, ...made];
    }
  }
  return at;
}

/** log |det| of a map by differences in float64. */
function logDeterminant(map: (z: List) => number[], z: List): number {
  const step = 1e-5;
  const jacobian = z.map((_, i) => {
    const [up, down] = [1, -1].map((sign) => map(z.with(i, z[i]! + sign * step)));
    return up!.map((value, j) => (value - down![j]!) / (2 * step));
  });
  let log = 0;
  for (let k = 0; k < z.length; k++) {
    const pivot = jacobian
      .slice(k)
      .reduce((best, row, i) => (Math.abs(row[k]!) > Math.abs(jacobian[best]![k]!) ? i + k : best), k);
    [jacobian[k], jacobian[pivot]] = [jacobian[pivot]!, jacobian[k]!];
    log += Math.log(Math.abs(jacobian[k]![k]!));
    for (let i = k + 1; i < z.length; i++) {
      const factor = jacobian[i]![k]! / jacobian[k]![k]!;
      jacobian[i] = jacobian[i]!.map((value, j) => value - factor * jacobian[k]![j]!);
    }
  }
  return log;
}

for (const kind of ["planar", "realnvp"] as const)
  cases.push({
    name: `VAE with ${kind} flows`,
    build: () => models.vaeFlow(device, { ...options, flow: { kind, maps: 3 } }),
    phases: {
      train: {
        draws: [normal],
        loss(nets, x, [epsilon]) {
          const posterior = nets.posterior(x);
          const starts = rows(gaussian(posterior, epsilon!));
          const map = (z: List) => flown(kind, nets.weights, z, 3);
          const divergence = starts.map((z, n) => {
            const before =
              rows(posterior.logVariance)[n]!.reduce((sum, v) => sum + v, 0) + norm(rows(epsilon!)[n]!) ** 2;
            return (norm(map(z)) ** 2 - before) / 2 - logDeterminant(map, z);
          });
          return nets.squares(starts.flatMap(map), x) + mean(divergence);
        },
      },
    },
  });

const x = rounded(values(B * P, 5)).map((value) => (value + 1) / 2);

describe.each(cases)("$name", ({ build, phases }) => checkPhases(build, phases, x));

test("samples of a prior come from the model's own, wherever they are asked for", async () => {
  const model = models.flexAe(device, { ...options, adversaryWidths: [7, 6] });
  const own = await model.sample(5, new RandomState(device, 2, 1)).read();
  const prior = models.samplerOf(model, "prior");
  expect(await samplesFrom(model, prior, 5, 2)).toEqual(own);
  const codes = await prior.sample(5, 2);
  expect(codes).not.toEqual(await randomNormal(new RandomState(device, 2, 1), [5, L]).read());
});

describe("mmd", () => {
  const draw = (seed: number, shift = 0) =>
    tensor(
      device,
      values(2 * 120 * 3, seed).reduce<number[]>(
        (list, v, i) => (i % 2 ? list : [...list, 2 * v + shift]),
        [],
      ),
      [120, 3],
    );

  test.each(["imq", "rbf"] as const)(
    "%s: about 0 for one distribution, more for others, and not below for the sign",
    async (kernel) => {
      const alike = await models.mmd(draw(1), draw(2), kernel).item();
      const apart = await models.mmd(draw(1), draw(2, 1), kernel).item();
      expect(Math.abs(alike)).toBeLessThan(0.1 * apart);
      expect(apart).toBeGreaterThan(0.05);
    },
  );

  test("rbf has the median of the squared distances", async () => {
    const [a, b] = [draw(3), draw(4, 0.5)];
    const [p, q] = [rows(Array.from(await a.read()), 3), rows(Array.from(await b.read()), 3)];
    const squares = p
      .flatMap((one) => q.map((other) => one.reduce((sum, value, i) => sum + (value - other[i]!) ** 2, 0)))
      .sort((c, d) => c - d);
    const median = (squares[7199]! + squares[7200]!) / 2;
    const of = (m: List[], n: List[], apart: boolean) =>
      m.reduce(
        (sum, one, i) =>
          sum +
          n.reduce(
            (total, other, j) =>
              total +
              (apart && i === j
                ? 0
                : Math.exp(-one.reduce((s, v, at) => s + (v - other[at]!) ** 2, 0) / median)),
            0,
          ),
        0,
      );
    const want = (of(p, p, true) + of(q, q, true)) / (120 * 119) - (2 / 120 ** 2) * of(p, q, false);
    expect(await models.mmd(a, b, "rbf").item()).toBeCloseTo(want, 4);
  });
});

test.each(["planar", "realnvp"] as const)("%s: a million points come back", async (kind) => {
  const [N, d] = [1_000_000 / 5, 5];
  const flow = models.composed(
    Array.from({ length: 4 }, (_, i) =>
      kind === "planar"
        ? models.planarFlow(d, { seed: 7, stream: `f${i}` })
        : models.couplingFlow(d, i % 2 === 1, { seed: 7, stream: `f${i}` }),
    ),
  );
  const parameters = new Map(
    flow.parameters.map((spec) => [spec.name, tensor(device, spec.values, spec.shape)]),
  );
  const parameter = (name: string): Tensor => parameters.get(name)!;
  const z = randomNormal(new RandomState(device, 4), [N, d]);
  const back = device.scope(() => flow.inverse(flow.forward(z, parameter).z, parameter));
  const [before, after] = [await z.read(), await back.read()];
  let worst = 0;
  for (let i = 0; i < before.length; i++) worst = Math.max(worst, Math.abs(before[i]! - after[i]!));
  expect(worst).toBeLessThan(1e-4);
});

test("MaskAAE: the mask stays above 0, c doubles, and what is masked is not drawn", async () => {
  const model = models.maskAae(device, { ...options, ...narrow, period: 2 });
  for (const [step, c, scale] of [
    [0, 2 / L, 1],
    [7, 2 / L, 1],
    [8, 4 / L, 1],
    [10, 4 / L, 0.2],
    [1000, 2048, 0.2],
  ] as const) {
    model.beforeStep(step);
    expect(model.scalars.get("polarisation")!.value).toBe(c);
    expect(model.scalars.get("scale")!.value).toBe(scale);
  }
  using late = models.maskAae(device, { ...options, ...narrow, maskStart: 4.5 });
  const [first, later] = [await model.arena.get("mask").read(), await late.arena.get("mask").read()];
  expectClose(
    later,
    [...first].map((m) => 4.5 + m / 10),
    1e-5,
  );
  model.arena.get("mask").write([-1, 0, 0.05, 3]);
  model.phases().at(-1)!.after!();
  expect([...(await model.arena.get("mask").read())]).toEqual([0, 0, Math.fround(0.05), 3]);
  expect(await model.activeDimensions()).toBe(1);
  const codes = await model.encode(tensor(device, x, [B, P])).read();
  expect(rows(Array.from(codes)).every((row) => row[0] === 0 && row[3] !== 0)).toBe(true);
  model.dispose();
});

test("log-variances of ±30 leave loss and gradients finite", async () => {
  const model = models.infoVae(device, options);
  for (const bias of [30, -30]) {
    model.arena.get("variance.linear.bias").write(Array<number>(L).fill(bias));
    const { loss } = model.loss(tensor(device, x, [B, P]), new RandomState(device, 1));
    backward(loss);
    expect(Number.isFinite(await loss.item())).toBe(true);
    for (const parameter of model.arena.parameters.values())
      expect((await parameter.grad!.read()).every(Number.isFinite), parameter.name).toBe(true);
  }
  model.dispose();
});

test("what such models cannot be is refused", () => {
  const refuse = (body: () => unknown, words: RegExp) => {
    expect(body).toThrow(ArgumentError);
    expect(body).toThrow(words);
  };
  refuse(() => models.infoVae(device, { ...options, alpha: 2 }), /alpha is at most 1/);
  refuse(() => models.infoVae(device, { ...options, alpha: NaN }), /alpha is at most 1/);
  refuse(() => models.waeMmd(device, { ...options, discrepancy: -1 }), /weight of the MMD/);
  refuse(() => models.maskAae(device, { ...options, period: 0.5 }), /period is a whole number/);
  refuse(
    () => models.maskAae(device, { ...options, maskStart: 6 }),
    /maskStart is a number from 0 to 5, not 6/,
  );
  refuse(
    () => models.maskAae(device, { ...options, maskReconstruction: -1 }),
    /weight of the reconstruction/,
  );
  refuse(
    () => models.vaeFlow(device, { ...options, flow: { kind: "planar", maps: 0 } }),
    /maps: a whole number/,
  );
  refuse(() => models.couplingFlow(1, false, { stream: "x" }), /from 2 numbers on/);
  const odd = { kind: "l1", reduce: "sum" } as unknown as models.Reconstruction;
  refuse(() => models.waeMmd(device, { ...options, reconstruction: odd }), /a reconstruction is/);
});
