import { gzipSync } from "node:zlib";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDevice } from "../../src/device/device.ts";
import { svd } from "../../src/ops/svd.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { siteConfig } from "../../src/web/build/site.ts";
import { BuiltSite } from "./site.ts";

const slow = { timeout: 120_000 };
let site: BuiltSite;
beforeAll(async () => {
  site = await BuiltSite.open(siteConfig);
}, 120_000);
afterAll(() => site?.close());

/** What says that a page is ready. */
const pages = {
  "index.html?size=16": "#play:not([disabled])",
  "svd.html": "#gradient[data-drawn]",
  "bench.html": "#run:not([disabled])",
};

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

test.each(Object.entries(pages))(
  "%s is under 300 kB, gzipped, with its engine",
  slow,
  async (page, ready) => {
    const { tab } = await site.visit("about:blank");
    const bytes: Promise<number>[] = [];
    tab.on("response", (response) => bytes.push(response.body().then((body) => gzipSync(body).length)));
    await tab.goto(new URL(page, site.url).href);
    await tab.waitForSelector(ready, { timeout: 100_000 });
    const sizes = await Promise.all(bytes);
    expect(sizes.length).toBeGreaterThan(4);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(300_000);
    await tab.close();
  },
);

test("the benchmark measures, compares and copies", slow, async () => {
  const { tab, wrong } = await site.visit("bench.html?only=svd 64x200&budget=1");
  await tab.waitForSelector("#run:not([disabled])");
  await tab.locator("#peers input").first().uncheck();
  await tab.click("#run");
  await tab.getByText(/^Done in/).waitFor({ timeout: 100_000 });
  await tab.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await tab.click("#copy");
  await tab.getByText("Copied").waitFor();
  const { rows } = JSON.parse(await tab.evaluate(() => navigator.clipboard.readText())) as { rows: object[] };
  expect(rows).toMatchObject([{ engine: "hestenes", case: "svd 64x200", op: "fwd" }]);
  expect(wrong).toEqual([]);
  await tab.close();
});

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
  const { S } = svd(tensor(device, values, [height, 3 * width]));
  const expected = await S.read();
  device.close();
  expect(shown).toHaveLength(24);
  shown.forEach((text, i) => expect(Math.abs(Number(text) - expected[i]!)).toBeLessThan(1e-5 * expected[0]!));

  await tab.locator("#rank").fill("5");
  const square = (list: Float32Array) => list.reduce((sum, value) => sum + value * value, 0);
  const energy = (100 * square(expected.subarray(0, 5))) / square(expected);
  await expect.poll(() => tab.locator("#energy").textContent()).toBe(`${energy.toFixed(1)} %`);
  const drawnBefore = await tab.locator("#gradient").getAttribute("data-drawn");
  expect(drawnBefore).toBe("2");
  await tab.locator("#direction").fill("1");
  await tab.waitForSelector('#gradient[data-drawn="1"]');
  expect(wrong).toEqual([]);
  await tab.close();
});

test("a browser without WebGPU is told what to do, on every page", slow, async () => {
  const poor = await BuiltSite.open(siteConfig, { webgpu: false });
  try {
    for (const page of Object.keys(pages)) {
      const { tab } = await poor.visit(page);
      await tab
        .getByText("This page needs WebGPU, and the browser does not offer it")
        .waitFor({ timeout: 30_000 });
      await tab.close();
    }
  } finally {
    await poor.close();
  }
});
