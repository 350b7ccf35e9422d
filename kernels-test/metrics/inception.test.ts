import { expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/device/errors.ts";
import { openDevice } from "../../src/device/device.ts";
import { Inception } from "../../src/metrics/inception.ts";
import type { Weight } from "../../src/metrics/inception/weights.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { values } from "../check.ts";
import { F32, inceptionReference, randomWeights } from "./inceptionReference.ts";

const H = 107;
const W = 99;

test.each([
  ["torchvision's", 1000],
  ["that of the first FIDs", 1008],
])(
  "the features are those of the network by its definition: %s",
  async (_, classes) => {
    const device = await openDevice();
    const weights = randomWeights();
    weights.set("fc.weight", F32(new Float32Array(classes), [classes, 1]));
    const inception = new Inception(device, weights, "w");
    expect(inception.featureSize).toBe(128);
    const image = values(H * W * 3, 5);
    const got = await device.noGrad(() => inception.apply(tensor(device, image, [1, H, W, 3]))).read();
    const planes = Float64Array.from({ length: 3 * H * W }, (_, i) =>
      Math.fround(image[(i % (H * W)) * 3 + Math.floor(i / (H * W))]!),
    );
    const want = inceptionReference(weights, { shape: [3, H, W], data: planes }, classes === 1008);
    const scale = Math.max(...want.map(Math.abs));
    expect(scale).toBeGreaterThan(0.01);
    const worst = Math.max(...want.map((value, i) => Math.abs(value - got[i]!) / scale));
    expect(worst).toBeLessThan(1e-5);
    device.close();
  },
  60_000,
);

test("images are clamped, resized as PyTorch does, taken to −1 … 1, and grey ones are red, green and blue", async () => {
  const device = await openDevice();
  const inception = new Inception(device, randomWeights(), "w");
  const image = Float32Array.from(values(2 * 3, 6), (value) => 0.5 + 0.7 * value); // 2 × 3, some past 0 and 1
  const got = await inception.features(image, [2, 3, 1]);
  const at = (length: number, i: number) => {
    const place = Math.min(length - 1, Math.max(0, ((i + 0.5) * length) / 299 - 0.5));
    const low = Math.min(length - 2, Math.floor(place));
    return [low, place - low] as const;
  };
  const pixel = (h: number, w: number) => Math.min(1, Math.max(0, image[3 * h + w]!));
  const big = Float32Array.from({ length: 299 * 299 * 3 }, (_, i) => {
    const [[h, y], [w, x]] = [at(2, Math.floor(i / (3 * 299))), at(3, Math.floor(i / 3) % 299)];
    const row = (h: number) => (1 - x) * pixel(h, w) + x * pixel(h, w + 1);
    return 2 * ((1 - y) * row(h) + y * row(h + 1)) - 1;
  });
  const want = await device.noGrad(() => inception.apply(tensor(device, big, [1, 299, 299, 3]))).read();
  const scale = Math.max(...want);
  got.forEach((value, i) => expect(Math.abs(value - want[i]!) / scale).toBeLessThan(1e-5));
  await expect(inception.features(image, [2, 3, 2])).rejects.toThrow(ShapeError);
  inception.dispose();
  device.close();
}, 60_000);

test("weights that are missing, of another shape or type, or no numbers are named", async () => {
  const device = await openDevice();
  const broken = (name: string, weight?: Weight) => {
    const weights = randomWeights();
    if (weight) weights.set(name, weight);
    else weights.delete(name);
    return () => new Inception(device, weights, "my.safetensors");
  };
  const name = "Mixed_6c.branch7x7_2.conv.weight";
  expect(broken(name)).toThrow(ArgumentError);
  expect(broken(name)).toThrow(
    `my.safetensors: tensor "${name}" is missing; the weights of torchvision's inception_v3 are needed`,
  );
  expect(broken(name, F32(new Float32Array(700), [10, 10, 7, 1]))).toThrow(
    "has shape [10, 10, 7, 1], not [10, 10, 1, 7]",
  );
  expect(broken(name, { dtype: "F16", shape: [10, 10, 1, 7], data: new Uint16Array(700) })).toThrow(
    "has elements of type F16, not F32",
  );
  expect(broken(name, F32(new Float32Array(700).fill(NaN), [10, 10, 1, 7]))).toThrow("has NaN at element 0");
  expect(broken("Mixed_5b.branch1x1.bn.running_var", F32([1, 1, 1, -1], [4]))).toThrow(
    "has a variance below 0",
  );
  expect(broken("Conv2d_1a_3x3.conv.weight", F32(new Float32Array(27 * 5), [5, 3, 3, 3]))).toThrow(
    "has 5 filters, not 32",
  );
  device.close();
});
