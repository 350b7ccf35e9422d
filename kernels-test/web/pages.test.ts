import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type Axe from "axe-core";
import type { Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Results } from "../../bench/results.ts";
import { isLoadedLater } from "../../src/web/build/site.ts";
import { pageSizes } from "../../src/web/build/sizes.ts";
import { launchChromium } from "../browser/chromium.ts";
import { loseDevice, openPages, pages, slow, untilReady } from "./site.ts";

const site = await openPages({ robust: false });

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

describe.each(Object.entries(pages))("%s", (page, ready) => {
  let tab: Tab;
  let wrong: string[];
  const loaded = new Set<string>();
  beforeAll(async () => {
    ({ tab, wrong } = await site.visit("about:blank"));
    await tab.addInitScript({ content: axe });
    tab.on("response", (response) => loaded.add(response.url().slice(site.url.length).replace(/\?.*/, "")));
    await tab.goto(new URL(page, site.url).href);
    await untilReady(tab, ready, wrong);
  }, slow.timeout);
  afterAll(() => tab?.close());

  test("loads without errors, and asks nobody else for anything", () => {
    expect(wrong).toEqual([]);
  });

  test("is under 310 kB, gzipped, with its engine", () => {
    const size = pageSizes(site.folder, isLoadedLater).find((one) => page.startsWith(one.page))!;
    expect(size.files).toEqual(expect.arrayContaining([...loaded].filter((file) => file !== "icon.svg")));
    console.log(`${size.page}: ${(size.gzipped / 1000).toFixed(0)} kB gzipped, ${size.files.length} files`);
    expect(size.gzipped).toBeLessThan(310_000);
  });

  test(
    "has a name for everything that can be reached by key, and fits a phone, in large letters too",
    slow,
    async () => {
      const nameless = await tab.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>("a, button, input, select, canvas, [tabindex]")]
          .filter((element) => {
            const labels = "labels" in element ? [...(element.labels as NodeListOf<HTMLElement>)] : [];
            const texts = [
              element.ariaLabel,
              element.textContent,
              ...labels.map((label) => label.textContent),
            ];
            return element.offsetParent !== null && texts.every((text) => !text?.trim());
          })
          .map((element) => element.outerHTML.slice(0, 120)),
      );
      expect(nameless).toEqual([]);
      expect(await tab.locator("h1").count()).toBe(1);
      for (const [width, letters] of [
        [360, "100%"],
        [360, "200%"],
        [768, "200%"],
      ] as const) {
        await tab.setViewportSize({ width, height: 740 });
        await tab.evaluate((size) => (document.documentElement.style.fontSize = size), letters);
        await tab.waitForTimeout(300);
        expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        expect(
          await tab
            .locator("main p")
            .first()
            .evaluate((text) => parseFloat(getComputedStyle(text).fontSize)),
        ).toBeGreaterThan(letters === "200%" ? 30 : 15);
      }
      await tab.setViewportSize({ width: 1280, height: 720 });
      await tab.evaluate(() => (document.documentElement.style.fontSize = ""));
    },
  );

  test.each(["light", "dark"] as const)("axe finds nothing to mend, %s", slow, async (colorScheme) => {
    await tab.emulateMedia({ colorScheme });
    await tab.locator("details").evaluateAll((all) => all.forEach((one) => one.setAttribute("open", "")));
    const found = await tab.evaluate(async () => {
      const { violations } = await (globalThis as unknown as { axe: typeof Axe }).axe.run();
      return violations.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html.slice(0, 120))]);
    });
    expect(found).toEqual([]);
  });
});

/** The benchmark's page, run with `only` one operation; what it copies in the end. */
async function benchmark(only: string, peers: string[], prepare?: (tab: Tab) => Promise<void>) {
  const { tab, wrong } = await site.visit(`bench.html?only=${only}&budget=1`);
  await tab.waitForSelector("#run:not([disabled])");
  for (const box of await tab.locator("#groups input").all()) await box.check();
  for (const box of await tab.locator("#peers input").all())
    await box.setChecked(peers.includes(await box.inputValue()));
  await prepare?.(tab);
  await tab.click("#run");
  await tab.getByText(/^Done after \d+ s\.$/).waitFor({ timeout: 200_000 });
  await tab.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const said = tab.locator("#copy").evaluate((copy) => {
    return new Promise<string>((resolve) => {
      new MutationObserver(() => resolve(copy.textContent)).observe(copy, { childList: true }); // it is soon taken back
    });
  });
  await tab.click("#copy");
  expect(await said).toBe("Copied");
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
  expect(await tab.locator("#chart svg").getAttribute("aria-label")).toMatch(/1 operation.*TensorFlow\.js/);
  expect(wrong).toEqual([]);
  await tab.close();
});

test("a device that is lost in a benchmark is reported, and the benchmark goes on", slow, async () => {
  const { tab, results } = await benchmark("svd 64x200", [], loseDevice);
  await tab.getByText("The GPU was lost").waitFor();
  expect(results.rows).toMatchObject([{ engine: "hestenes", case: "svd 64x200", op: "fwd" }]);
  expect(results.failed).toEqual([]);

  await loseDevice(tab, 2);
  await tab.click("#run");
  await tab.getByText("hestenes: its GPU was lost twice (svd 64x200 fwd)").waitFor();
  await tab.close();
});

test(
  "a benchmark says what to tick, and stops after the operation at hand, whose times stay",
  slow,
  async () => {
    const { tab, wrong } = await site.visit("bench.html?only=svd&budget=1");
    await tab.waitForSelector("#run:not([disabled])");
    for (const box of await tab.locator(":is(#groups, #peers) input").all()) await box.uncheck();
    await tab.click("#run");
    await tab.getByText("Tick the operations to measure first.").waitFor();
    await tab.getByLabel("Singular value decompositions").check();
    await tab.click("#run");
    await tab.getByRole("button", { name: "Stop" }).click();
    expect(await tab.locator("fieldset:not([disabled])").count()).toBe(0);
    await tab
      .locator("#progress")
      .getByText(/^Stopped after \d+ s\.$/)
      .waitFor();
    expect(await tab.locator("#rows tr").count()).toBe(1);
    await tab.waitForSelector("#copy:not([disabled])");
    await tab.getByRole("button", { name: "Run" }).waitFor();
    expect(wrong).toEqual([]);
    await tab.close();
  },
);

test(
  "a browser without WebGPU is told what to do, and shown what there is, on every page",
  slow,
  async () => {
    const poor = await launchChromium({ webgpu: false });
    try {
      for (const page of Object.keys(pages)) {
        const tab = await poor.newPage();
        await tab.goto(new URL(page, site.url).href);
        if (page === "svd.html") {
          await tab.getByText("the processor decomposes the picture").waitFor();
          await tab.waitForSelector("#gradient[data-drawn]");
          await tab.locator("#rank").fill("5");
          await tab.waitForSelector('#low-rank[data-drawn="5"]');
        } else {
          await tab.getByText("This page needs WebGPU, and the browser does not offer it").waitFor();
          const words = page === "bench.html" ? "These times were measured on" : "This run was recorded";
          await tab.getByText(words).waitFor();
          const useless = tab
            .locator("#play, #step, button#run, #copy, select, fieldset")
            .locator("visible=true");
          expect(await useless.allTextContents()).toEqual([]);
        }
        if (page.startsWith("index")) {
          await tab.locator("#replay").fill("12");
          await tab.getByText("At step 100 the VRRAE misses").waitFor();
          await tab.getByText(/rise and fall together/).waitFor(); // the dots of the VAE
          expect(await tab.locator(".scatter").count()).toBe(2);
        }
        await tab.close();
      }
    } finally {
      await poor.close();
    }
  },
);
