import { expect, test } from "vitest";
import { ShapeError } from "../../src/device/errors.ts";
import { roundness, straightness } from "../../src/latent/form.ts";

test("a straight way is as long as its ends are apart, a closed one goes nowhere", () => {
  expect(straightness(Float32Array.of(0, 0, 3, 4, 9, 12), 2)).toBeCloseTo(1, 12);
  expect(straightness(Float32Array.of(0, 0, 1, 0, 1, 1), 2)).toBeCloseTo(Math.SQRT1_2, 12);
  expect(straightness(Float32Array.of(0, 0, 1, 0, 1, 1, 0, 0), 2)).toBe(0);
  expect(straightness(Float32Array.of(2, 2, 2), 1)).toBe(1);
  expect(() => straightness(new Float32Array(3), 2)).toThrow(ShapeError);
});

test("a slanted line is flat, however its coordinates vary; a turned ellipse has the ratio of its axes", () => {
  expect(roundness(Float32Array.of(0, 1, 1, 0, 2, -1), 2)).toBeCloseTo(0, 7);
  const turned = Array.from({ length: 400 }, (_, i) => {
    const [x, y] = [3 * Math.cos(i), Math.sin(i)];
    return [0.6 * x - 0.8 * y + 5, 0.8 * x + 0.6 * y];
  });
  expect(roundness(Float32Array.from(turned.flat()), 2)).toBeCloseTo(1 / 3, 2);
  expect(roundness(Float32Array.of(2, 2, 2, 2), 2)).toBe(0);
});
