import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type Axe from "axe-core";
import type { Page as Tab } from "playwright-core";
import { PNG } from "pngjs";
import { describe, expect, test } from "vitest";
import { openDevice } from "../../src/device/device.ts";
import { svd } from "../../src/ops/svd.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import type { Results } from "../../bench/results.ts";
import { isOfPeers } from "../../src/web/build/site.ts";
import { pageSizes } from "../../src/web/build/sizes.ts";
import { launchChromium } from "../browser/chromium.ts";
import { loseDevice, openPages, pages, slow } from "./site.ts";

const site = await openPages();

describe.each(Object.entries(pages))("%s", (page, ready) => {
  test("loads without errors, and asks nobody else for anything", slow, async () => {
    const { tab, wrong } = await site.visit(page);
    await tab.waitForSelector(ready, { timeout: 100_000 });
    expect(wrong).toEqual([]);
    await tab.close();
  });

  test("has a name for everything that can be reached by key, and fits a phone", slow, async () => {
    const { tab } = await site.visit(page);
    await tab.waitForSelector(ready, { timeout: 100_000 });
    const nameless = await tab.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>("a, button, input, select, canvas, [tabindex]")]
        .filter((element) => {
          const labels = "labels" in element ? [...(element.labels as NodeListOf<HTMLElement>)] : [];
          const texts = [element.ariaLabel, element.textContent, ...labels.map((label) => label.textContent)];
          return element.offsetParent !== null && texts.every((text) => !text?.trim());
        })
        .map((element) => element.outerHTML.slice(0, 120)),
    );
    expect(nameless).toEqual([]);
    expect(await tab.locator("h1").count()).toBe(1);
    await tab.setViewportSize({ width: 360, height: 740 });
    await tab.waitForTimeout(300);
    expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await tab.close();
  });
});

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

test.each(
  Object.entries(pages).flatMap(([page, ready]) =>
    (["light", "dark"] as const).map((colorScheme) => ({ page, ready, colorScheme })),
  ),
)("axe finds nothing to mend in $page, $colorScheme", slow, async ({ page, ready, colorScheme }) => {
  const { tab } = await site.visit(page, { colorScheme, bypassCSP: true });
  await tab.waitForSelector(ready, { timeout: 100_000 });
  await tab.locator("details").evaluateAll((all) => all.forEach((one) => one.setAttribute("open", "")));
  await tab.evaluate(axe);
  const found = await tab.evaluate(async () => {
    const { violations } = await (globalThis as unknown as { axe: typeof Axe }).axe.run();
    return violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html.slice(0, 120))]);
  });
  expect(found).toEqual([]);
  await tab.close();
});

test.each(Object.entries(pages))(
  "%s is under 300 kB, gzipped, with its engine",
  slow,
  async (page, ready) => {
    const { tab } = await site.visit("about:blank");
    const loaded = new Set<string>();
    tab.on("response", (response) => loaded.add(response.url().slice(site.url.length).replace(/\?.*/, "")));
    await tab.goto(new URL(page, site.url).href);
    await tab.waitForSelector(ready, { timeout: 100_000 });
    const size = pageSizes(site.folder, isOfPeers).find((one) => page.startsWith(one.page))!;
    expect(size.files).toEqual(expect.arrayContaining([...loaded].filter((file) => file !== "icon.svg")));
    console.log(`${size.page}: ${(size.gzipped / 1000).toFixed(0)} kB gzipped, ${size.files.length} files`);
    expect(size.gzipped).toBeLessThan(300_000);
    await tab.close();
  },
);

/** The benchmark's page, run with `only` one operation; what it copies in the end. */
async function benchmark(only: string, peers: string[], prepare?: (tab: Tab) => Promise<void>) {
  const { tab, wrong } = await site.visit(`bench.html?only=${only}&budget=1`);
  await tab.waitForSelector("#run:not([disabled])");
  for (const box of await tab.locator("#groups input").all()) await box.check();
  for (const box of await tab.locator("#peers input").all())
    await box.setChecked(peers.includes(await box.inputValue()));
  await prepare?.(tab);
  await tab.click("#run");
  await tab.getByText(/^Done in \d+ s\.$/).waitFor({ timeout: 200_000 });
  await tab.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await tab.click("#copy");
  await tab.getByText("Copied").waitFor();
  const results = JSON.parse(await tab.evaluate(() => navigator.clipboard.readText())) as Results;
  return { tab, wrong, results };
}

test("the benchmark measures next to its peers, compares and copies", slow, async () => {
  const peers = ["tfjs-webgpu", "jax-js"];
  const { tab, wrong, results } = await benchmark("conv bumps.out fwd", peers);
  const { rows, failed, versions, adapter } = results;
  expect(failed).toEqual([]);
  expect(rows.map(({ engine }) => engine)).toEqual(["hestenes", ...peers]);
  for (const row of rows) expect(row).toMatchObject({ case: "conv bumps.out", op: "fwd" });
  expect(adapter).toMatch(/swiftshader/);
  expect(Object.keys(versions)).toEqual(["hestenes", "@tensorflow/tfjs", "@jax-js/jax"]);
  expect(await tab.locator("#chart svg").getAttribute("aria-label")).toMatch(/1 operation.*tfjs-webgpu/);
  expect(wrong).toEqual([]);
  await tab.close();
});

test("a device that is lost in a benchmark is reported, and the benchmark goes on", slow, async () => {
  const { tab, results } = await benchmark("svd 64x200", [], loseDevice);
  await tab.getByText("The GPU was lost").waitFor();
  expect(results.rows).toMatchObject([{ engine: "hestenes", case: "svd 64x200", op: "fwd" }]);
  expect(results.failed).toEqual([]);
  await tab.close();
});

test(
  "a device that is lost under a picture is reported, and the picture decomposed again",
  slow,
  async () => {
    const { tab } = await site.visit("svd.html");
    await tab.waitForSelector("#gradient[data-drawn]");
    await loseDevice(tab);
    await tab.locator("#rank").fill("3");
    await tab.getByText("The GPU was lost, and found again").waitFor({ timeout: 60_000 });
    const before = await tab.locator("#energy").textContent();
    await tab.locator("#rank").fill("9");
    await expect.poll(() => tab.locator("#energy").textContent()).not.toBe(before);
    await tab.locator("#direction").fill("4");
    await tab.waitForSelector('#gradient[data-drawn="4"]');
    expect(await tab.getByText("That did not work").count()).toBe(0);
    await tab.close();
  },
);

test("the SVD page's numbers are Node's", slow, async () => {
  const [height, width] = [30, 40];
  const png = new PNG({ width, height });
  for (let i = 0; i < width * height; i++)
    png.data.set([(7 * i) % 256, (i * i) % 251, 40 + ((3 * i) % 200), 255], 4 * i);
  const { tab, wrong } = await site.visit("svd.html");
  await tab.waitForSelector("#gradient[data-drawn]");
  const buffer = PNG.sync.write(png);
  await tab.setInputFiles("#choose", { name: "pattern.png", mimeType: "image/png", buffer });
  await tab.getByText(`${height} × ${3 * width}`, { exact: true }).waitFor();
  await tab.locator("summary").click();
  const shown = await tab.locator("#values tr td:nth-child(2)").allTextContents();

  const device = await openDevice();
  const values = Float32Array.from(
    { length: 3 * width * height },
    (_, i) => png.data[4 * Math.floor(i / 3) + (i % 3)]! / 255,
  );
  const factors = svd(tensor(device, values, [height, 3 * width]));
  const expected = await factors.S.read();
  const [U, Vt] = [await factors.U.read(), await factors.Vt.read()];
  device.close();
  expect(shown).toHaveLength(24);
  shown.forEach((text, i) => expect(Math.abs(Number(text) - expected[i]!)).toBeLessThan(1e-5 * expected[0]!));

  await tab.locator("#rank").fill("5");
  const square = (list: Float32Array) => list.reduce((sum, value) => sum + value * value, 0);
  const energy = (100 * square(expected.subarray(0, 5))) / square(expected);
  await expect.poll(() => tab.locator("#energy").textContent()).toBe(`${energy.toFixed(1)} %`);
  const drawn = await tab
    .locator("#low-rank")
    .evaluate((canvas: HTMLCanvasElement) => [
      ...canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data,
    ]);
  const columns = 3 * width;
  const rankFive = (row: number, column: number) =>
    [0, 1, 2, 3, 4].reduce(
      (sum, k) => sum + U[row * height + k]! * expected[k]! * Vt[k * columns + column]!,
      0,
    );
  for (let pixel = 0; pixel < width * height; pixel++)
    for (let c = 0; c < 3; c++) {
      const value = rankFive(Math.floor(pixel / width), 3 * (pixel % width) + c);
      const level = 255 * Math.min(1, Math.max(0, value));
      expect(Math.abs(drawn[4 * pixel + c]! - level)).toBeLessThan(0.51);
    }

  expect(await tab.locator("#gradient").getAttribute("data-drawn")).toBe("2");
  await tab.locator("#direction").fill("1");
  await tab.waitForSelector('#gradient[data-drawn="1"]');
  const words = (await tab.locator("#strongest").textContent())!;
  const [, row, column, colour, slope] = /row (\d+), column (\d+) (\w+): slope (.*)\./.exec(words)!;
  const channel = ["red", "green", "blue"].indexOf(colour!);
  const product = U[(Number(row) - 1) * height]! * Vt[3 * (Number(column) - 1) + channel]!; // d s / d A = u vᵀ
  expect(Math.abs(Number(slope) - product)).toBeLessThan(2e-5);
  const most = (list: number[]) => Math.max(...list.map(Math.abs));
  const largest = most([...U].filter((_, i) => i % height === 0)) * most([...Vt.subarray(0, columns)]);
  expect(Math.abs(Number(slope))).toBeCloseTo(largest, 4);
  expect(wrong).toEqual([]);
  await tab.close();
});

test("a browser without WebGPU is told what to do, on every page", slow, async () => {
  const poor = await launchChromium({ webgpu: false });
  try {
    for (const page of Object.keys(pages)) {
      const tab = await poor.newPage();
      await tab.goto(new URL(page, site.url).href);
      await tab
        .getByText("This page needs WebGPU, and the browser does not offer it")
        .waitFor({ timeout: 30_000 });
      await tab.close();
    }
  } finally {
    await poor.close();
  }
});
