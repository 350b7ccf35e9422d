import { expect, test } from "vitest";
import { ShapeError } from "../../src/device/errors.ts";
import { straightness } from "../../src/latent/straightness.ts";

test("a straight way is as long as its ends are apart, a closed one goes nowhere", () => {
  expect(straightness(Float32Array.of(0, 0, 3, 4, 9, 12), 2)).toBeCloseTo(1, 12);
  expect(straightness(Float32Array.of(0, 0, 1, 0, 1, 1), 2)).toBeCloseTo(Math.SQRT1_2, 12);
  expect(straightness(Float32Array.of(0, 0, 1, 0, 1, 1, 0, 0), 2)).toBe(0);
  expect(straightness(Float32Array.of(2, 2, 2), 1)).toBe(1);
  expect(() => straightness(new Float32Array(3), 2)).toThrow(ShapeError);
});
