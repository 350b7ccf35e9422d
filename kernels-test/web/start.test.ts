import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openPages, pages, patient, slow, untilReady } from "./site.ts";
import { address, asked, downloaded, openStudio, shareStudio, trainTo, waitPast } from "./studio.ts";

const site = await openPages({ robust: false });

/** A run of the model with the fewest kernels to compile that has k and β. */
const light = `${address}&model=vae&with=`;

test(
  "on a phone, training starts from the first screen, and the page goes to where it is seen",
  slow,
  async () => {
    const { tab, wrong } = await openStudio(site, light.replace("steps=10", "steps=100000"));
    await tab.setViewportSize({ width: 390, height: 844 });
    await tab.reload();
    await untilReady(tab, "#play:not([disabled])", wrong);
    const begin = tab.getByRole("button", { name: "Start training" });
    const { y, height } = (await begin.boundingBox())!;
    expect(y + height).toBeLessThan(844);
    const rank = tab.locator("#rank");
    const losses = tab.getByRole("heading", { name: "Loss" });
    expect([await rank.isVisible(), await losses.isVisible()]).toEqual([false, false]);
    await begin.click();
    await waitPast(tab, 1);
    expect(await losses.isVisible()).toBe(true); // once there is something in it
    const pause = tab.getByRole("button", { name: "Pause" });
    await expect.poll(async () => (await pause.boundingBox())!.y, patient).toBeLessThan(300);
    expect(await pause.evaluate((button) => button === document.activeElement)).toBe(true);
    const redrawn = (await tab.locator(".lane .rows").first().boundingBox())!;
    expect(redrawn.y + redrawn.height).toBeLessThan(844); // beside the button
    await tab.getByText("Choose pictures, models, k and β").click();
    await rank.fill("3");
    await tab.setViewportSize({ width: 1280, height: 844 });
    await tab.setViewportSize({ width: 390, height: 844 });
    expect(await rank.isVisible()).toBe(true); // stays open
    await tab.getByRole("button", { name: "See it train" }).click(); // does not stop it
    expect(await asked(tab, "pause")).toEqual([]);
    await pause.click();
    await begin.waitFor();
    expect(wrong).toEqual([]);
    await tab.close();
  },
);

test("a page whose worker does not load says so, and not that WebGPU is missing", slow, async () => {
  for (const page of Object.keys(pages)) {
    const { tab } = await site.visit("about:blank");
    await tab.addInitScript(() => {
      globalThis.Worker = class extends Worker {
        constructor(url: string | URL, options?: WorkerOptions) {
          super(`${url}.gone`, options);
        }
      };
    });
    await tab.goto(new URL(page, site.url).href);
    await tab.locator("#notices").getByText("computes did not load). Reload it.").waitFor();
    expect(await tab.locator("#device").textContent()).toBe("not opened");
    await tab.close();
  }
});

describe("a run that the address asks for, in vain in part", () => {
  const studio = shareStudio(site, `${light}&beta=0.00234&rank=99`);

  test(
    "what goes wrong far down a page is said in sight, whatever its name, and can be closed",
    slow,
    async () => {
      const { tab, wrong } = studio;
      const earlier = tab.getByText("rank=99 became 8");
      for (const [width, name] of [
        [1280, "short"],
        [360, "x".repeat(120)],
      ] as const) {
        await tab.setViewportSize({ width, height: 740 });
        await tab.evaluate(() => scrollTo({ top: document.body.scrollHeight, behavior: "instant" }));
        expect((await earlier.boundingBox())!.y).toBeLessThan(0);
        const file = { name: `${name}.safetensors`, mimeType: "", buffer: Buffer.from("no model") };
        await tab.setInputFiles("#load", file);
        const box = tab.locator('[data-key="error"]').filter({ hasText: name });
        await box.waitFor();
        const { y, height } = (await box.boundingBox())!;
        const under = (await tab.locator("header").boundingBox())!.height;
        expect(y).toBeGreaterThanOrEqual(under);
        expect(y + height).toBeLessThanOrEqual(740);
        const actions = (await tab.locator(".actions").boundingBox())!;
        expect(actions.y + actions.height).toBeLessThan(y); // what trains can be paused beside it
        expect(await earlier.isVisible()).toBe(false);
        expect(await tab.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        await box.getByRole("button", { name: "Close" }).click();
        expect(await box.count()).toBe(0);
        expect(await earlier.isVisible()).toBe(true);
      }
      await tab.setViewportSize({ width: 1280, height: 740 });
      expect(wrong).toEqual([]);
    },
  );

  test("the address's β is taken to its last digit until the slider is moved", slow, async () => {
    const { tab, wrong } = studio;
    const betas = () => asked(tab, "setUp").then((calls) => calls.map(([{ beta }]) => beta));
    expect(await betas()).toEqual([0.00234]);
    const refused = tab.getByText(/^rank=99 became 8/);
    expect(await refused.count()).toBe(1);
    await tab.click("#reset");
    await refused.waitFor({ state: "detached" }); // it spoke of the first run
    await tab.locator("#beta").focus();
    await tab.keyboard.press("ArrowRight");
    expect((await asked(tab, "setBeta")).map(([beta]) => beta)).toEqual([0.00316]);
    await tab.click("#reset");
    await expect.poll(betas, patient).toEqual([0.00234, 0.00234, 0.00316]);
    expect(wrong).toEqual([]);
  });
});

describe("a run that stands still", () => {
  const studio = shareStudio(site, `${address}&with=`);

  test("the worker is told whether the page is seen", slow, async () => {
    const { tab, wrong } = studio;
    for (const isHidden of [true, false])
      await tab.evaluate((isHidden) => {
        Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, isHidden);
    expect(await asked(tab, "watch")).toEqual([[true], [false], [true]]);
    expect(wrong).toEqual([]);
  });

  test(
    "a model that does not load in place of a choice that waited leaves no trace of it in the form",
    slow,
    async () => {
      const { tab, wrong } = studio;
      await tab.evaluate(() => {
        const change = (id: string, change: (field: HTMLInputElement) => void) => {
          const field = document.getElementById(id) as HTMLInputElement;
          change(field);
          field.dispatchEvent(new Event("change"));
        };
        change("seed", (field) => (field.value = "1"));
        change("model-0", (field) => (field.value = "ae"));
        const given = new DataTransfer();
        given.items.add(new File(["no model"], "bad.safetensors"));
        change("load", (field) => (field.files = given.files));
      });
      await tab.locator("#notices").getByText("bad.safetensors").waitFor();
      expect((await asked(tab, "setUp")).map(([{ seed, models }]) => [seed, ...models])).toEqual([
        [500, "vrrae"],
        [1, "vrrae"],
      ]);
      expect(await tab.locator("#model-0").inputValue()).toBe("vrrae"); // which is what is there
      expect(wrong).toEqual([]);
    },
  );

  test("k is again what it was once there are enough pictures for it", slow, async () => {
    const { tab, wrong } = studio;
    const rank = () => tab.locator("#rank-value").textContent();
    await tab.selectOption("#data", "files");
    const one = Buffer.from([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4]);
    await tab.setInputFiles("#choose-files", { name: "one", mimeType: "", buffer: one });
    await expect.poll(rank, patient).toBe("1");
    await tab.selectOption("#data", "bumps");
    await expect.poll(rank, patient).toBe("2");
    expect(wrong).toEqual([]);
  });

  test(
    "a seed that cannot be had is replaced in sight, and one that is no number refused",
    slow,
    async () => {
      const { tab, wrong } = studio;
      const said = tab.locator("#notices > [data-key=seed] > p");
      for (const [typed, taken, words] of [
        ["-5", 0, "seed=-5 became 0: it goes from 0 to 4294967295."],
        ["1.5", 2, "seed=1.5 became 2: it is a whole number."],
        ["99999999999", 4294967295, "seed=99999999999 became 4294967295: it goes from 0 to 4294967295."],
        ["", 4294967295, "The run keeps seed 4294967295: the field held no number."],
        ["7", 7, undefined],
      ] as const) {
        await tab.fill("#seed", typed);
        await tab.keyboard.press("Enter");
        expect(await tab.locator("#seed").inputValue()).toBe(String(taken));
        expect(await said.allTextContents()).toEqual(words === undefined ? [] : [words]);
        await expect.poll(async () => (await asked(tab, "setUp")).at(-1)![0].seed, patient).toBe(taken);
        await tab.getByText("100 pictures of 16 × 16").waitFor();
      }
      expect(wrong).toEqual([]);
    },
  );
});

test("who leaves is asked only where more than 50 steps are not saved", slow, async () => {
  const { tab, wrong } = await openStudio(site, "?model=ae&with=&size=8&batch=2&steps=51&logEvery=1");
  /** By step, whether the page would have been left only after a question, as the browser asks the page. */
  const asks = await tab.evaluateHandle(() => {
    const asks = new Map<string, boolean>();
    const progress = document.querySelector("#progress")!;
    const ask = () => {
      const isAsked = !dispatchEvent(new Event("beforeunload", { cancelable: true }));
      asks.set(progress.querySelector("b")?.textContent ?? "", isAsked);
    };
    new MutationObserver(ask).observe(progress, { childList: true });
    return asks;
  });
  const asked = (step: number) => asks.evaluate((asks, step) => asks.get(`step ${step}`), step);
  await trainTo(tab, 51);
  expect([await asked(50), await asked(51)]).toEqual([false, true]);
  const saved = await downloaded(tab, () => tab.getByRole("button", { name: /Save AE/ }).click());
  const leave = () => tab.evaluate(() => !dispatchEvent(new Event("beforeunload", { cancelable: true })));
  await expect.poll(leave, patient).toBe(false);
  expect(wrong).toEqual([]);
  writeFileSync(join(site.folder, "kept.safetensors"), saved);
  await tab.close();
});

test(
  "an address may give the file of a model; where that cannot be had, the page says why and goes on without",
  slow,
  async () => {
    const { tab, wrong } = await openStudio(site, "?model=./kept.safetensors&with=&size=8");
    await tab.getByText("kept.safetensors holds the model AE. Its latent space is below").waitFor();
    expect(wrong).toEqual([]);
    for (const [address, words] of [
      ["./nothing.safetensors", /nothing\.safetensors is not a model that this page can read/],
      [
        "http://127.0.0.1:9/m.safetensors",
        /nothing answers there, or its server does not let pages of other sites/,
      ],
      ["file:///etc/m.safetensors", /is no address that a page can load a model from/],
    ] as const) {
      await tab.goto(new URL(`?size=8&with=&model=${encodeURIComponent(address)}`, site.url).href);
      await tab.locator("#notices [data-key=address]").filter({ hasText: words }).waitFor();
      await untilReady(tab, "#play:not([disabled])", wrong);
    }
    await tab.close();
  },
);

test(
  "what to look at is said of the run that the page opens with; it goes step by step, back, and into the address",
  slow,
  async () => {
    const { tab, wrong } = await openStudio(site, "");
    const words = tab.getByText("the VAE’s dots come to lie on a line");
    expect((await asked(tab, "setUp")).at(-1)![0]).toMatchObject({ seed: 500, batch: 8, data: { size: 16 } });
    await words.waitFor();

    await tab.click("#step");
    await tab.getByText("step 1", { exact: true }).waitFor();
    await tab.waitForSelector("#step:not([disabled])"); // it took one
    const replay = tab.locator("#replay");
    const flow = () => tab.locator(".flow.lane-1").innerHTML();
    const after = await flow();
    await replay.fill("0");
    expect(await tab.locator("#replay-value").textContent()).toBe("step 0");
    expect(await flow()).not.toEqual(after);
    expect(await tab.locator("#decoded").isVisible()).toBe(false); // the models draw as they are now
    await replay.fill("1");
    expect(await flow()).toEqual(after);

    const planes = tab.locator(".scatter");
    expect(await planes.count()).toBe(2);
    await planes.nth(1).hover({ position: { x: 20, y: 20 } });
    await tab.getByText("VAE draws this place").waitFor();
    await tab.getByText("VRRAE redraws it").waitFor();
    const drawn = () =>
      asked(tab, "decode").then((calls) =>
        calls
          .slice(-2)
          .map(([lane]) => lane)
          .sort(),
      );
    await expect.poll(drawn, patient).toEqual([0, 1]); // the same picture
    await tab.getByText("A dot's colour is where in its picture the spot is").waitFor();
    await tab.getByText(/strongest patterns hold [\d.]+ %/).waitFor();

    await tab.fill("#seed", "7");
    await tab.keyboard.press("Enter");
    await words.waitFor({ state: "hidden" });
    await expect.poll(() => new URL(tab.url()).search, patient).toBe("?seed=7");
    await tab.locator("#beta").focus();
    await tab.keyboard.press("End");
    await expect.poll(() => new URL(tab.url()).search, patient).toBe("?beta=1&seed=7");
    expect(wrong).toEqual([]);
    await tab.close();
  },
);
