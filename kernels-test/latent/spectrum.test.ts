import { expect, test } from "vitest";
import { ShapeError } from "../../src/device/errors.ts";
import { activeUnits, variances } from "../../src/latent/spectrum.ts";

test("variances of the population, coordinate by coordinate", () => {
  expect([...variances(Float32Array.of(1, 5, 3, 5, 5, 5), 2)]).toEqual([8 / 3, 0]);
  expect([...variances(Float32Array.of(7, 8, 9), 3)]).toEqual([0, 0, 0]);
});

test("a large mean does not hide a small variance", () => {
  const mu = Float32Array.from({ length: 1000 }, (_, i) => 1e5 + (i % 2) / 8);
  expect(variances(mu, 1)[0]).toBeCloseTo(1 / 256, 10);
});

test("active units vary by more than the threshold", () => {
  const mu = Float32Array.of(1, 0.05, 0, -1, -0.05, 0);
  expect(activeUnits(mu, 3)).toBe(1);
  expect(activeUnits(mu, 3, 1e-3)).toBe(2);
  expect(activeUnits(mu, 3, 2)).toBe(0);
});

test("refuses what is not whole points", () => {
  expect(() => variances(new Float32Array(5), 2)).toThrow(ShapeError);
  expect(() => activeUnits(new Float32Array(0), 2)).toThrow(ShapeError);
});
