import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDevice } from "../../src/device/device.ts";
import { DataError } from "../../src/device/errors.ts";
import { writeMarkdown } from "../../src/reproduce/markdown.ts";
import { measureTimes, overheadOf, timedCases, type TimedCase } from "../../src/reproduce/time.ts";
import { timeCaution, timeHead, timeMarkdown, timePage, timeWords } from "../../src/reproduce/time-page.ts";
import { run } from "../cli/main.ts";
import { temporaryFolder } from "../data/files.ts";

const small: TimedCase = {
  ...{ name: "Small", input: [8, 8, 1], batch: 6, latent: 5, rank: 2 },
  published: { vae: 2, vrrae: 2.1 },
};

test("the overhead is that of the medians shown, with quartiles of the rounds'", () => {
  const vae = [1, 2, 1, 4];
  const vrrae = [1.1, 2.6, 1.2, 4];
  expect(overheadOf({ vae, vrrae })).toMatchObject({ vae: 1.5, vrrae: 1.9 });
  const { percent, quartiles } = overheadOf({ vae, vrrae });
  expect(percent).toBeCloseTo(100 * (1.9 / 1.5 - 1), 10); // where the rounds' are 0, 10, 20, 30
  expect(quartiles.map((value) => value.toFixed(6))).toEqual(["7.500000", "22.500000"]);
});

test("steps are timed in turn, kept in a file, and shown beside the paper's", async () => {
  const out = temporaryFolder();
  const device = await openDevice();
  const options = { rounds: 3, out };
  const [times, ...rest] = await measureTimes(device, [small], options);
  expect(rest).toEqual([]);
  expect([times!.vae.length, times!.vrrae.length]).toEqual([3, 3]);
  if (device.gpu.features.has("timestamp-query")) {
    expect(times!.svdShare).toBeGreaterThan(0);
    expect(times!.svdShare).toBeLessThan(1);
  }
  const file = join(out, "small.json");
  const written = readFileSync(file, "utf8");
  expect(await measureTimes(device, [small], options)).toEqual([times]);
  expect(readFileSync(file, "utf8")).toBe(written);
  expect((await measureTimes(device, [small], { ...options, rounds: 2 }))[0]!.vae.length).toBe(2);

  const [, words] = timeWords([small], [times!]);
  expect(words!.slice(0, 2)).toEqual(["Small", "6"]);
  expect(words!.slice(-3)).toEqual(["2.00 s", "2.10 s", "+5.0 %"]);
  const page = timePage([small], [times!], { adapter: "an adapter", version: "0" });
  expect(page).toContain("+5.0 %");
  expect(page).toContain("With 3 steps each the overhead is not to be relied on");
  expect(page).not.toMatch(/src="(?!data:)|<script/);

  const markdown = join(out, "time.md");
  const made = timeMarkdown([small], [times!], { adapter: "an adapter", version: "0" });
  writeMarkdown(markdown, { ...made, command: "npx hestenes reproduce time" });
  const text = readFileSync(markdown, "utf8");
  expect(text).toContain("# Table A.4-1: time of a step\n\nA VRRAE's step beside a VAE's: ");
  expect(text).toMatch(/\| Small \| 6 \| .* \| 2\.00 s \| 2\.10 s \| \+5\.0 % \|/);

  writeFileSync(file, "{}");
  await expect(measureTimes(device, [small], options)).rejects.toThrow(DataError);
  const aborted = AbortSignal.abort();
  expect(await measureTimes(device, [small], { rounds: 3, out: temporaryFolder(), signal: aborted })).toEqual(
    [],
  );
  device.close();
});

test("the table in the terminal has a title", async () => {
  const out = temporaryFolder();
  const device = await openDevice();
  for (const { name } of timedCases("quick")) {
    const times = { name, adapter: device.info.name, vae: [1], vrrae: [1.1] };
    writeFileSync(join(out, `${name.toLowerCase()}.json`), JSON.stringify(times));
  }
  const { code, stdout } = await run("reproduce", "time", "--steps", "1", "--out", out);
  expect(code).toBe(0);
  expect(stdout.split("\n").slice(0, 3)).toEqual([
    ...["Table A.4-1: time of a step", `1 step each, in turn, ${device.info.name}`, ""],
  ]);
  device.close();
});

test("batches past what the adapter binds are timed in parts", async () => {
  const device = await openDevice({ binding: 1.25 * 2 ** 20 }); // 160 samples of 16 × 16 × 8, as the decoder makes
  const wide = { ...small, batch: 170 };
  const [times] = await measureTimes(device, [wide], { rounds: 1, out: temporaryFolder() });
  expect([times!.vae.length, times!.vrrae.length]).toEqual([1, 1]);
  expect(device.memory().byKind.parameter.live).toBe(0);
  device.close();
});

test("a median of few steps, or of steps that differ much, comes with a warning", () => {
  const times = (count: number) => ({
    ...{ name: "Small", adapter: "", vae: Array<number>(count).fill(1), vrrae: Array<number>(count).fill(2) },
  });
  expect(timeCaution([times(11), times(1)])).toMatch(/^With 1 step each .* 11 or more\.$/);
  expect(timeHead([times(1)], "an adapter").facts).toEqual(["1 step each, in turn", "an adapter"]);
  expect(timeCaution([times(11)])).toBeUndefined();
  const noisy = { ...times(11), vrrae: Array.from({ length: 11 }, (_, i) => 1 + i / 20) };
  expect(timeCaution([times(11), { ...noisy, name: "Busy" }])).toMatch(/differs too much .*\(Busy\)/);
  expect(timeCaution([])).toBeUndefined();
});

test("the cases are those of the paper's data sets, faces at its own scale alone", () => {
  expect(timedCases("quick").map(({ name }) => name)).toEqual(["Bumps", "MNIST", "CIFAR-10"]);
  const faces = timedCases("paper").find(({ name }) => name === "CelebA")!;
  expect(faces).toMatchObject({ input: [160, 160, 3], batch: 576, latent: 512, rank: 186 });
});
