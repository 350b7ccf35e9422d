import { afterAll, beforeAll, expect, test } from "vitest";
import { Dataset } from "../../src/data/dataset.ts";
import { openDevice, type Device } from "../../src/device/device.ts";
import { ArgumentError } from "../../src/device/errors.ts";
import { Classifier } from "../../src/metrics/classifier.ts";
import { frechetDistance } from "../../src/metrics/frechet.ts";
import { values } from "../check.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

/** Noisy 8 × 8 images of three kinds: bright rows, bright columns, a bright diagonal. */
function shapes(count: number, seed: number): Dataset {
  const noise = values(64 * count, seed);
  const labels = Uint8Array.from({ length: count }, (_, n) => n % 3);
  const stored = Float32Array.from(noise, (value, at) => {
    const [n, row, column] = [Math.floor(at / 64), Math.floor((at % 64) / 8), at % 8];
    const at3 = [row % 4 === 1, column % 4 === 1, row === column][labels[n]!];
    return (at3 ? 1 : 0) + 0.3 * value;
  });
  return new Dataset({ name: "shapes", shape: [8, 8, 1], stored, labels });
}

test("learns to tell kinds apart, and gives features that tell noise from images", async () => {
  const steps: number[] = [];
  const options = { steps: 60, batch: 24, features: 12, onStep: (step: number) => steps.push(step) };
  const classifier = await Classifier.train(device, shapes(120, 1), options);
  expect(steps).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
  const held = shapes(150, 2);
  expect(await classifier.accuracy(held)).toBeGreaterThan(0.95);

  const real = await classifier.features(held.values());
  expect(real).toHaveLength(150 * 12);
  const same = await classifier.features(shapes(150, 3).values());
  const noise = await classifier.features(Float32Array.from(values(64 * 150, 4)));
  const floor = frechetDistance(real, same, 12);
  expect(frechetDistance(real, noise, 12)).toBeGreaterThan(20 * floor);
  classifier.dispose();
});

test("the same seed gives the same features to the last bit", async () => {
  const images = shapes(10, 5).values();
  const twice: Float32Array[] = [];
  for (let i = 0; i < 2; i++) {
    const classifier = await Classifier.train(device, shapes(60, 1), { steps: 5, batch: 20, seed: 7 });
    twice.push(await classifier.features(images));
    classifier.dispose();
  }
  expect([...twice[0]!]).toEqual([...twice[1]!]);
});

test("options that nothing can be trained with are refused, and data with a NaN by name and place", async () => {
  for (const [name, bad] of [
    ["steps", [0, -1, NaN, 1.5]],
    ["batch", [0, NaN, 1.5]],
    ["features", [0, NaN]],
    ["rate", [0, -1, NaN, Infinity]],
    ["seed", [-1, NaN, 1.5]],
  ] as const)
    for (const value of bad) {
      const training = Classifier.train(device, shapes(6, 1), { [name]: value });
      await expect(training, `${name} ${value}`).rejects.toThrow(ArgumentError);
      await expect(training).rejects.toThrow(`classifier: ${name} is ${value}; expected a`);
    }
  const { stored, labels } = shapes(6, 1);
  const holed = new Dataset({
    name: "holed",
    shape: [8, 8, 1],
    stored: (stored as Float32Array).with(70, NaN),
    labels,
  });
  await expect(Classifier.train(device, holed)).rejects.toThrow(
    "classifier: holed: coordinate 6 of point 1 is NaN",
  );
});

test("data that it cannot learn from is refused", async () => {
  const { stored } = shapes(6, 1);
  const bare = new Dataset({ name: "bare", shape: [8, 8, 1], stored });
  await expect(Classifier.train(device, bare)).rejects.toThrow(/bare has no labels/);
  const single = new Dataset({ name: "single", shape: [8, 8, 1], stored, labels: new Uint8Array(6) });
  await expect(Classifier.train(device, single)).rejects.toThrow(/all samples of single are of one class/);
  const labels = Uint8Array.from({ length: 6 }, (_, n) => n % 2);
  const flat = new Dataset({ name: "flat", shape: [64], stored, labels });
  await expect(Classifier.train(device, flat)).rejects.toThrow(ArgumentError);
});
