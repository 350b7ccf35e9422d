import { describe, expect, test } from "vitest";
import { permutation, uniform } from "../../src/data/random.ts";

test("uniform numbers fill [0, 1) evenly and streams differ", () => {
  const numbers = Array.from({ length: 20_000 }, (_, i) => uniform(1, 2, 3, i));
  const mean = numbers.reduce((a, b) => a + b) / numbers.length;
  const square = numbers.reduce((a, b) => a + b * b) / numbers.length;
  expect(Math.abs(mean - 1 / 2)).toBeLessThan(0.01);
  expect(Math.abs(square - 1 / 3)).toBeLessThan(0.01);
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
  expect(uniform(1, 5, 3, 0)).not.toBe(numbers[0]);
});

describe("permutation", () => {
  test("holds every index once and is a pure function of seed and epoch", () => {
    const order = permutation(1000, 7, 3);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(permutation(1000, 7, 3)).toEqual(order);
    expect(permutation(1000, 7, 4)).not.toEqual(order);
    expect(permutation(1000, 8, 3)).not.toEqual(order);
  });

  test("draws all 24 orders of 4 about equally often", () => {
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < 4800; epoch++) {
      const order = permutation(4, 0, epoch).join();
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    for (const count of counts.values()) expect(Math.abs(count - 200)).toBeLessThan(70);
  });
});
