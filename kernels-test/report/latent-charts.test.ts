import { describe, expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../../src/device/errors.ts";
import { latentScatter, singularValuesChart } from "../../src/report/latent-charts.ts";
import { checkSvg } from "./svg.ts";

const circles = (svg: string) => svg.match(/<circle/g)?.length ?? 0;
const points = Float32Array.from({ length: 60 }, (_, i) => Math.sin(i * i));

describe("latentScatter", () => {
  test("draws a dot per point in one colour, and names the path", () => {
    const path = Float32Array.of(-1, -1, 0, 0, 1, 1);
    const svg = latentScatter({ points, k: 2, path, pathLabel: "diagonal motion" });
    const text = checkSvg(svg);
    expect(text).toContain("diagonal motion");
    expect(text).toContain("α₂");
    expect(svg).toContain("#e5484d");
    expect(circles(latentScatter({ points, k: 2 }))).toBe(30);
  });

  test("shows the first two coordinates where there are more", () => {
    expect(circles(latentScatter({ points, k: 3 }))).toBe(20);
  });

  test("is a strip without a vertical axis where there is one", () => {
    const svg = latentScatter({ points, k: 1, path: Float32Array.of(-1, 1) });
    expect(checkSvg(svg)).not.toContain("α₂");
    expect(circles(latentScatter({ points, k: 1 }))).toBe(60);
  });

  test("gives few labels a colour and a badge each, and many a scale", () => {
    const classes = latentScatter({ points, k: 2, labels: Array.from({ length: 30 }, (_, i) => i % 3) });
    expect(checkSvg(classes)).toMatch(/\|0\|[^]*\|1\|[^]*\|2\|/);
    expect(circles(classes)).toBe(30 + 3);
    const many = latentScatter({ points, k: 2, labels: Array.from({ length: 30 }, (_, i) => i) });
    expect(checkSvg(many)).toContain("colour: label, dark to light");
    const named = latentScatter({ points, k: 2, labels: points.subarray(0, 30), labelName: "height" });
    expect(checkSvg(named)).toContain("colour: height, dark to light");
    expect(new Set(named.match(/(?<=<circle[^>]*fill=")[^"]*/g)).size).toBeGreaterThan(20);
  });

  test("leaves out points that are not finite, and survives equal points and none", () => {
    const broken = Float32Array.of(0, 1, NaN, 1, 1, Infinity, 2, 3);
    expect(circles(latentScatter({ points: broken, k: 2 }))).toBe(2);
    checkSvg(latentScatter({ points: new Float32Array(10), k: 2 }));
    checkSvg(latentScatter({ points: Float32Array.of(4), k: 1 }));
    expect(checkSvg(latentScatter({ points: new Float32Array(0), k: 2 }))).toContain("No latent coordinate");
  });

  test("draws an even selection of very many points", () => {
    const svg = latentScatter({ points: new Float32Array(100_000), k: 2 });
    expect(circles(svg)).toBeLessThanOrEqual(2500);
  });

  test("says what does not fit", () => {
    expect(() => latentScatter({ points, k: 0 })).toThrow(ArgumentError);
    expect(() => latentScatter({ points, k: 7 })).toThrow(/points has 60 values, .* k = 7/);
    expect(() => latentScatter({ points, k: 2, path: new Float32Array(3) })).toThrow(/path has 3 values/);
    expect(() => latentScatter({ points, k: 2, labels: [1] })).toThrow(ShapeError);
  });
});

describe("singularValuesChart", () => {
  test("says how many are kept and what share of the energy they hold", () => {
    const text = checkSvg(singularValuesChart([3, 1, 0], { kept: 1 }));
    expect(text).toContain("kept: 1 of 3, 90.0 % of the energy");
    expect(text).toContain("cut");
    expect(checkSvg(singularValuesChart([100, 1], { kept: 1 }))).toContain("over 99.9 % of the energy");
    expect(checkSvg(singularValuesChart([3, 1], { kept: 2 }))).toContain("100.0 % of the energy");
    expect(checkSvg(singularValuesChart([3, 1], { kept: 2 }))).not.toContain("cut");
  });

  test("survives zeros, equal, broken and very many values", () => {
    for (const values of [
      [2],
      [1, 1, 1],
      [5, 0, 0],
      [4, NaN, 1],
      Array.from({ length: 512 }, (_, i) => 512 - i),
    ])
      checkSvg(singularValuesChart(values, { kept: 1 }));
    for (const values of [[], [0, 0], [NaN]])
      expect(checkSvg(singularValuesChart(values, { kept: 0 }))).toContain("No singular value");
  });

  test("refuses to keep more than there are", () => {
    expect(() => singularValuesChart([1], { kept: 2 })).toThrow(ArgumentError);
  });
});
