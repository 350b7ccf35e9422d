import type { Locator, Page as Tab } from "playwright-core";
import { describe, expect, test } from "vitest";
import { decodeCodes } from "../../src/train/generate.ts";
import { Camera, type Point3 } from "../../src/web/latent/camera.ts";
import { apart, modelInNode, nodeDevice } from "./reference.ts";
import { openPages, patient, slow } from "./site.ts";
import {
  address,
  downloaded,
  lastDecoded,
  lastLook,
  openStudio,
  pixels,
  steps,
  trainTo,
  waitPast,
} from "./studio.ts";

describe.each([2, 3] as const)("the camera in %i dimensions", (dimensions) => {
  const points = Float32Array.from({ length: 60 }, (_, i) => 9 * Math.sin(7 * i) + (i % 3));
  const positions = Array.from(
    { length: 20 },
    (_, i) => [...points.slice(3 * i, 3 * i + 3)] as unknown as Point3,
  );
  const camera = new Camera();
  camera.dimensions = dimensions;
  camera.aspect = 1.5;
  camera.frame(points, 3);

  test("shows all points, and finds them again under their places on the screen", () => {
    for (const position of positions) {
      const [x, y] = camera.project(position);
      expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThan(1);
      expect(apart(camera.unproject([x, y], position), position)).toBeLessThan(1e-4);
    }
  });

  test("moves what is dragged with the pointer, and what is stepped along the screen", () => {
    const [point] = positions;
    const [x, y] = camera.project(point!);
    const [right] = camera.project(camera.shifted(point!, 0.1, 0));
    const [, up] = camera.project(camera.shifted(point!, 0, 0.1));
    expect(right).toBeGreaterThan(x);
    expect(up).toBeGreaterThan(y);
    const front = camera.unproject([0, 0]);
    const before = camera.project(dimensions === 2 ? front : camera.shifted(point!, 0, 0));
    camera.drag(0.1, 0);
    const after = camera.project(dimensions === 2 ? front : point!);
    if (dimensions === 2) expect(after[0] - before[0]).toBeCloseTo(0.1, 4);
    else expect(after).not.toEqual(before);
  });

  test("zooms", () => {
    const width = () => camera.project(positions[1]!)[0] - camera.project(positions[0]!)[0];
    const before = Math.abs(width());
    camera.zoom(0.5);
    expect(Math.abs(width())).toBeGreaterThan(1.5 * before);
  });
});

const [site, device] = await Promise.all([openPages(), nodeDevice()]);

type Place = readonly [x: number, y: number];

/** The plane of a page, by places from 0 at the left and top to 1 at the right and bottom. */
class Plane {
  readonly tab: Tab;
  readonly canvas: Locator;

  private constructor(tab: Tab) {
    this.tab = tab;
    this.canvas = tab.locator("#scatter");
  }

  static async in(tab: Tab): Promise<Plane> {
    const plane = new Plane(tab);
    await plane.show();
    return plane;
  }

  /** Brings it before the eyes, and waits until its dots stand still. */
  async show(): Promise<void> {
    await this.canvas.evaluate((canvas) => canvas.scrollIntoView({ block: "center", behavior: "instant" }));
    for (let before = NaN, now = await this.hash(); now !== before;) {
      await this.tab.waitForTimeout(700);
      [before, now] = [now, await this.hash()];
    }
  }

  /** A number that stands for what is seen. */
  hash(): Promise<number> {
    return this.canvas.evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
      return data.reduce((hash, value) => (Math.imul(hash, 31) + value) | 0, 0);
    });
  }

  async at([x, y]: Place): Promise<Place> {
    const box = (await this.canvas.boundingBox())!;
    return [box.x + x * box.width, box.y + y * box.height];
  }

  /** Does something that moves the probe, and waits for the picture there. */
  async decoding(act: () => Promise<void>): Promise<number[]> {
    const drawn = () => this.tab.locator("#decoded").getAttribute("data-drawn");
    const before = await drawn();
    await act();
    await expect.poll(drawn, patient).not.toBe(before);
    return pixels(this.tab, "#decoded");
  }

  hover(place: Place): Promise<number[]> {
    return this.decoding(async () => this.tab.mouse.move(...(await this.at(place))));
  }

  /** Does something that changes what is seen, and waits until it is. */
  async redrawing(act: () => Promise<void>): Promise<void> {
    const before = await this.hash();
    await act();
    await expect.poll(() => this.hash(), patient).not.toBe(before);
  }

  /** Where the highest and the lowest of the dots of `codes` (N, 2) are, as the page first frames them. */
  async dots(codes: number[]): Promise<[Place, Place]> {
    const { width, height } = (await this.canvas.boundingBox())!;
    const camera = new Camera();
    camera.aspect = width / height;
    camera.frame(new Float32Array(codes), 2);
    const places = Array.from({ length: codes.length / 2 }, (_, i): Place => {
      const [x, y] = camera.project([codes[2 * i]!, codes[2 * i + 1]!, 0]);
      return [(1 + x) / 2, (1 - y) / 2];
    }).sort((p, q) => p[1] - q[1]);
    return [places[0]!, places.at(-1)!];
  }

  async drag(from: Place, to: Place): Promise<void> {
    await this.tab.mouse.move(...(await this.at(from)));
    await this.tab.mouse.down();
    const [x, y] = await this.at(to);
    await this.tab.mouse.move(x, y, { steps: 4 });
    await this.tab.mouse.up();
  }
}

test(
  "the plane: hovering decodes as Node does, dragging interpolates, prior and mixture are sampled",
  slow,
  async () => {
    const { tab, wrong } = await openStudio(site, `${address}&with=`);
    await trainTo(tab, steps);
    const plane = await Plane.in(tab);
    const { codes } = (await lastLook(tab)).looks[0]!;
    const dots = await plane.dots(codes);
    expect(await plane.hover([0.2, 0.3])).not.toEqual(await plane.hover([0.8, 0.9]));

    const bytes = await downloaded(tab, () => tab.getByRole("button", { name: /Save VRRAE/ }).click());
    const node = modelInNode(device, "vrrae", bytes);
    const seen = await lastDecoded(tab);
    expect(seen.codes).toHaveLength(2);
    expect(apart(seen.pictures, await decodeCodes(node, new Float32Array(seen.codes)))).toBeLessThan(1e-4);

    await plane.show();
    await plane.drag(...dots);
    await tab.getByText("From the first dot to the second").waitFor();
    await expect.poll(async () => (await lastDecoded(tab)).codes.length, patient).toBe(20);
    const way = await lastDecoded(tab);
    const isDot = (x: number, y: number) =>
      codes.some((value, i) => i % 2 === 0 && value === x && codes[i + 1] === y);
    expect(isDot(way.codes[0]!, way.codes[1]!)).toBe(true);
    expect(isDot(way.codes[18]!, way.codes[19]!)).toBe(true);
    const even = way.codes.map(
      (_, i) => way.codes[i % 2]! + ((way.codes[18 + (i % 2)]! - way.codes[i % 2]!) * (i >> 1)) / 9,
    );
    expect(apart(way.codes, even)).toBeLessThan(1e-4);
    expect(apart(way.pictures, await decodeCodes(node, new Float32Array(way.codes)))).toBeLessThan(1e-4);

    await tab.keyboard.press("Escape"); // the plane has the focus since the drag
    expect(await tab.locator("#strip").isVisible()).toBe(false);
    await tab.locator("#axis-0").fill(String(codes[0]));
    await tab.locator("#axis-1").fill(String(codes[1]));
    await plane.canvas.focus();
    await tab.keyboard.press("Enter");
    await tab.getByText("A line begins at the nearest dot").waitFor();
    await tab.keyboard.press("Enter");
    await tab.getByText("the dot at which the line begins").waitFor();
    for (let i = 0; i < 12; i++) await tab.keyboard.press("ArrowRight");
    await plane.show(); // the pictures on the way are drawn
    await tab.keyboard.press("Enter");
    await tab.getByText("From the first dot to the second").waitFor();
    await expect.poll(async () => (await lastDecoded(tab)).codes.length, patient).toBe(20);
    const byKeys = (await lastDecoded(tab)).codes;
    expect(byKeys.slice(0, 2)).toEqual(codes.slice(0, 2));
    expect(isDot(byKeys[18]!, byKeys[19]!)).toBe(true);
    expect(byKeys.slice(18)).not.toEqual(byKeys.slice(0, 2));
    expect(await tab.locator("#strip").isVisible()).toBe(true);

    for (const [button, words] of [
      ["#prior", "codes drawn from the standard normal cloud"],
      ["#mixture", "codes drawn from a mixture"],
    ] as const) {
      const before = (await lastDecoded(tab)).codes;
      await tab.click(button);
      await tab.getByText(words).waitFor();
      await expect.poll(async () => (await lastDecoded(tab)).codes, patient).not.toEqual(before);
      const drawn = await lastDecoded(tab);
      expect(drawn.codes).toHaveLength(20);
      expect(drawn.pictures.every(Number.isFinite)).toBe(true);
      expect(await tab.locator("#strip").isVisible()).toBe(true);
    }
    expect(wrong).toEqual([]);
    await tab.close();
  },
);

test("three dimensions: mouse, fingers and keys turn, zoom and decode", slow, async () => {
  const { tab, wrong } = await openStudio(site, `${address}&with=&rank=3`);
  await trainTo(tab, steps);
  const plane = await Plane.in(tab);
  await tab.getByRole("button", { name: "3-D" }).focus();
  await plane.redrawing(() => tab.keyboard.press("Enter"));
  const pressed = tab.getByRole("button", { name: "3-D", pressed: true });
  expect(await pressed.evaluate((button) => button === document.activeElement)).toBe(true);

  const first = await plane.hover([0.3, 0.4]);
  expect(await plane.hover([0.7, 0.6])).not.toEqual(first);
  const { codes, pictures } = await lastDecoded(tab);
  const bytes = await downloaded(tab, () => tab.getByRole("button", { name: /Save VRRAE/ }).click());
  const node = modelInNode(device, "vrrae", bytes, 3);
  expect(apart(pictures, await decodeCodes(node, new Float32Array(codes)))).toBeLessThan(1e-4);
  await plane.show();

  await plane.redrawing(() => plane.drag([0.03, 0.03], [0.4, 0.2])); // turns
  await plane.redrawing(() => tab.mouse.wheel(0, -200)); // zooms: the plane has the focus now
  for (const key of ["Shift+ArrowLeft", "Shift+ArrowUp", "+", "-", "0"])
    await plane.redrawing(() => tab.keyboard.press(key));
  const before = await pixels(tab, "#decoded");
  expect(await plane.decoding(() => tab.keyboard.press("ArrowRight"))).not.toEqual(before);

  const session = await tab.context().newCDPSession(tab);
  const touch = async (type: "touchStart" | "touchMove" | "touchEnd", places: Place[]) => {
    const touchPoints = await Promise.all(
      places.map(async (place, id) => {
        const [x, y] = await plane.at(place);
        return { x, y, id };
      }),
    );
    await session.send("Input.dispatchTouchEvent", { type, touchPoints });
  };
  await plane.decoding(() => touch("touchStart", [[0.02, 0.05]])); // a tap decodes
  await plane.redrawing(() => touch("touchMove", [[0.2, 0.05]]));
  await touch("touchStart", [
    [0.2, 0.05],
    [0.8, 0.9],
  ]);
  await plane.redrawing(() =>
    touch("touchMove", [
      [0.3, 0.2],
      [0.7, 0.8],
    ]),
  ); // two fingers zoom
  await touch("touchEnd", []);

  await tab.locator("#rank").fill("2"); // back to two coordinates: there is nothing to turn
  await tab.getByText("of 2", { exact: true }).waitFor();
  expect(await tab.getByRole("button", { name: "3-D" }).count()).toBe(0);
  expect(wrong).toEqual([]);
  await tab.close();
});

/** Runs in a page before its own code: keeps the device that draws in it, and how many there were. */
function keepDrawing(): void {
  const { createShaderModule } = Object.getOwnPropertyDescriptors(GPUDevice.prototype);
  const kept = { drawsWith: undefined as GPUDevice | undefined, drew: 0 };
  GPUDevice.prototype.createShaderModule = function (this: GPUDevice, descriptor) {
    Object.assign(globalThis, kept, { drawsWith: this, drew: ++kept.drew });
    return createShaderModule.value!.call(this, descriptor);
  };
}

/** Does something after which another device draws, and waits until it is there. */
async function replaced(tab: Tab, act: () => Promise<void>): Promise<void> {
  const count = () => tab.evaluate(() => (globalThis as unknown as { drew: number }).drew);
  const before = await count();
  await act();
  await expect.poll(count, patient).toBeGreaterThan(before);
}

test("where the device that draws is lost, another one takes over, and its lack is told", slow, async () => {
  const { tab } = await openStudio(site, `${address}&with=`, keepDrawing);
  const plane = await Plane.in(tab);
  const lose = () =>
    tab.evaluate(() => (globalThis as unknown as { drawsWith: GPUDevice }).drawsWith.destroy());
  await replaced(tab, lose);
  await plane.redrawing(async () => void (await plane.hover([0.2, 0.3])));

  await tab.evaluate(() => {
    const { gpu } = navigator;
    Object.assign(globalThis, { giveBack: () => Reflect.deleteProperty(gpu, "requestAdapter") });
    gpu.requestAdapter = () => Promise.resolve(null); // hides the prototype's
  });
  await lose();
  await tab.getByText("The latent space cannot be drawn").waitFor();
  await plane.decoding(() => tab.locator("#axis-0").fill("1.5")); // the sliders still decode
  await tab.evaluate(() => (globalThis as unknown as { giveBack: () => void }).giveBack());
  await tab.getByText("The latent space cannot be drawn").waitFor({ state: "detached" });
  await plane.redrawing(async () => void (await plane.hover([0.7, 0.6]))); // it was asked for again
  await trainTo(tab, steps);
  await waitPast(tab, steps - 1);
  await tab.close();
});

/** Runs in a page before its own code: lets the adapter call itself a GPU or a processor, as it is told. */
function disguise(): void {
  const { info } = Object.getOwnPropertyDescriptors(GPUAdapter.prototype);
  const gpu = { vendor: "acme", architecture: "one", description: "", isFallbackAdapter: false };
  Object.assign(globalThis, { callsItselfGpu: location.search.includes("first=gpu") });
  Object.defineProperty(GPUAdapter.prototype, "info", {
    get(this: GPUAdapter): unknown {
      const { callsItselfGpu } = globalThis as unknown as { callsItselfGpu: boolean };
      return callsItselfGpu ? gpu : info.get!.call(this);
    },
  });
}

test.each(["gpu", "processor"])(
  "the plane is drawn by a %s, and by a device of the other kind that takes over",
  slow,
  async (first) => {
    const { tab, wrong } = await openStudio(site, `${address}&with=&first=${first}`, disguise, keepDrawing);
    const plane = await Plane.in(tab);
    await plane.redrawing(async () => void (await plane.hover([0.2, 0.3]))); // here, no canvas can be drawn to by WebGPU
    await replaced(tab, () =>
      tab.evaluate(() => {
        const page = globalThis as unknown as { callsItselfGpu: boolean; drawsWith: GPUDevice };
        page.callsItselfGpu = !page.callsItselfGpu;
        page.drawsWith.destroy();
      }),
    );
    await plane.redrawing(async () => void (await plane.hover([0.7, 0.6])));
    await plane.redrawing(async () => void (await plane.hover([0.4, 0.2])));
    expect(wrong).toEqual([]);
    await tab.close();
  },
);
