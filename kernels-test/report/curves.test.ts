import { describe, expect, test } from "vitest";
import { errorChart, lossChart, lossHistories, type HistoryRow } from "../../src/report/curves.ts";
import { checkSvg } from "./svg.ts";

const fall = (steps: number, from: number, to: number): HistoryRow[] =>
  Array.from({ length: steps }, (_, step) => {
    const loss = from * (to / from) ** (step / (steps - 1));
    return { step, loss, parts: { reconstruction: 0.9 * loss, KL: 0.1 * loss }, testError: loss };
  });

/** The labels of the vertical axis. */
const ticks = (svg: string) => [...svg.matchAll(/y="0.32em">([^<]+)<\/text>/g)].map(([, label]) => label);

describe("lossChart", () => {
  test("names the loss and its parts and says where it began and ended", () => {
    const svg = lossChart(fall(20, 200, 50));
    const text = checkSvg(svg);
    for (const name of ["loss", "reconstruction", "KL", "step"]) expect(text).toContain(name);
    expect(svg).toContain('aria-label="Training loss: 200 at first, 50 at last."');
    expect(ticks(svg).at(0)).toBe("0");
  });

  test("has a logarithmic axis where the loss falls far", () => {
    expect(ticks(lossChart(fall(20, 1000, 1)))).toEqual(expect.arrayContaining(["1", "10", "100", "1k"]));
  });

  test("leaves out what is not finite and keeps the rest", () => {
    const history = fall(9, 100, 50).map((row, i) =>
      i % 3 === 1 ? { ...row, loss: NaN, parts: { KL: Infinity } } : row,
    );
    checkSvg(lossChart(history));
  });

  test("survives nothing, one step, constants, zeros and negative values", () => {
    const row = (loss: number, step = 0) => ({ step, loss, parts: { KL: 0 } });
    expect(checkSvg(lossChart([]))).toContain("No finite loss was logged.");
    expect(checkSvg(lossChart([row(NaN)]))).toContain("No finite loss was logged.");
    for (const history of [[row(3)], [row(0), row(0, 1)], [row(-2), row(-2, 1)], [row(-1), row(1e30, 1)]])
      checkSvg(lossChart(history));
  });

  test("stays small and quick for a very long run", () => {
    const svg = lossChart(fall(200_000, 100, 1));
    checkSvg(svg);
    expect(svg.length).toBeLessThan(100_000);
  });

  test("gives parts the names that people know them by", () => {
    const text = checkSvg(lossChart([{ step: 0, loss: 2, parts: { error: 1, betaKl: 1 } }]));
    expect(text).toContain("|β·KL|");
    expect(text).not.toContain("betaKl");
  });

  test("escapes the names of the parts", () => {
    const svg = lossChart([{ step: 0, loss: 1, parts: { "<script>&\u0000": 1 } }]);
    checkSvg(svg);
    expect(svg).toContain("&lt;script&gt;&amp;\ufffd");
  });
});

describe("errorChart", () => {
  test("writes the last held-out error, not a mean, and the line to compare with", () => {
    const history = [...fall(3000, 90, 30), { step: 3000, loss: 1, parts: {}, testError: 21.4 }];
    const text = checkSvg(errorChart(history, { label: "linear bound <PCA>", value: 78.4 }));
    expect(text).toContain("21.4 %");
    expect(text).toContain("linear bound &lt;PCA&gt; 78.4 %");
    expect(text).toContain("held-out data");
    expect(text).not.toContain("training data");
  });

  test("says when there is no error to show", () => {
    expect(checkSvg(errorChart([{ step: 0, loss: 1, parts: {} }]))).toContain("No finite error was logged.");
  });
});

test("each stage and phase has a history of its own, with its own parts", () => {
  const first = fall(3, 9, 1);
  expect(lossHistories(first)).toEqual([{ name: "", rows: first }]);
  const row = (step: number, more: Partial<HistoryRow>): HistoryRow => ({
    step,
    loss: 1,
    parts: {},
    ...more,
  });
  const phased = { "ae.loss": 1, "ae.spread": 2, "critic.loss": -3 };
  const named = lossHistories([
    row(1, { stage: "first", parts: { error: 4 } }),
    row(2, { stage: "second", parts: phased }),
  ]);
  expect(named).toEqual([
    { name: "first", rows: [row(1, { stage: "first", parts: { error: 4 } })] },
    { name: "second, ae", rows: [{ step: 2, loss: 1, parts: { spread: 2 } }] },
    { name: "second, critic", rows: [{ step: 2, loss: -3, parts: {} }] },
  ]);
  expect(lossHistories([row(1, { parts: phased })]).map(({ name }) => name)).toEqual(["ae", "critic"]);
  expect(lossHistories([])).toEqual([]);
});
