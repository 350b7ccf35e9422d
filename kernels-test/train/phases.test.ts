import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Dataset } from "../../src/data/dataset.ts";
import {
  add,
  clamp,
  copyInto,
  mean,
  models,
  nn,
  openDevice,
  type optim,
  randomNormal,
  RandomState,
  square,
  sub,
  tensor,
  train,
  Trainer,
  type Device,
  type Tensor,
} from "../../src/index.ts";
import { backward } from "../../src/tensor/tape.ts";
import { expectClose, rounded, values } from "../check.ts";
import { temporaryFolder } from "../data/files.ts";
import { perceptron } from "../models/reference.ts";
import { bitsOf, trainTo } from "./resume.ts";

/** A least-squares GAN (Mao et al. 2017): a generator of points, and a critic that tells them from the data's. */
class Gan extends models.Model {
  constructor(device: Device, seed = 1) {
    const mlp = (stream: string, outputs: number) =>
      nn.sequential(
        [2],
        { linear1: nn.linear(2, 16, { activation: "relu" }), linear2: nn.linear(16, outputs) },
        { seed, stream },
      );
    super(device, { critic: mlp("critic", 1), generator: mlp("generator", 2) }, { input: [2] });
  }

  generate(count: number, noise: RandomState): Tensor {
    return this.run("generator", randomNormal(noise, [count, 2]));
  }

  #distance(x: Tensor, target: number): Tensor {
    return mean(square(sub(this.run("critic", x), target)));
  }

  phases(): models.Phase[] {
    return [
      {
        ...{ name: "critic", moves: ["critic"], times: 2, batch: "fresh", optimizer: { rate: 4e-3 } },
        loss: (x, noise) => {
          const [real, fake] = [x as Tensor, this.generate((x as Tensor).shape[0]!, noise)];
          const [seen, told] = [this.#distance(real, 1), this.#distance(fake, 0)];
          return { loss: add(seen, told), seen, told };
        },
      },
      {
        ...{ name: "generator", moves: ["generator"] },
        loss: (x, noise) => ({
          loss: this.#distance(this.generate((x as Tensor).shape[0]!, noise), 1),
        }),
      },
    ];
  }
}

const N = 240;
const [MEAN, SD] = [[2, -1], 0.5];
/** Points of a normal distribution: twelve uniform numbers less six are nearly normal. */
const points = new Dataset({
  name: "points",
  shape: [2],
  stored: Float32Array.from({ length: 2 * N }, (_, at) => {
    const sum = values(12, 1000 + at).reduce((a, b) => a + b / 2, 0);
    return MEAN[at % 2]! + SD * sum;
  }),
});

/** What is given to the GPU in one go while `body` runs. */
async function submissionsOf(body: () => Promise<void> | void): Promise<number> {
  const submit = vi.spyOn(device.gpu.queue, "submit");
  try {
    await body();
    return submit.mock.calls.length;
  } finally {
    submit.mockRestore();
  }
}

/** Three numbers, in groups of one unless given. */
class Three extends models.Model {
  constructor(device: Device, groups?: Record<string, string[]>) {
    const parameters = ["a", "b", "c"].map((name) => ({ name, shape: [], values: Float32Array.of(1) }));
    super(device, {}, { input: [2], parameters, ...(groups && { groups }) });
  }

  phases(): models.Phase[] {
    return [];
  }
}

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

const settings = { batch: 40, seed: 2, optimizer: { kind: "adam", rate: 2e-3, betas: [0.5, 0.9] } } as const;
describe("two phases", () => {
  test("a GAN learns where the points of a distribution are", async () => {
    const gan = new Gan(device);
    const { batch, seed, optimizer } = settings;
    const run = await train(gan, points, { steps: 600, batch, seed, optimizer, logEvery: 300 });
    const made = await gan.asConstant(() => gan.generate(2000, new RandomState(device, 9))).read();
    for (const axis of [0, 1]) {
      const own = made.filter((_, at) => at % 2 === axis);
      const centre = own.reduce((a, b) => a + b, 0) / own.length;
      expect(Math.abs(centre - MEAN[axis]!), `axis ${axis}`).toBeLessThan(0.3);
    }
    expect(run.history.map(({ step }) => step)).toEqual([300, 600]);
    const parts = ["critic.loss", "critic.seen", "critic.told", "generator.loss"];
    expect(Object.keys(run.history[0]!.losses)).toEqual(parts);
    await expect(run.error(points)).rejects.toThrow("makes no reconstructions");
  });

  test("stopped and gone on from a checkpoint, it is the same to the last bit", async () => {
    const [whole, parted] = [temporaryFolder(), temporaryFolder()];
    const to = (until: number, folder: string, seed = 1) =>
      trainTo(until, new Gan(device, seed), points, settings, folder);
    const want = await to(4, whole);
    for (const until of [1, 3]) await to(until, parted);
    expect(await to(4, parted, 5)).toEqual(want); // from other weights, until they are restored
    expect([...want.tensors.keys()]).toContain("generator.mean.generator.linear1.weight");
    expect(want.state.position).toEqual({ epoch: 1, index: 80 }); // 8 batches of 40 of 240
  });

  test("each phase has the gradient of float64 for what it moves, and leaves the rest alone", async () => {
    const B = 6;
    const gan = new Gan(device);
    const x = rounded(values(2 * B, 7));
    const weights = new Map<string, number[]>();
    for (const [name, parameter] of gan.arena.parameters)
      weights.set(name, Array.from(await parameter.read()));
    const epsilon = Array.from(await randomNormal(new RandomState(device, 3), [B, 2]).read());
    const net = perceptron(2);
    const lossOf = (phase: string, all: ReadonlyMap<string, number[]>) => {
      const through = (network: string, list: number[]) => net(list, (own) => all.get(`${network}.${own}`)!);
      const away = (list: number[], target: number) =>
        through("critic", list).reduce((sum, y) => sum + (y - target) ** 2 / B, 0);
      const fake = through("generator", epsilon);
      return phase === "critic" ? away(x, 1) + away(fake, 0) : away(fake, 1);
    };
    for (const one of gan.phases()) {
      const { name: phase, moves } = one;
      const sentinel = new Float32Array(gan.arena.gradients.size).fill(7);
      gan.arena.gradients.write(sentinel);
      device.scope(() =>
        gan.moving(moves, () => {
          const found = one.loss(tensor(device, x, [B, 2]), new RandomState(device, 3));
          backward(found.loss);
        }),
      );
      for (const [name, list] of weights) {
        const gradient = await gan.arena.get(name).gradSlot!.read();
        if (!moves.some((group) => name.startsWith(`${group}.`))) {
          expect(new Set(gradient), `${phase}: ${name} is not moved`).toEqual(new Set([7]));
          continue;
        }
        const step = 1e-6;
        const slope = list.map((_, i) => {
          const along = (sign: number) => {
            const moved = list.map((value, j) => (j === i ? value + sign * step : value));
            return lossOf(phase, new Map([...weights, [name, moved]]));
          };
          return (along(1) - along(-1)) / (2 * step);
        });
        expectClose(gradient, slope, 1e-4, `${phase}: ${name}`);
      }
      expect([...gan.arena.parameters.values()].every(({ requiresGrad }) => requiresGrad)).toBe(true);
    }
  });

  test("a phase moves its groups alone, by an optimizer of its own, and launches no other gradients", async () => {
    const launches = (moves: readonly string[]) => {
      const gan = new Gan(device);
      const phases = [{ ...gan.phases()[1]!, moves }];
      const trainer = new Trainer(gan, points, { ...settings, stages: [{ name: "one", steps: 1, phases }] });
      trainer.advance();
      return trainer.launches;
    };
    const more = launches(["critic", "generator"]) - launches(["generator"]);
    expect(more).toBeGreaterThanOrEqual(4); // the gradients of two weights and two biases

    const gan = new Gan(device);
    const before = await bitsOf(gan.arena.parameters);
    const phases = [gan.phases()[0]!];
    const trainer = new Trainer(gan, points, { ...settings, stages: [{ name: "one", steps: 1, phases }] });
    trainer.advance();
    for (const [name, now] of await bitsOf(gan.arena.parameters))
      expect([name, Buffer.from(now).equals(Buffer.from(before.get(name)!))]).toEqual([
        name,
        !name.startsWith("critic."),
      ]);
    expect([...trainer.moments.keys()].some((name) => name.includes("generator"))).toBe(false);
  });

  test("a projection after each update holds, in recorded and in eager steps alike", async () => {
    const trained = async (advance: (trainer: Trainer) => void) => {
      const gan = new Gan(device);
      const weight = gan.arena.get("critic.linear1.weight");
      const after = () => copyInto(weight, clamp(weight, 0, 1));
      const phases = [{ ...gan.phases()[0]!, after }];
      const trainer = new Trainer(gan, points, { ...settings, stages: [{ name: "one", steps: 3, phases }] });
      for (let step = 0; step < 3; step++) advance(trainer);
      expect(trainer.isOver).toBe(true);
      return gan.arena.values.read();
    };
    const recorded = await trained((trainer) => trainer.advance());
    expect(await trained((trainer) => trainer.advanceEagerly())).toEqual(recorded);
    const weight = recorded.slice(0, 32); // the critic's first
    expect(Math.min(...weight)).toBe(0);
    expect(Math.max(...weight)).toBeGreaterThan(0);
  });

  test("what does not fit is refused by name", () => {
    const gan = new Gan(device);
    const [phase] = gan.phases() as [models.Phase];
    const trainer = (stage: Partial<models.Stage>, optimizer: optim.OptimizerSettings = settings.optimizer) =>
      new Trainer(gan, points, { ...settings, optimizer, stages: [{ name: "one", steps: 1, ...stage }] });
    expect(() => trainer({ phases: [{ ...phase, moves: ["mask"] }] })).toThrow(
      "phase critic: there is no group mask; there are critic, generator",
    );
    expect(() => trainer({ frozen: ["critic"] })).toThrow("phase critic moves nothing");
    expect(() => trainer({ frozen: ["mask"] })).toThrow("stage one: there is no group mask to freeze");
    expect(() => trainer({ phases: [phase, phase] })).toThrow("phases have names of their own");
    const cleaned = new Three(device);
    const apart = { name: "apart", moves: ["a", "c"], loss: phase.loss.bind(phase) };
    expect(
      () =>
        new Trainer(cleaned, points, {
          ...settings,
          optimizer: { ...settings.optimizer, clip: 1 },
          stages: [{ name: "one", steps: 1, phases: [apart] }],
        }),
    ).toThrow("a, c do not lie side by side among the groups a, b, c");
    cleaned.dispose();
    const { live } = device.memory();
    const fresh = new Gan(device);
    expect(() => new Trainer(fresh, points, { ...settings, optimizer: { kind: "adam", rate: -1 } })).toThrow(
      "the rate is a number from 0",
    );
    fresh.dispose();
    expect(device.memory().live).toBe(live); // nothing holds on to the parameters
    expect(() => new Three(device, { all: ["a", "b"] })).toThrow("is in one group; c is not");
  });
});

test("a step of MaskAAE or FlexAE is one submission, with all batches that it takes, to the same bits", async () => {
  const [D, count] = [512, 128];
  const narrow = { input: [D], latent: 3, seed: 4 } as const;
  const builds = {
    maskAae: () => models.maskAae(device, { ...narrow, criticWidths: [16, 16] }),
    flexAe: () =>
      models.flexAe(device, {
        ...{ ...narrow, adversaryWidths: [16, 16], smooth: true, imageCriticWidths: [4, 4, 8] },
      }),
  };
  // the batches of a step, six to eleven of 256 kB, are more than small writes find room for at first
  const samples = new Dataset({
    name: "samples",
    shape: [D],
    stored: Float32Array.from(values(count * D, 3)),
  });
  for (const [name, build] of Object.entries(builds)) {
    const bits: unknown[] = [];
    for (const isEager of [false, true]) {
      using model = build();
      using trainer = new Trainer(model, samples, { ...settings, batch: count });
      const step = () => (isEager ? trainer.advanceEagerly() : trainer.advance());
      step();
      await device.finish();
      for (let i = 0; i < 2; i++) {
        const submitted = await submissionsOf(step);
        if (!isEager) expect(submitted, name).toBe(1);
        await device.finish();
      }
      bits.push(await bitsOf(model.arena.parameters));
    }
    expect(bits[0], name).toEqual(bits[1]);
  }
});
