import type { Locator, Page as Tab } from "playwright-core";
import { expect } from "vitest";
import { Camera } from "../../src/web/latent/camera.ts";
import { patient } from "./site.ts";
import { pixels } from "./studio.ts";

/** A place on the plane, from 0 at the left and top to 1 at the right and bottom. */
export type Place = readonly [x: number, y: number];

/** The plane of a page. */
export class Plane {
  readonly tab: Tab;
  readonly canvas: Locator;

  private constructor(tab: Tab) {
    this.tab = tab;
    this.canvas = tab.locator(".scatter").first();
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

  /** Codes (N, 2) as the plane is turned to show them. */
  async turned(codes: readonly number[]): Promise<number[]> {
    const [a, b, c, d] = (await this.canvas.getAttribute("data-plane"))!.split(",").map(Number);
    return codes.map((value, i) =>
      i % 2 === 0 ? a! * value + b! * codes[i + 1]! : c! * codes[i - 1]! + d! * value,
    );
  }

  /** Where the highest and the lowest of the dots of `codes` (N, 2) are, as the page first frames them. */
  async dots(given: readonly number[]): Promise<[Place, Place]> {
    const codes = await this.turned(given);
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
