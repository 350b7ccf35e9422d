import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PNG } from "pngjs";
import { expect, test, vi } from "vitest";
import { ArgumentError, DataError } from "../../src/device/errors.ts";
import { Dataset } from "../../src/data/dataset.ts";
import { openDevice, type Device } from "../../src/device/device.ts";
import type { Experiment } from "../../src/reproduce/experiment.ts";
import { withFid } from "../../src/reproduce/experiments.ts";
import { Inception } from "../../src/metrics/inception.ts";
import { readInceptionFile } from "../../src/reproduce/fid.ts";
import { Judge } from "../../src/reproduce/judge.ts";
import { experimentMarkdown, writeMarkdown } from "../../src/reproduce/markdown.ts";
import { experimentPage } from "../../src/reproduce/page.ts";
import { reproduce, type ReproduceOptions } from "../../src/reproduce/reproduce.ts";
import { figure, linesOf, orderOf, oursOf, titled, wordsOf, type Line } from "../../src/reproduce/table.ts";
import { cautionOf, commandOf, factsOf, verdict } from "../../src/reproduce/verdict.ts";
import { completeConfig } from "../../src/train/config.ts";
import { encodeSafetensors, type EncodableTensor } from "../../src/data/safetensors.ts";
import { values } from "../check.ts";
import { temporaryFolder } from "../data/files.ts";
import { randomWeights } from "../metrics/inceptionReference.ts";
import type { Outcome } from "../../src/reproduce/experiment.ts";

const small: Experiment = {
  name: "small",
  title: "A small table",
  data: "bumps",
  metrics: ["test", "diagonal", "generation"],
  rows: [
    { label: "AE", config: { model: "ae" }, published: { diagonal: [23.24, 11.26] } },
    { label: "VRRAE (β = 0)", config: { model: "vrrae", beta: 0 }, published: {} },
  ],
  notes: ["A note with <marks>."],
};

const options = (out: string, more: Partial<ReproduceOptions> = {}): ReproduceOptions => ({
  scale: "quick",
  seeds: 1,
  settings: { size: 12, steps: 6, batch: 16, latent: 8, evaluateCount: 8 },
  out,
  version: "0",
  ...more,
});

const metricsOf = (outcome: Outcome) => outcome.runs.map(({ scores }) => scores.metrics);

test("a sweep that is stopped goes on where it was, and ends like one that was not", async () => {
  const whole = await reproduce(small, options(temporaryFolder()));
  expect(whole.complete).toBe(true);
  expect(metricsOf(whole)).toHaveLength(2);

  const out = temporaryFolder();
  const controller = new AbortController();
  const stop = {
    onProgress: ({ line }: { line: { step: number } }) => {
      if (line.step === 3) controller.abort();
    },
  };
  const hooks = ({ number }: { number: number }) => (number === 2 ? stop : {});
  const first = await reproduce(small, options(out, { hooks, signal: controller.signal }));
  expect([first.runs.length, first.complete]).toEqual([1, false]);

  const trained: number[] = [];
  const second = await reproduce(
    small,
    options(out, {
      hooks: ({ number }) => {
        trained.push(number);
        return {};
      },
    }),
  );
  expect(trained).toEqual([2]);
  expect(second.complete).toBe(true);
  expect(metricsOf(second)).toEqual(metricsOf(whole));

  const words = wordsOf(second);
  expect(words[0]).toEqual([
    "",
    "seeds",
    "test error %",
    "diagonal test error %",
    "paper: diagonal",
    "generation error %",
  ]);
  expect(words[1]![4]).toBe("23.24 ± 11.26");
  const page = experimentPage(second, { version: "0" });
  expect(page).toContain(
    "Not a finding: 1 seed and 6 of the scale's 500 steps cannot rank the models.".replace("'", "&#39;"),
  );
  expect(page).toContain("A note with &lt;marks&gt;.");
  expect(page.match(/data:image\/png;base64/g)!.length).toBe(12); // originals; of two models reconstructions, three ways and samples; one prior
  expect(page).not.toMatch(/src="(?!data:)|<script/);

  const markdown = join(temporaryFolder(), "made", "small.md");
  writeMarkdown(markdown, experimentMarkdown(second, "0"));
  const text = readFileSync(markdown, "utf8");
  expect(text).toContain("# A small table\n\nNot a finding: 1 seed and 6 of");
  expect(text).toContain("|  | seeds | test error % | diagonal test error % | paper: diagonal |");
  expect(text).toMatch(
    /\| AE \| 1 \| [\d.]+ \| [\d.]+ \| 23\.24 ± 11\.26 \| [\d.]+ \|\n\| VRRAE \(β = 0\) \| 1 /,
  );
  expect(text).toContain("- A note with \\<marks\\>.\n- Settings: size 12, latent 8,");
  expect(text).toContain(
    "From above: Original, AE, VRRAE (β = 0).\n\n![Reconstructions](small-reconstructions.png)",
  );
  expect(text).toContain(
    "    npx hestenes reproduce vrrae/small --data bumps --seeds 1 --steps 6 --size 12\n",
  );
  const links = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link!);
  expect(links).toHaveLength(7); // reconstructions, ways, samples, prior, two latent spaces and one spectrum
  for (const link of links) expect(existsSync(join(dirname(markdown), link)), link).toBe(true);
  const strips = PNG.sync.read(readFileSync(join(dirname(markdown), "small-reconstructions.png")));
  expect([strips.width, strips.height]).toEqual([10 * 14 - 2, 3 * 12 + 2 * 8]);
  const original = PNG.sync.read(readFileSync(join(out, "ae-500", "strips", "originals.png")));
  expect(strips.data.subarray(0, 4)).toEqual(original.data.subarray(0, 4));

  const other = { ...options(out).settings, steps: 7 };
  const refused = reproduce(small, options(out, { settings: other }));
  await expect(refused).rejects.toThrow(ArgumentError);
  await expect(refused).rejects.toThrow(/ae-500 holds a run with steps 6, not 7; give another folder/);
  writeFileSync(join(out, "ae-500", "scores.json"), "{");
  const damaged = reproduce(small, options(out));
  await expect(damaged).rejects.toThrow(DataError);
  await expect(damaged).rejects.toThrow(/scores\.json: not JSON .*; delete scores\.json, and the run/);
  const strip = join(out, "vrrae-0-500", "strips", "reconstructions.png");
  const drawn = readFileSync(strip);
  rmSync(join(out, "vrrae-0-500", "strips"), { recursive: true });
  rmSync(join(out, "ae-500", "scores.json"));
  const again = await reproduce(small, options(out));
  expect(metricsOf(again)).toEqual(metricsOf(whole));
  expect(existsSync(join(out, "ae-500", "report.html"))).toBe(true);
  expect(readFileSync(strip).equals(drawn)).toBe(true); // from the checkpoint, without training
  expect(JSON.parse(readFileSync(join(out, "ae-500", "scores.json"), "utf8"))).toMatchObject({ steps: 6 });
  rmSync(join(out, "ae-500", "strips"), { recursive: true });
  rmSync(join(out, "ae-500", "checkpoint"), { recursive: true });
  await expect(reproduce(small, options(out))).rejects.toThrow(
    /ae-500 holds no trained model; delete scores/,
  );
}, 300_000);

test("faces split as CelebA's are go through a table; without classes there is no cFD", async () => {
  const path = temporaryFolder();
  const names = Array.from({ length: 20 }, (_, i) => `${String(i + 1).padStart(6, "0")}.png`);
  for (const [i, name] of names.entries()) {
    const image = new PNG({ width: 12, height: 10 });
    image.data.fill(255);
    values(120, i).forEach((value, at) => image.data.set([128 + 100 * value, 60 + 8 * i, 128], 4 * at));
    writeFileSync(join(path, name), PNG.sync.write(image));
  }
  const list = names.map((name, i) => `${name} ${i < 12 ? 0 : 2}\n`).join("");
  writeFileSync(join(path, "list_eval_partition.txt"), list);
  const faces: Experiment = {
    ...small,
    data: "folder",
    metrics: ["randomFd", "test"],
    rows: small.rows.slice(0, 1),
  };
  const [phases, notices]: [string[], string[]] = [[], []];
  const settings = { path, size: 16, steps: 2, batch: 6, latent: 4, rank: 2, evaluateCount: 4 };
  const out = temporaryFolder();
  const onPhase = (text: string) => void phases.push(text);
  const more = { settings, onPhase, onNotice: (text: string) => void notices.push(text) };
  const outcome = await reproduce(faces, options(out, more));
  expect(outcome.complete).toBe(true);
  expect(metricsOf(outcome)[0]!.test).toBeGreaterThan(0);
  expect(metricsOf(outcome)[0]!.randomFd).toBeUndefined();
  expect(notices.join()).toMatch(/no classes to train a classifier on: the cFDs are left out/);
  expect(experimentPage(outcome, { version: "0" })).toContain("Reconstructions of AE");

  // the network itself has a test of its own; 1,250 images through it would take a minute
  const features = vi.spyOn(Inception.prototype, "features");
  features.mockImplementation((images, [H = 0, W = 0, C = 0]) =>
    Promise.resolve(images.filter((_, i) => i % (H * W * C) < 128)),
  );
  const weights = randomWeights() as Map<string, EncodableTensor>;
  const file = join(path, "inception.safetensors");
  writeFileSync(file, encodeSafetensors(weights));
  const measured = await reproduce(
    withFid(faces),
    options(out, { ...more, inception: readInceptionFile(file) }),
  );
  expect(features).toHaveBeenCalledTimes(2); // real images and samples
  expect([phases, notices.length]).toEqual([["Taking Inception features of training images."], 1]);
  expect(measured.experiment.metrics.join()).toBe("randomFd,randomFid,test");
  expect(metricsOf(measured)[0]).toMatchObject({ test: metricsOf(outcome)[0]!.test });
  expect(metricsOf(measured)[0]!.randomFid).toBeGreaterThan(0);
  expect(wordsOf(measured)[0]).toContain("random FID (given weights)");
  const again = await reproduce(
    withFid(faces),
    options(out, { ...more, inception: readInceptionFile(file) }),
  );
  expect(features).toHaveBeenCalledTimes(2);
  expect(metricsOf(again)).toEqual(metricsOf(measured));

  weights.delete("Mixed_7c.branch_pool.bn.bias");
  writeFileSync(file, encodeSafetensors(weights));
  const refused = reproduce(withFid(faces), options(out, { ...more, inception: readInceptionFile(file) }));
  await expect(refused).rejects.toThrow(
    /inception\.safetensors: tensor "Mixed_7c\.branch_pool\.bn\.bias" is missing/,
  );
  expect(() => readInceptionFile(join(path, "none"))).toThrow(
    /none cannot be read \(nothing of that name is there/,
  );
  expect(() => withFid(small)).toThrow(
    "small compares no images, so that it has no use for Inception weights",
  );
  features.mockRestore();
}, 300_000);

test("a line has the mean and the deviation over n − 1 of its seeds", () => {
  const run = (seed: number, test: number) => ({
    ...{ row: small.rows[0]!, seed, folder: undefined!, config: undefined! },
    scores: { steps: 1, seconds: 1, metrics: { test }, likeness: {} },
  });
  const runs = [run(500, 3), run(501, 5), run(502, 10)];
  const [line, none] = linesOf({ experiment: small, scale: "quick", adapter: "", runs, complete: false });
  expect(line!.cells[0]).toMatchObject({ mean: 6, deviation: Math.sqrt(13), values: [3, 5, 10] });
  expect(line!.cells[1]).toMatchObject({ values: [], published: [23.24, 11.26] });
  expect(none!.seeds).toEqual([]);
});

test("what was run too briefly is no finding; what was run in full is one", () => {
  const outcome = (seeds: number, steps: number): Outcome => ({
    ...{ experiment: small, scale: "quick", adapter: "llvmpipe", complete: true },
    runs: small.rows.flatMap((row, at) =>
      Array.from({ length: seeds }, (_, i) => ({
        ...{ row, seed: 500 + i, folder: undefined!, config: completeConfig({ steps, size: 16 }) },
        scores: { steps, seconds: 1, metrics: { diagonal: 20 + 10 * at + i }, likeness: {} },
      })),
    ),
  });
  const full = outcome(3, 500);
  const close = {
    ...full,
    runs: full.runs.map((run, at) => ({
      ...run,
      scores: { ...run.scores, metrics: { diagonal: 20 + (at % 4), generation: 9 - at } },
    })),
  };
  expect(verdict(close)).toBe(
    "AE has the least diagonal test error, 21.00 ± 1.00 %. It is not below that of VRRAE (β = 0), 21.33 ± 1.53 %, " +
      "by more than the seeds differ. The least by the other columns: generation error VRRAE (β = 0).",
  );
  expect(cautionOf({ ...outcome(5, 500), complete: false })).toBe(
    "a part of the runs cannot rank the models",
  );
  expect(commandOf(full)).toBe("npx hestenes reproduce vrrae/small --data bumps --seeds 3 --size 16");
  expect(cautionOf(full)).toBeUndefined();
  expect(verdict(full)).toBe("AE has the least diagonal test error, 21.00 ± 1.00 %.");
  expect(factsOf(outcome(1, 1)).slice(1)).toEqual([
    ...["1 step each", "16 × 16 pixels", "2 runs, 1 seed each", "llvmpipe"],
  ]);
  expect(factsOf(full)).toEqual([
    "scale quick",
    "500 steps each",
    "16 × 16 pixels",
    "6 runs, 3 seeds each",
    "llvmpipe",
  ]);
  expect(cautionOf(outcome(2, 500))).toBe("2 seeds cannot rank the models");
  expect(verdict(outcome(3, 20))).toBe(
    "Not a finding: 20 of the scale's 500 steps cannot rank the models. Here AE happens to have the least diagonal test error, 21.00 ± 1.00 %.",
  );
  const stopped = { ...full, runs: full.runs.slice(0, 1), complete: false };
  expect(factsOf(stopped)[3]).toBe("1 run so far, 0 or 1 seed each");
  expect(cautionOf(stopped)).toBe("a part of the runs and 0 or 1 seed cannot rank the models");
  const none = { ...full, runs: [] };
  expect([cautionOf(none), verdict(none)]).toEqual([undefined, "No run is finished yet."]);
  expect([titled("test", "3.1"), titled("randomFd", "7")]).toEqual(["test error 3.1 %", "random cFD 7"]);
});

test("the order of the rows tells means apart that differ by more than their deviations", () => {
  const line = (label: string, values: number[], published?: number): Line => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    const deviation = Math.sqrt(squares / (values.length - 1));
    const known = published === undefined ? {} : { published: [published] as const };
    const more = values.length > 1 ? { deviation } : {};
    return { label, seeds: [], cells: [{ metric: "test", values, mean, ...more, ...known }] };
  };
  const three = [line("C", [5, 6], 1), line("A", [1, 2], 3), line("B", [1.5, 2.4], 2)];
  expect(orderOf(three, "test")).toEqual({ ours: "A ≈ B < C", paper: "C < B < A" });
  expect(orderOf([line("A", [2]), line("B", [1])], "test")).toEqual({ ours: "B, A" });
  expect(orderOf([line("A", [2])], "test")).toBeUndefined();
  expect(orderOf(three, "activeUnits")).toBeUndefined();
});

test("the judge puts real images below broken ones, and both between its floor and its ceiling", async () => {
  const stripes = (count: number, seed: number, noise: number) => {
    const random = values(64 * count, seed);
    const labels = Uint8Array.from({ length: count }, (_, n) => n % 2);
    const stored = Float32Array.from(random, (value, at) => {
      const [row, column] = [Math.floor((at % 64) / 8), at % 8];
      const bright = (labels[Math.floor(at / 64)] === 0 ? row : column) % 3 === 0;
      return (bright ? 0.8 : 0.2) + noise * value;
    });
    return new Dataset({ name: "stripes", shape: [8, 8, 1], stored, labels });
  };
  const device = await openDevice();
  const judge = await Judge.train(
    device,
    { train: stripes(200, 1, 0.1), test: stripes(150, 2, 0.1) },
    { steps: 60 },
  );
  expect(judge.accuracy).toBeGreaterThan(0.95);
  const [good, poor] = [
    await judge.compare(stripes(150, 3, 0.1).values()),
    await judge.compare(stripes(150, 4, 0.5).values()),
  ];
  expect(good.frechet).toBeLessThan(0.2 * poor.frechet);
  expect(poor.frechet).toBeLessThan(judge.ceiling.frechet);
  expect(good.frechet).toBeLessThan(3 * judge.floor.frechet);
  expect(good.coverage).toBeGreaterThan(poor.coverage);
  judge.dispose();
  expect(alive(device)).toBe(0);

  const train = stripes(20, 1, 0.1);
  const noLabels = new Dataset({ name: "bare", shape: [8, 8, 1], stored: train.stored });
  await expect(Judge.train(device, { train, test: noLabels }, { steps: 1 })).rejects.toThrow(/no labels/);
  const stop = () => {
    throw new Error("stopped");
  };
  await expect(Judge.train(device, { train, test: train }, { steps: 9, onStep: stop })).rejects.toThrow(
    /stopped/,
  );
  expect(alive(device)).toBe(0);
  device.close();
});

test("a deviation has the decimals of its mean; figures past 100 have none", () => {
  const cell = { metric: "test", values: [1, 2] } as const;
  expect(oursOf({ ...cell, values: [...cell.values], mean: 34.07, deviation: 0.093 })).toBe("34.07 ± 0.09");
  expect(oursOf({ ...cell, values: [...cell.values], mean: 138.2, deviation: 12.62 })).toBe("138 ± 13");
  expect(oursOf({ ...cell, values: [...cell.values], mean: 0.0123, deviation: 0.2 })).toBe("0.0123 ± 0.2000");
  expect([145.46, 99.4].map(figure)).toEqual(["145", "99.40"]);
});

/** Bytes in use, but for the small buffers of launch parameters, which are kept for the next launch. */
function alive(device: Device): number {
  const { live, byKind } = device.memory();
  return live - byKind.uniform.live;
}
