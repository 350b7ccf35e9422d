import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PNG } from "pngjs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { synthetic } from "../../src/data/synthetic.ts";
import { openDevice, type Device } from "../../src/device/device.ts";
import { absoluteCorrelation } from "../../src/metrics/correlation.ts";
import * as models from "../../src/models/index.ts";
import { matrixPicture } from "../../src/report/matrix.node.ts";
import { covarianceChart, maskChart } from "../../src/reproduce/codeCharts.ts";
import { heldOutCodes } from "../../src/reproduce/codeMetrics.ts";
import type { Outcome } from "../../src/reproduce/experiment.ts";
import { experimentOf } from "../../src/reproduce/experiments.ts";
import { pair } from "../../src/reproduce/maskaaeRows.ts";
import { metricNamed, type Metric } from "../../src/reproduce/metrics.ts";
import { Subject } from "../../src/reproduce/subject.ts";
import { verdict } from "../../src/reproduce/verdict.ts";
import { RunFolder } from "../../src/runs/run-folder.node.ts";
import { runSession } from "../../src/runs/run-session.node.ts";
import type { Session } from "../../src/runs/session.node.ts";
import { completeConfig } from "../../src/train/config.ts";
import { temporaryFolder } from "../data/files.ts";

let device: Device;
beforeAll(async () => {
  device = await openDevice();
});
afterAll(() => device.close());

const data = synthetic({ intrinsic: 3, ambient: 6, count: 100, testCount: 400 });

function subjectOf(model: models.Autoencoder, name: "mask-aae" | "ae"): Subject {
  const folder = new RunFolder(mkdtempSync(join(tmpdir(), "maskaae-")));
  const config = completeConfig({ data: "synthetic", model: name });
  return new Subject({ model, data, config, folder } as unknown as Session);
}

test("of a masked model, what its mask lets through is counted, correlated and drawn", async () => {
  using model = models.maskAae(device, { input: [6], latent: 4, criticWidths: [5] });
  // α: 0, 0.095, 0.39, 0.993
  model.arena.get("mask").write([0, 0.1, 0.5, 5]);
  const subject = subjectOf(model, "mask-aae");
  const of = (metric: Metric) => metricNamed(metric).of(subject);
  expect([await of("openDimensions"), await of("undecided")]).toEqual([2, 2]);
  const { correlation, covariance, floor } = absoluteCorrelation(await heldOutCodes(subject), 4, [2, 3]);
  expect([await of("nac"), await of("nacCovariance"), await of("nacFloor")]).toEqual([
    correlation,
    covariance,
    floor,
  ]);
  expect(correlation).toBeGreaterThan(0);
  expect(floor).toBeCloseTo(Math.sqrt(2 / (Math.PI * 400)), 12);
  expect(await of("priorP")).toBe(0.005); // an untrained encoder is far from N(0, I)
  expect(await of("priorDistance")).toBeGreaterThan(0.1);

  const picture = PNG.sync.read(Buffer.from((await covarianceChart.draw!(subject)) as Uint8Array));
  expect([picture.width, picture.height]).toEqual([180, 180]);
  const colour = (i: number, j: number) => picture.data.readUIntBE(4 * ((45 * i + 9) * 180 + 45 * j + 9), 3);
  expect(colour(0, 3)).toBe(colour(0, 0)); // a closed dimension has no variance
  expect(colour(3, 3)).not.toBe(colour(0, 0));

  const lines = [
    [0, [0, 0.2, 0.5, 1]],
    [20, [0, 0.1, 0.9, 1]],
  ].map(([step, mask]) => JSON.stringify({ step, metrics: {}, mask }) + "\n");
  writeFileSync(subject.session.folder.file("through.jsonl"), lines.join(""));
  const chart = (await maskChart.draw!(subject)) as string;
  expect(chart).toContain("8 points of 4 series");
});

test("other models have no mask, and those without a prior none to be tested against", async () => {
  using model = models.ae(device, { input: [6], latent: 4 });
  const subject = subjectOf(model, "ae");
  for (const metric of ["openDimensions", "undecided", "priorDistance", "priorP"] as const)
    expect(await metricNamed(metric).of(subject), metric).toBeUndefined();
  const { coordinates } = absoluteCorrelation(await heldOutCodes(subject), 4);
  expect(coordinates).toEqual([0, 1, 2, 3]);
  expect(await metricNamed("nac").of(subject)).toBeGreaterThan(0);
  expect(() => matrixPicture([1, NaN, 0, 1], 2)).toThrow();
});

test("of points of 8 dimensions a mask of 16 leaves 7 to 10 open, and codes that correlate less than a WAE's", async ({
  skip,
}) => {
  skip(device.info.name.includes("SwiftShader"), "two trainings of 1,000 steps take minutes there");
  const measures: Metric[] = ["openDimensions", "undecided", "nac"];
  const measured = async (label: string) => {
    const row = pair("synthetic", "quick").find((one) => one.label === `${label}, n = 8`)!;
    const folder = new RunFolder(join(temporaryFolder(), "run"));
    const config = completeConfig({ ...row.config, data: "synthetic", seed: 500 });
    const session = await runSession(folder, config);
    const subject = new Subject(session);
    const values: (number | undefined)[] = [];
    for (const metric of measures) values.push(await metricNamed(metric).of(subject));
    session.close();
    return values as [number, number, number];
  };
  const [open, undecided, own] = await measured("MaskAAE");
  const [, , others] = await measured("WAE");
  expect(open).toBeGreaterThanOrEqual(7);
  expect(open).toBeLessThanOrEqual(10);
  expect(undecided).toBe(0);
  expect(own).toBeLessThan(others / 2);
}, 300_000);

/** An experiment with these values of each row and seed. */
function outcomeOf(
  name: string,
  data: "synthetic" | "mnist",
  values: (label: string, seed: number) => object,
) {
  const experiment = experimentOf(`maskaae/${name}`, data, "quick");
  const runs = [500, 501, 502].flatMap((seed) =>
    experiment.rows.map((row) => ({
      ...{ row, seed, folder: new RunFolder("none") },
      config: completeConfig({ steps: 500, ...row.config, data, seed }),
      scores: { steps: 500, seconds: 1, metrics: values(row.label, seed), likeness: {} },
    })),
  );
  return { experiment, scale: "quick", adapter: "none", runs, complete: true } as unknown as Outcome;
}

test("figure 5 says where each model is best, how it is beside that, and what stays open", () => {
  const outcome = outcomeOf("figure5", "synthetic", (label, seed) => {
    const [model, n, latent] = label.match(/^(\w+), n = (\d+), (\d+)/)!.slice(1) as [string, string, string];
    const off = Math.abs(Math.log2(Number(latent) / Number(n)));
    const jitter = 0.01 * (seed - 501);
    return model === "WAE" ? { priorFd: 1 + off + jitter } : { priorFd: 1.5 + jitter, openDimensions: 9 };
  });
  const words = verdict(outcome);
  expect(words).toContain("WAE, n = 8: prior cFD by length 4: 2.00 ± 0.01, 8: 1.00 ± 0.01, 16: 2.00 ± 0.01");
  expect(words).toContain(
    "the least at 8, worse on both sides by more than the seeds differ, up to 3.00 times",
  );
  expect(words).toMatch(/MaskAAE, n = 8: .*not worse on both sides by more than the seeds differ\. Open/);
  expect(words).toContain("Open dimensions 8: 9.00 ± 0.00, 16: 9.00 ± 0.00");
});

test("figure 6 and table 2 say whether masks are decided and correlations below", () => {
  const masks = outcomeOf("figure6", "mnist", (label) => ({
    openDimensions: 11,
    undecided: label.startsWith("64") ? 2 : 0,
  }));
  expect(verdict(masks)).toContain(
    "Of 32 numbers, 11.00 ± 0.00 stay open; in the paper 11; all values end at 0 or 1.",
  );
  expect(verdict(masks)).toContain(
    "Of 64 numbers, 11.00 ± 0.00 stay open; in the paper 13; 2.00 values do not end",
  );
  const below = outcomeOf("table2", "synthetic", (label, seed) => ({
    nac: (label.startsWith("WAE") || label.endsWith("16") ? 0.2 : 0.05) + 0.001 * (seed - 501),
    nacFloor: 0.018,
  }));
  expect(verdict(below)).toContain(
    "The NAC of MaskAAE, n = 8 is 0.0500 ± 0.0010, that of WAE, n = 8 0.20 ± 0.00: below by more than the seeds differ, as in the paper",
  );
  expect(verdict(below)).toMatch(/The NAC of MaskAAE, n = 16 is [^:]*: not below/);
  const table = outcomeOf("table1", "mnist", (label, seed) => ({
    priorFd: { MaskAAE: 5, "WAE-GAN": 5.001 }[label] ?? 9 + seed - 500,
  }));
  expect(verdict(table)).toContain("MaskAAE has the least prior cFD, 5.00");
  expect(verdict(table)).toContain("In the paper MaskAAE has the least FID.");
});
