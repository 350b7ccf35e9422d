import { readFileSync } from "node:fs";
import type { Page as Tab } from "playwright-core";
import { describe, expect, test } from "vitest";
import type { Autoencoder } from "../../src/models/autoencoder.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { encodeSafetensors, parseSafetensors } from "../../src/data/safetensors.ts";
import { readModel } from "../../src/train/state.ts";
import { models } from "../../src/web/train/models.ts";
import {
  apart,
  batch,
  modelInNode,
  nodeDevice,
  previewInNode,
  seed,
  size,
  trainInNode,
} from "./reference.ts";
import { loseDevice, openPages, patient, slow } from "./site.ts";
import {
  address,
  asked,
  downloaded,
  drop,
  events,
  historyOf,
  lastDecoded,
  lastLook,
  openStudio,
  pixels,
  refused,
  shareStudio,
  stepOf,
  steps,
  trainTo,
  waitPast,
} from "./studio.ts";

const [site, quick, device] = await Promise.all([openPages(), openPages({ robust: false }), nodeDevice()]);

const endless = `?size=${size}&batch=${batch}&seed=${seed}&logEvery=1`;

/** What `model` makes of the pictures that the page reconstructs. */
async function reconstructed(model: Autoencoder): Promise<Float32Array> {
  using x = tensor(model.device, previewInNode(), [8, size, size, 1]);
  using xHat = model.reconstruct(x);
  return xHat.read();
}

describe("a run of ten steps", () => {
  const studio = shareStudio(site, `${address}&model=vrrae&with=vae`);

  test.each([
    ["vrrae", "vae"],
    ["rrae", "ae"],
  ] as const)(
    "ten steps of %s and %s redraw; losses, weights and pictures are Node's",
    slow,
    async (...names) => {
      const { tab, wrong } = studio;
      for (const [lane, name] of names.entries()) {
        const field = tab.locator(`#model-${lane}`);
        if ((await field.inputValue()) !== name) await field.selectOption(name);
      }
      await tab.getByRole("button", { name: `Save ${models[names[1]].name}` }).waitFor(); // the run with both is shown
      const before = await pixels(tab, ".lane .rows canvas", 1);
      await trainTo(tab, steps);
      expect(await pixels(tab, ".lane .rows canvas", 1)).not.toEqual(before);

      const history = await historyOf(tab);
      for (const [lane, name] of names.entries()) {
        const node = await trainInNode(device, name, steps);
        const seen = new Map(
          history.filter(({ model }) => model === name).map(({ step, loss }) => [step, loss]),
        );
        expect([...seen.keys()]).toEqual(node.losses.map((_, i) => i + 1));
        node.losses.forEach((loss, i) => expect(Math.abs(seen.get(i + 1)! / loss - 1)).toBeLessThan(1e-4));

        const bytes = await downloaded(tab, () =>
          tab.locator(".lane").nth(lane).getByRole("button", { name: /Save/ }).click(),
        );
        const { tensors } = parseSafetensors(bytes, "model.safetensors");
        const own = await readModel(node.model);
        expect([...tensors.keys()].sort()).toEqual([...own.keys()].sort());
        for (const [key, { shape, data }] of own) {
          const stored = tensors.get(key)!;
          expect(stored.shape).toEqual(shape);
          if (key !== "basis")
            expect(apart(data as Float32Array, stored.data as Float32Array), key).toBeLessThan(2e-3);
        }
        const { pictures } = (await lastLook(tab)).looks[lane]!;
        expect(apart(pictures, await reconstructed(modelInNode(device, name, bytes)))).toBeLessThan(1e-4);
      }
      expect(await tab.locator("#loss svg").getAttribute("aria-label")).toMatch(
        /^Loss over the steps, now .* and /,
      );
      expect(await tab.locator("#beta").isDisabled()).toBe(names[0] === "rrae"); // neither has noise
      expect(wrong).toEqual([]);
    },
  );

  test("a model from Node loads, redraws as it did, and saves to the same weights", slow, async () => {
    const { model } = await trainInNode(device, "vrrae", 3);
    const file = encodeSafetensors(await readModel(model));
    const { tab, wrong } = studio;
    await tab.locator("#progress").evaluate((progress) => {
      const said: string[] = [];
      Object.assign(globalThis, { said });
      new MutationObserver(() => said.push(progress.textContent)).observe(progress, { childList: true });
    });
    await tab.setInputFiles("#load", { name: "model.safetensors", mimeType: "", buffer: Buffer.from(file) });
    await tab.getByText("model.safetensors holds the model VRRAE").waitFor();
    const said = await tab.evaluate(() => (globalThis as unknown as { said: string[] }).said);
    expect(said).toEqual(["Loading model.safetensors …", expect.stringMatching(/^Ready/)]);
    expect(apart((await lastLook(tab)).looks[0]!.pictures, await reconstructed(model))).toBeLessThan(1e-4);

    const saved = await downloaded(tab, () => tab.getByRole("button", { name: /Save VRRAE/ }).click());
    const [given, back] = [file, saved].map((bytes) => parseSafetensors(bytes, "model.safetensors").tensors);
    expect([...back!.keys()]).toEqual([...given!.keys()]);
    for (const [name, { data }] of given!) {
      expect(back!.get(name)!.data, name).toEqual(data);
    }
    await trainTo(tab, steps); // and it can be trained further
    expect(wrong).toEqual([]);
  });
});

test(
  "a mask is drawn as it closes, with a chart for each phase, and codes as long as is asked",
  slow,
  async () => {
    const { tab, wrong } = await openStudio(
      quick,
      `${endless}&steps=3&model=mask-aae&with=wae-mmd&latent=16`,
    );
    expect(await tab.locator("#presets [aria-current]").textContent()).toBe("A mask closes");
    const isShown = (id: string) => tab.locator(id).isVisible();
    expect([await isShown("#watch-mask"), await isShown("#watch-stuck")]).toEqual([true, false]);
    expect([await isShown("#rank-field"), await isShown("#latent-field")]).toEqual([false, true]);
    expect(await tab.locator("#beta").isDisabled()).toBe(true);
    const first = (await lastLook(tab)).looks[0]!.mask!;
    await trainTo(tab, 3);
    const { looks } = await lastLook(tab);
    const [{ mask, active }, other] = looks as [(typeof looks)[0], (typeof looks)[0]];
    expect([mask!.length, other.mask, other.codeSize]).toEqual([16, undefined, 16]);
    expect(mask).not.toEqual(first);
    const bars = tab.locator(".lane-0 .mask i");
    const styled = await bars.evaluateAll((all) =>
      all.map((bar) =>
        ["--first", "--alpha"].map((name) => Number((bar as HTMLElement).style.getPropertyValue(name))),
      ),
    );
    expect(styled).toEqual(mask!.map((alpha, i) => [Number(first[i]!.toFixed(3)), Number(alpha.toFixed(3))]));
    expect(active).toBe(mask!.filter((alpha) => alpha >= 0.1).length);
    await tab.getByText(`What its mask lets through: ${active} of 16 numbers`).waitFor();
    expect(await tab.locator(".lane-1 .mask").isVisible()).toBe(false);
    const charts = tab.locator("#loss-lines figure");
    const titles = await charts.evaluateAll((all) => all.map((figure) => figure.getAttribute("title")));
    const phases = ["ae", "critic", "generator", "mask"].map((phase) => `MaskAAE · ${phase}`);
    expect(titles).toEqual([...phases, "WAE-MMD"]);
    const drawn = await charts.locator("svg").evaluateAll((all) => all.map((svg) => svg.ariaLabel));
    titles.forEach((title, i) => expect(drawn[i]).toMatch(`${title}: loss over the steps, now `));
    expect(await isShown("#loss")).toBe(false); // one axis would not do
    await tab.locator("#latent-length").fill("4");
    await expect.poll(() => bars.count(), patient).toBe(4);
    expect((await asked(tab, "setUp")).at(-1)![0]).toMatchObject({
      latent: 4,
      models: ["mask-aae", "wae-mmd"],
    });
    expect(wrong).toEqual([]);
    await tab.close();
  },
);

test(
  "a model in stages goes on at the press of a button, shows the codes of either, and opens as it was saved",
  slow,
  async () => {
    const { tab, wrong } = await openStudio(quick, `${endless}&model=two-stage&with=&latent=3`);
    const card = tab.locator(".lane-0");
    await tab.click("#play");
    await waitPast(tab, 2);
    expect(await card.locator(".stages p").textContent()).toBe("Stage 1 of 2 · first");
    const next = tab.getByRole("button", { name: "Go on to the next stage" });
    await next.click();
    await tab.getByText("Stage 2 of 2 · second").waitFor();
    expect(await next.isVisible()).toBe(false);
    await waitPast(tab, (await stepOf(tab)) + 2);
    await tab.click("#play");
    const titles = tab.locator("#loss-lines figcaption");
    await expect
      .poll(() => titles.allTextContents(), patient)
      .toEqual([
        expect.stringMatching(/^Two-stage VAE · stage 1 /),
        expect.stringMatching(/^Two-stage VAE · stage 2 /),
      ]);
    const decodes = () => asked(tab, "decode").then((calls) => calls.at(-1)![2]);
    expect(await decodes()).toBe(0);
    await tab.getByRole("button", { name: "Codes of codes" }).click();
    await expect.poll(decodes, patient).toBe(1);
    await tab.getByRole("button", { name: "New from the cloud" }).click();
    await expect.poll(() => tab.locator("#strip").isVisible(), patient).toBe(true);
    const lastDraw = () => asked(tab, "sample").then((calls) => calls.at(-1)![1]);
    expect(await lastDraw()).toMatchObject({ from: "prior", seed: 1, stage: 1 });
    const second = tab.getByRole("button", { name: "New from the second stage" });
    expect(await second.isVisible()).toBe(false); // its codes are of the first
    await tab.getByRole("button", { name: "Codes", exact: true }).click();
    await expect.poll(decodes, patient).toBe(0);
    await second.click();
    const own = { from: "second-stage", seed: 2, stage: 0 };
    await tab.getByText("codes that the second stage makes").waitFor();
    await expect.poll(async () => (await lastDecoded(tab)).codes.length, patient).toBe(30); // ten of three numbers
    const drawn = await lastDecoded(tab);
    await tab.getByRole("button", { name: "renormalised" }).click();
    await tab.getByText("all are multiplied so that they vary").waitFor();
    await expect.poll(async () => (await lastDecoded(tab)).pictures, patient).not.toEqual(drawn.pictures);
    expect(await lastDraw()).toMatchObject({ ...own, isRenormalised: true });
    const factors = (await lastDecoded(tab)).codes.map((value, i) => value / drawn.codes[i]!);
    expect(Math.max(...factors) / Math.min(...factors)).toBeCloseTo(1, 4); // the same codes

    const [file] = await Promise.all([
      tab.waitForEvent("download"),
      tab.getByRole("button", { name: /^Save/ }).click(),
    ]);
    expect(file.suggestedFilename()).toBe("two-stage-seed-500.safetensors");
    const bytes = new Uint8Array(readFileSync(await file.path()));
    const pictures = (await lastLook(tab)).looks[0]!.pictures;
    await tab.fill("#latent-length", "5");
    await expect.poll(() => stepOf(tab), patient).toBe(0);
    await drop(tab, [{ name: "mine.safetensors", bytes }]);
    await tab.getByText("mine.safetensors holds the model Two-stage VAE").waitFor();
    expect((await lastLook(tab)).looks[0]!.pictures).toEqual(pictures);
    expect(await tab.locator("#latent-length").inputValue()).toBe("3");
    expect(wrong).toEqual([]);
    await tab.close();
  },
);

describe("a run that the address asks for, in vain in part", () => {
  const studio = shareStudio(quick, `${address}&with=&beta=0&rank=99&model=gan`);

  test(
    "a run has the settings of when it was asked for; what the address asks in vain is told",
    slow,
    async () => {
      const { tab, wrong } = studio;
      await tab.getByText(/^model=gan is none of .*; rank=99 became 8: it goes from 1 to 8\.$/).waitFor();
      expect(await tab.locator("#beta-value").textContent()).toBe("0");
      await tab.locator("#seed").evaluate((field: HTMLInputElement) => {
        for (const [seed, isAsked] of [
          [1, true],
          [2, true],
          [3, true],
          [4, false],
        ] as const) {
          field.value = String(seed);
          if (isAsked) field.dispatchEvent(new Event("change"));
        }
      });
      const setUps = () => asked(tab, "setUp").then((calls) => calls.map(([{ seed }]) => seed));
      await expect.poll(setUps, patient).toEqual([500, 1, 3]);
      await expect.poll(() => tab.locator("#seed").inputValue(), patient).toBe("3");
      expect(await tab.locator("#progress").textContent()).toMatch(/^Ready/);
      expect(wrong).toEqual([]);
    },
  );

  test(
    "a file that is no model is refused in words, in a region that was there before them",
    slow,
    async () => {
      const { tab, wrong } = studio;
      const display = await tab.locator("#notices").evaluate((notices) => {
        notices.replaceChildren();
        return getComputedStyle(notices).display;
      });
      expect(display).toBe("grid"); // or what comes would not be read out
      const foreign = encodeSafetensors(
        new Map([["x", { dtype: "F32", shape: [1], data: new Float32Array(1) }]]),
      );
      const clock = encodeSafetensors(
        new Map([["clock", { dtype: "U32", shape: [1], data: new Uint32Array(1) }]]),
      );
      const gap = Uint8Array.from(foreign).fill(0x39, foreign.indexOf(0x34, 9), foreign.indexOf(0x34, 9) + 1); // 4 → 9
      for (const [name, bytes, words] of [
        ["other.safetensors", foreign, /other\.safetensors is not a model.*encoder\.conv1\.weight/],
        ["optimizer.safetensors", clock, /optimizer\.safetensors is not a model.*clock is of type U32/],
        ["gap.safetensors", gap, /gap\.safetensors is not a model.*offsets 0 to 9/],
        ["cut.safetensors", foreign.subarray(0, 20), /cut\.safetensors is .*cut or damaged/],
        ["picture.png", new Uint8Array(64).fill(137), /picture\.png is not a model/],
      ] as const) {
        await tab.setInputFiles("#load", { name, mimeType: "", buffer: Buffer.from(bytes) });
        await refused(tab, words);
      }
      expect(wrong).toEqual([]);
    },
  );
});

describe("a run without an end", () => {
  const studio = shareStudio(quick, endless);
  /** Presses start, unless it trains already. */
  const keepTraining = async (tab: Tab) => {
    if ((await tab.locator("#play").textContent()) === "Start") await tab.click("#play");
  };

  test("rank and β act on the run at hand, by keys, while it goes on", slow, async () => {
    const { tab, wrong } = studio;
    await tab.locator("#play").focus();
    await tab.keyboard.press("Enter");
    await waitPast(tab, 3);
    await tab.locator("#beta").focus();
    await tab.keyboard.press("End");
    expect(await tab.locator("#beta-value").textContent()).toBe("1");
    await waitPast(tab, (await stepOf(tab)) + 2);
    await tab.locator("#rank").focus();
    await tab.keyboard.press("ArrowRight");
    expect(await tab.locator("#rank-value").textContent()).toBe("3");
    await tab.getByText("of 3", { exact: true }).nth(1).waitFor();
    await waitPast(tab, (await stepOf(tab)) + 2);
    expect((await lastLook(tab)).looks.map(({ codeSize }) => codeSize)).toEqual([3, 3]);
    await tab.getByText("SVD keeps 3").waitFor(); // and so does the drawing
    expect(await tab.locator(".flow.lane-0 .svd .kept").count()).toBe(3);
    expect(await tab.locator(".flow.lane-1 .svd").isVisible()).toBe(false);
    await tab.locator("#play").focus();
    await tab.keyboard.press("Enter");
    await expect.poll(() => tab.locator("#play").textContent(), patient).toBe("Start");

    const history = await historyOf(tab);
    for (const name of ["vrrae", "vae"]) {
      const own = history.filter(({ model }) => model === name);
      own.forEach(({ step }, i) => expect(step).toBeGreaterThan(own[i - 1]?.step ?? 0)); // it never started over
      const jumps = own.slice(1).map(({ parts }, i) => parts.betaKl / own[i]!.parts.betaKl);
      expect(Math.max(...jumps)).toBeGreaterThan(100); // β went from 0.001 to 1
    }
    const states = (await events(tab)).filter(({ kind }) => kind === "state");
    expect(states.map((state) => "playing" in state && state.playing)).toEqual([true, false]);

    await tab.click("#play"); // and what begins anew goes on training
    for (const [act, seed] of [
      [() => tab.click("#reset"), 500],
      [() => tab.fill("#seed", "7").then(() => tab.keyboard.press("Enter")), 7],
    ] as const) {
      const before = await stepOf(tab);
      await waitPast(tab, before + 2);
      await act();
      await expect.poll(() => stepOf(tab), patient).toBeLessThan(before);
      await waitPast(tab, 3);
      expect((await asked(tab, "setUp")).at(-1)![0]).toMatchObject({ seed, rank: 3, beta: 1 });
      expect(await tab.locator("#play").textContent()).toBe("Pause");
    }
    expect(wrong).toEqual([]);
  });

  test("the page answers within 50 ms of its own work while two models train", slow, async () => {
    const { tab, wrong } = studio;
    await keepTraining(tab);
    await waitPast(tab, (await stepOf(tab)) + 2);
    const browser = tab.context().browser()!;
    await browser.startTracing(tab, { categories: ["toplevel"] });
    const frames = await tab.evaluate(
      () =>
        new Promise<number>((resolve) => {
          let frames = 0;
          const end = performance.now() + 4000;
          const count = () =>
            performance.now() > end ? resolve(frames) : (frames++, requestAnimationFrame(count));
          requestAnimationFrame(count);
        }),
    );
    const { traceEvents } = JSON.parse((await browser.stopTracing()).toString()) as {
      traceEvents: TraceEvent[];
    };
    const threads = new Set(
      traceEvents
        .filter(({ args }) => args?.name === "CrRendererMain")
        .map(({ pid, tid }) => `${pid} ${tid}`),
    );
    // Time on the processor, in ms: on the clock, a CPU that also computes the models makes any task late.
    const tasks = traceEvents
      .filter(({ name, pid, tid }) => name.endsWith("RunTask") && threads.has(`${pid} ${tid}`))
      .map(({ tdur = 0 }) => tdur / 1000)
      .sort((a, b) => b - a);
    expect(tasks.length).toBeGreaterThan(50);
    expect(tasks[0]).toBeLessThan(50);
    expect(frames).toBeGreaterThan(4); // the worker never holds the page up for good
    expect(wrong).toEqual([]);
  });

  test(
    "a lost device is reported, and the run goes on from where it was; without another one, later",
    slow,
    async () => {
      const { tab } = studio;
      await keepTraining(tab);
      await waitPast(tab, (await stepOf(tab)) + 1);
      await loseDevice(tab);
      await tab.getByText("The GPU was lost, and found again").waitFor();
      await tab.waitForTimeout(500);
      await waitPast(tab, (await stepOf(tab)) + 1);

      await tab.workers()[0]!.evaluate(() => {
        const { gpu } = navigator;
        Object.assign(globalThis, { giveBack: () => Reflect.deleteProperty(gpu, "requestAdapter") });
        gpu.requestAdapter = () => Promise.resolve(null); // hides the prototype's
      });
      await loseDevice(tab);
      const lost = tab.locator('[data-key="lost"]');
      const again = tab.getByRole("button", { name: "Try again" });
      await again.waitFor();
      expect(await lost.locator("p").textContent()).toMatch(
        /^The browser took it away \([^)]+[^).]\)\. The browser gives this page no other one now\. The run is kept as it was at step \d+\.$/,
      );
      await tab.click("#play");
      const error = tab.locator('[data-key="error"]');
      await error.getByText(/the GPU was lost.*press Try again/).waitFor();
      await tab.workers()[0]!.evaluate(() => (globalThis as unknown as { giveBack: () => void }).giveBack());
      await again.click();
      await tab.getByText("The GPU was lost, and found again").waitFor();
      expect(await error.count()).toBe(0); // there is nothing to press any more
      await tab.waitForTimeout(500);
      await waitPast(tab, (await stepOf(tab)) + 1);
    },
  );
});

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  args?: { name?: string };
  /** Microseconds that the thread worked. */
  tdur?: number;
}
