import { afterAll, beforeAll, expect, test } from "vitest";
import { Dataset } from "../../src/data/dataset.ts";
import { openDevice, type Device } from "../../src/device/device.ts";
import { ArgumentError, NumericalError } from "../../src/device/errors.ts";
import { vrrae } from "../../src/models/vrrae.ts";
import { findFirstBadTensor } from "../../src/train/diagnose.ts";
import { adviceFor, checkMagnitude } from "../../src/train/magnitude.ts";
import { train } from "../../src/train/train.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { values } from "../check.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

const D = 12;
const data = new Dataset({ name: "noise", shape: [D], stored: Float32Array.from(values(40 * D)) });

function trainer(rate = 1e-3, set = data): Trainer {
  const model = vrrae(device, { input: [D], latent: 6, rank: 2, beta: 1e-3, seed: 1 });
  return new Trainer(model, set, { batch: 8, seed: 3, optimizer: { kind: "adabelief", rate } });
}

async function weights({ model }: Trainer): Promise<Uint32Array> {
  return new Uint32Array(await model.arena.values.readBytes());
}

test("replayed and eager steps give the same weights to the last bit", async () => {
  const replayed = trainer();
  const eager = trainer();
  for (let step = 0; step < 7; step++) {
    replayed.advance();
    eager.advanceEagerly();
  }
  expect(await weights(replayed)).toEqual(await weights(eager));
});

test("a thousand steps leave memory flat to the byte, and make no buffer, pipeline or bind group", async () => {
  const long = trainer();
  for (let step = 0; step < 4; step++) long.advance();
  await long.losses();
  const made = () => ({
    memory: device.memory(),
    bindGroups: device.made.bindGroups,
    uniforms: device.made.uniforms,
    buffers: device.made.buffers(),
    pipelines: device.pipelines.size,
  });
  const before = made();
  for (let step = 0; step < 1000; step++) {
    long.advance();
    if (step % 100 === 0) await device.finish();
  }
  await long.losses();
  expect(made()).toEqual(before);
});

test("rows that are read give the same weights as those in memory; what steps wait for them is counted", async () => {
  const stored = Uint8Array.from({ length: 40 * D }, (_, i) => (37 * i) % 251);
  const bytes = { name: "bytes", shape: [D], scale: 1 / 255 };
  let announced = 0;
  const rows = {
    count: 40,
    read(wanted: ArrayLike<number>, out: Uint8Array) {
      for (const until = performance.now() + 5; performance.now() < until;); // a slow disk
      for (let i = 0; i < wanted.length; i++)
        out.set(stored.subarray(wanted[i]! * D, (wanted[i]! + 1) * D), i * D);
    },
    ahead: () => void announced++,
    isReady: () => false,
    pick: () => rows,
  };
  const [held, read] = [
    new Dataset({ ...bytes, stored }),
    new Dataset({ ...bytes, stored: new Uint8Array(), rows }),
  ];
  const [first, second] = [trainer(1e-3, held), trainer(1e-3, read)];
  expect(second.waitedPerStep).toBeNaN();
  for (const one of [first, second])
    for (let step = 0; step < 6; step++) {
      one.advance();
      await device.finish();
    }
  expect(await weights(second)).toEqual(await weights(first));
  expect(second.waitedPerStep).toBeGreaterThan(4.9);
  expect(announced).toBe(1 + 6 + 2); // the first batch, and three ahead of each
});

test("eager steps leave memory flat to the byte as well", async () => {
  const long = trainer();
  for (let step = 0; step < 2; step++) long.advanceEagerly();
  await device.finish();
  const { live } = device.memory();
  for (let step = 0; step < 50; step++) long.advanceEagerly();
  await device.finish();
  expect(device.memory().live).toBe(live);
});

test("a NaN in the weights is found in the first tensor that it reaches", async () => {
  const spoilt = () => {
    const made = trainer();
    const [first] = made.model.arena.parameters.values();
    first!.write(new Float32Array(first!.size).fill(NaN));
    return made;
  };
  const bad = spoilt();
  bad.advance();
  await expect(bad.losses()).rejects.toThrow(NumericalError);
  expect(await findFirstBadTensor(spoilt(), 1)).toMatch(/^step 1: output of \S+ \(.*\) has NaN at element/);
});

test.each([NaN, Infinity, -Infinity])(
  "%d in the data is refused before any step, with its place",
  (value) => {
    const stored = Float32Array.from(values(8 * D));
    stored[3 * D + 7] = value;
    const set = new Dataset({ name: "holes", shape: [3, 4], stored });
    expect(() => checkMagnitude(set, 2)).toThrow(
      `train: sample 3 of holes has ${value} at [1, 3] (all from 0)`,
    );
    expect(() => trainer(1e-3, new Dataset({ name: "holes", shape: [D], stored }))).toThrow(
      /sample 3 of holes/,
    );
  },
);

test("advice on losses that are not finite fits the values", () => {
  const upTo = (most: number) =>
    adviceFor(new Dataset({ name: "mine", shape: [1], stored: Float32Array.of(0, 1, -most) }));
  expect(upTo(1)).toBe("with a lower --rate, or with --clip");
  expect(upTo(65535)).toMatch(/scaled data: the values of mine go up to 65535.*--divide-by 65535/);
});

test.each([
  [0, /all values of flat are zero.*give other data/],
  [3e38, /largest value of flat is 3\.00e\+38 in size.*leave the range of float32; scale the data/],
  [-1e-30, /largest value of flat is 1\.00e-30/],
])("data of nothing but %d has no relative error", (value, message) => {
  const flat = new Dataset({ name: "flat", shape: [D], stored: new Float32Array(8 * D).fill(value) });
  expect(() => trainer(1e-3, flat)).toThrow(ArgumentError);
  expect(() => trainer(1e-3, flat)).toThrow(message);
});

test("train refuses numbers of steps that are none", async () => {
  const { model } = trainer();
  for (const steps of [0, NaN, -1, 1.5, Infinity])
    await expect(train(model, data, { steps, batch: 8 })).rejects.toThrow(
      `train: steps is ${steps}; expected a whole number from 1 on`,
    );
  await expect(train(model, data, { steps: 1, batch: 8, logEvery: 0 })).rejects.toThrow(ArgumentError);
});
