import { expect, test } from "vitest";
import { ArgumentError } from "../../src/device/errors.ts";
import { experimentOf, experiments, withReading, workOf } from "../../src/reproduce/experiments.ts";
import { completeConfig } from "../../src/train/config.ts";

const all = [...experiments].flatMap(([name, { data }]) =>
  data.flatMap((set) => (["quick", "paper"] as const).map((scale) => ({ name, set, scale }))),
);

test.each(all)(
  "$name of $set at scale $scale: rows of their own, with settings that can be run",
  ({ name, set, scale }) => {
    const { rows, metrics, data } = experimentOf(name, set, scale);
    expect(data).toBe(set);
    expect(new Set(rows.map(({ label }) => label)).size).toBe(rows.length);
    for (const { config, published } of rows) {
      completeConfig({ ...config, data }, scale);
      for (const metric of Object.keys(published)) expect(metrics).toContain(metric);
    }
  },
);

test("a batch of the quick scale gives the KL term the weight per sample of the paper's batch", () => {
  const beta = (scale: "quick" | "paper") =>
    experimentOf("table2", "mnist", scale).rows.find(({ label }) => label === "VAE")!.config.beta!;
  expect(beta("paper")).toBe(1e-3);
  expect(beta("quick")).toBeCloseTo((1e-3 * 576) / 64, 12);
});

test("where text and code disagree, either can be followed as a whole", () => {
  const configs = (name: string, data: "bumps" | "mnist", reading: "text" | "code") => {
    const { rows } = withReading(experimentOf(name, data, "paper"), reading);
    return rows.map(({ config }) => completeConfig({ ...config, data }, "paper"));
  };
  expect(configs("table1", "bumps", "text").map(({ rate }) => rate)).toEqual([1e-4, 1e-4, 1e-4, 1e-4]);
  expect(configs("table1", "bumps", "code").map(({ rate }) => rate)).toEqual([1e-3, 1e-3, 1e-3, 1e-3]);
  expect(configs("table2", "mnist", "text").every(({ steps }) => steps === 2083)).toBe(true);
  const published = (reading: "text" | "code") =>
    configs("baselines", "mnist", reading).flatMap((one) => (one.published ? [one.model] : []));
  expect([published("text"), published("code")]).toEqual([[], ["irmae", "lorae", "sparse"]]);
  const read = withReading(experimentOf("table2", "mnist", "paper"), "text");
  expect(read.notes[0]).toMatch(/2,083 on MNIST/);
});

test("without a data set it is the table's first; what there is not is refused", () => {
  expect(experimentOf("table1", undefined, "quick").data).toBe("bumps");
  expect(() => experimentOf("table9", undefined, "quick")).toThrow(ArgumentError);
  expect(() => experimentOf("table9", undefined, "quick")).toThrow(
    /no experiment "table9" \(did you mean table\d\?\); there are .*table1, table2/,
  );
  expect(() => experimentOf("table1", "mnist", "quick")).toThrow(/table1 is not for mnist; it takes bumps/);
});

test("an experiment is asked for by paper and name; the first paper's name may be left out", () => {
  expect(experimentOf("vrrae/table1", undefined, "quick")).toEqual(
    experimentOf("table1", undefined, "quick"),
  );
  expect(experimentOf("vrrae/table1", undefined, "quick").name).toBe("table1");
  expect(() => experimentOf("other/table1", undefined, "quick")).toThrow(/no experiment "other\/table1"/);
  expect(workOf("vrrae/table1")).toMatchObject({ networks: 4, steps: 500 });
});
