import { readFileSync } from "node:fs";
import type { Page as Tab } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDevice, type Device } from "../../src/device/device.ts";
import { encodeSafetensors, parseSafetensors } from "../../src/train/safetensors.ts";
import { readModel, restoreModel } from "../../src/train/state.ts";
import { siteConfig } from "../../src/web/build/site.ts";
import { batch, seed, size, trainInNode } from "./reference.ts";
import { BuiltSite } from "./site.ts";

const steps = 10;
const slow = { timeout: 240_000 };
let site: BuiltSite;
let device: Device;
beforeAll(async () => {
  [site, device] = await Promise.all([BuiltSite.open(siteConfig), openDevice({ adapter: "swiftshader" })]);
}, 240_000);
afterAll(async () => {
  device?.close();
  await site?.close();
});

const address = `?size=${size}&batch=${batch}&seed=${seed}&steps=${steps}&logEvery=1`;

/** A page that is ready to train. */
async function studio(query = address) {
  const { tab, wrong } = await site.visit(query);
  await tab.waitForSelector("#play:not([disabled])", { timeout: 120_000 });
  return { tab, wrong };
}

/** Presses start and waits until the page is at `step` and paused. */
async function trainTo(tab: Tab, step: number) {
  await tab.click("#play");
  await tab.waitForFunction(
    (step) =>
      document.querySelector("#progress")!.textContent.startsWith(`step ${step} `) &&
      document.querySelector("#play")!.textContent === "Start",
    step,
    { timeout: 200_000 },
  );
}

/** The pixels of the nth canvas that `selector` finds. */
function pixels(tab: Tab, selector: string, nth = 0): Promise<number[]> {
  return tab
    .locator(selector)
    .nth(nth)
    .evaluate((canvas: HTMLCanvasElement) => [
      ...canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data,
    ]);
}

async function downloaded(tab: Tab, click: () => Promise<void>): Promise<Uint8Array> {
  const [download] = await Promise.all([tab.waitForEvent("download"), click()]);
  return new Uint8Array(readFileSync(await download.path()));
}

test("ten steps change the reconstructions, and losses and weights are Node's", slow, async () => {
  const { tab, wrong } = await studio(`${address}&model=vrrae&with=vae`);
  const before = await pixels(tab, ".lane .rows canvas", 1);
  await trainTo(tab, steps);
  expect(await pixels(tab, ".lane .rows canvas", 1)).not.toEqual(before);

  const lines = new TextDecoder().decode(await downloaded(tab, () => tab.click("#history")));
  const history = lines
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { model: string; step: number; loss: number });
  for (const [lane, name] of (["vrrae", "vae"] as const).entries()) {
    const node = await trainInNode(device, name, steps);
    const seen = new Map(history.filter(({ model }) => model === name).map(({ step, loss }) => [step, loss]));
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
      if (key === "basis") continue;
      const apart = (data as Float32Array).map((value, i) =>
        Math.abs(value - (stored.data as Float32Array)[i]!),
      );
      expect(
        apart.reduce((most, difference) => Math.max(most, difference), 0),
        key,
      ).toBeLessThan(2e-3);
    }
    restoreModel(node.model, tensors, "model.safetensors");
  }
  expect(wrong).toEqual([]);
  await tab.close();
});

test("a model from Node loads, is shown, and saves to the same weights", slow, async () => {
  const { model } = await trainInNode(device, "vrrae", 3);
  const file = encodeSafetensors(await readModel(model));
  const { tab, wrong } = await studio(`${address}&model=ae&with=`);
  await tab.setInputFiles("#load", { name: "model.safetensors", mimeType: "", buffer: Buffer.from(file) });
  await tab.getByText("model.safetensors is a VRRAE").waitFor({ timeout: 60_000 });
  const saved = await downloaded(tab, () => tab.getByRole("button", { name: /Save VRRAE/ }).click());
  const [given, back] = [file, saved].map((bytes) => parseSafetensors(bytes, "model.safetensors").tensors);
  expect([...back!.keys()]).toEqual([...given!.keys()]);
  for (const [name, { data }] of given!) {
    const other = back!.get(name)!.data as Float32Array;
    if (name !== "basis") expect(other, name).toEqual(data);
    else other.forEach((value, i) => expect(value).toBeCloseTo((data as Float32Array)[i]!, 3));
  }
  expect(wrong).toEqual([]);
  await tab.close();
});

test("a file that is no model is refused in words", slow, async () => {
  const { tab, wrong } = await studio(`${address}&with=`);
  const buffer = Buffer.from(
    encodeSafetensors(new Map([["x", { dtype: "F32", shape: [1], data: new Float32Array(1) }]])),
  );
  await tab.setInputFiles("#load", { name: "other.safetensors", mimeType: "", buffer });
  await tab.getByText(/other\.safetensors.*not a model of images/).waitFor({ timeout: 60_000 });
  expect(wrong).toEqual([]);
  await tab.close();
});

test("hovering decodes, dragging from dot to dot interpolates, the prior is sampled", slow, async () => {
  const { tab, wrong } = await studio(`${address}&with=`);
  await trainTo(tab, steps);
  await tab.locator("#scatter").evaluate((canvas) => canvas.scrollIntoView({ block: "center" }));
  await tab.waitForTimeout(800); // dots glide to their places
  const dots = await tab.locator("#scatter").evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    const coloured: [number, number][] = [];
    for (let at = 0; at < data.length; at += 4) {
      const [r, g, b, alpha] = data.subarray(at, at + 4);
      if (alpha! > 250 && Math.max(r!, g!, b!) - Math.min(r!, g!, b!) > 90)
        coloured.push([
          ((at / 4) % canvas.width) / canvas.width,
          Math.floor(at / 4 / canvas.width) / canvas.height,
        ]);
    }
    coloured.sort((p, q) => p[1] - q[1]);
    return [coloured[40]!, coloured.at(-40)!];
  });
  const box = (await tab.locator("#scatter").boundingBox())!;
  const hover = async (x: number, y: number) => {
    const before = await tab.locator("#decoded").getAttribute("data-drawn");
    await tab.mouse.move(box.x + x * box.width, box.y + y * box.height);
    await tab.waitForFunction(
      (before) => document.getElementById("decoded")!.dataset.drawn !== before,
      before,
    );
    return pixels(tab, "#decoded");
  };
  expect(await hover(0.2, 0.3)).not.toEqual(await hover(0.8, 0.9));

  const [from, to] = dots.map(([x, y]) => [box.x + x * box.width, box.y + y * box.height] as const);
  await tab.mouse.move(from![0], from![1]);
  await tab.mouse.down();
  await tab.mouse.move(to![0], to![1], { steps: 4 });
  await tab.mouse.up();
  await tab.getByText("From the first dot to the second").waitFor();
  await tab.click("#prior");
  await tab.getByText("codes drawn from the standard normal cloud").waitFor();
  await tab.locator("#strip").waitFor();
  expect(wrong).toEqual([]);
  await tab.close();
});

test("rank and β act on the run at hand", slow, async () => {
  const { tab, wrong } = await studio(`${address}&with=`);
  await trainTo(tab, steps);
  await tab.locator("#rank").fill("3");
  await tab.getByText("of 3", { exact: true }).waitFor();
  await tab.locator("#beta").fill("-1");
  expect(await tab.locator("#beta-value").textContent()).toBe("0.1");
  expect(wrong).toEqual([]);
  await tab.close();
});

test("a lost device is reported, and the run goes on from where it was", slow, async () => {
  const { tab } = await studio(`?size=${size}&batch=${batch}&with=&logEvery=1`);
  await tab.click("#play");
  await tab.waitForFunction(() => /step [2-9]/.test(document.querySelector("#progress")!.textContent));
  await tab.workers()[0]!.evaluate(() => {
    const name = "createCommandEncoder";
    const original = Object.getOwnPropertyDescriptor(GPUDevice.prototype, name)!;
    GPUDevice.prototype[name] = function (this: GPUDevice, descriptor) {
      Object.defineProperty(GPUDevice.prototype, name, original);
      this.destroy();
      return this.createCommandEncoder(descriptor);
    };
  });
  await tab.getByText("The GPU was lost, and found again").waitFor({ timeout: 60_000 });
  const step = () =>
    tab.evaluate(() => Number(/step (\d+)/.exec(document.querySelector("#progress")!.textContent)![1]));
  await tab.waitForTimeout(500);
  const then = await step();
  await tab.waitForFunction(
    (then) => Number(/step (\d+)/.exec(document.querySelector("#progress")!.textContent)![1]) > then + 1,
    then,
    { timeout: 60_000 },
  );
  await tab.close();
});
