import { describe, expect, test } from "vitest";
import { decodeCodes } from "../../src/train/generate.ts";
import { Plane, type Place } from "./plane.ts";
import { apart, modelInNode, nodeDevice } from "./reference.ts";
import { openPages, patient, slow } from "./site.ts";
import { address, downloaded, lastDecoded, lastLook, pixels, shareStudio, steps, trainTo } from "./studio.ts";

const [site, device] = await Promise.all([openPages({ robust: false }), nodeDevice()]);

describe("a run of two coordinates", () => {
  const studio = shareStudio(site, `${address}&with=`);

  test(
    "the plane: hovering decodes as Node does, dragging interpolates, prior and mixture are sampled",
    slow,
    async () => {
      const { tab, wrong } = studio;
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
      await expect.poll(async () => (await lastDecoded(tab, 20)).codes.length, patient).toBe(20);
      const way = await lastDecoded(tab, 20);
      const isNear = (a: number, b: number) => Math.abs(a - b) < 1e-5;
      const isDot = (x: number, y: number) =>
        codes.some((value, i) => i % 2 === 0 && isNear(value, x) && isNear(codes[i + 1]!, y));
      expect(isDot(way.codes[0]!, way.codes[1]!)).toBe(true);
      expect(isDot(way.codes[18]!, way.codes[19]!)).toBe(true);
      const even = way.codes.map(
        (_, i) => way.codes[i % 2]! + ((way.codes[18 + (i % 2)]! - way.codes[i % 2]!) * (i >> 1)) / 9,
      );
      expect(apart(way.codes, even)).toBeLessThan(1e-4);
      expect(apart(way.pictures, await decodeCodes(node, new Float32Array(way.codes)))).toBeLessThan(1e-4);

      await tab.keyboard.press("Escape"); // the plane has the focus since the drag
      expect(await tab.locator("#strip").isVisible()).toBe(false);
      const [across, up] = await plane.turned(codes);
      await tab.locator("#axis-0").fill(String(across));
      await tab.locator("#axis-1").fill(String(up));
      await plane.canvas.focus();
      await tab.keyboard.press("Enter");
      await tab.getByText("A line begins at the nearest dot").waitFor();
      await tab.keyboard.press("Enter");
      await tab.getByText("the dot at which the line begins").waitFor();
      for (let i = 0; i < 12; i++) await tab.keyboard.press("ArrowRight");
      await plane.show(); // the pictures on the way are drawn
      await tab.keyboard.press("Enter");
      await tab.getByText("From the first dot to the second").waitFor();
      await expect.poll(async () => (await lastDecoded(tab, 20)).codes.length, patient).toBe(20);
      const byKeys = (await lastDecoded(tab, 20)).codes;
      expect(apart(byKeys.slice(0, 2), codes.slice(0, 2))).toBeLessThan(1e-5);
      expect(isDot(byKeys[18]!, byKeys[19]!)).toBe(true);
      expect(byKeys.slice(18)).not.toEqual(byKeys.slice(0, 2));
      expect(await tab.locator("#strip").isVisible()).toBe(true);

      for (const [button, words] of [
        ["#prior", "codes drawn from the cloud that the model is to fill"],
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
    },
  );

  test(
    "by keys, where the probe is gets said; keys for the browser stay its own, and a menu's button holds nothing",
    slow,
    async () => {
      const { tab, wrong } = studio;
      const plane = await Plane.in(tab);
      await plane.decoding(() => plane.canvas.press("ArrowRight"));
      const place = () => tab.locator("#coordinates output[aria-live=off]").allTextContents();
      const numbers = await place();
      expect(numbers).toHaveLength(2);
      expect(await tab.locator("#probe-said").textContent()).toBe(
        `number 1: ${numbers[0]}, number 2: ${numbers[1]}`,
      );
      for (const [i, number] of numbers.entries())
        expect(await tab.locator(`#axis-${i}`).getAttribute("aria-valuetext")).toBe(number);
      expect(await tab.locator("#beta").getAttribute("aria-valuetext")).toBe("0.001"); // the slider holds a logarithm

      const isTaken = (canvas: string, init: Record<string, string | boolean>) =>
        tab
          .locator(canvas)
          .evaluate(
            (canvas, init) =>
              !canvas.dispatchEvent(new KeyboardEvent("keydown", { ...init, cancelable: true })),
            init,
          );
      for (const [canvas, keys] of [
        [".scatter", ["+", "-", "0", "ArrowLeft"]],
        ["#pad", ["ArrowLeft", " "]],
      ] as const)
        for (const key of keys) {
          expect([key, await isTaken(canvas, { key })]).toEqual([key, true]);
          for (const other of ["ctrlKey", "metaKey", "altKey"])
            expect([key, await isTaken(canvas, { key, [other]: true })]).toEqual([key, false]);
        }

      await tab.mouse.move(...(await plane.at([0.02, 0.02])));
      await tab.mouse.down({ button: "right" }); // whose way up the menu takes
      await plane.hover([0.3, 0.3]);
      const before = await place();
      await plane.hover([0.7, 0.8]);
      expect(await place()).not.toEqual(before);
      await tab.mouse.up({ button: "right" });
      expect(wrong).toEqual([]);
    },
  );

  test("three dimensions: mouse, fingers and keys turn, zoom and decode", slow, async () => {
    const { tab, wrong } = studio;
    await tab.locator("#rank").fill("3");
    await tab.getByText("of 3", { exact: true }).first().waitFor();
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
    await tab.getByText("of 2", { exact: true }).first().waitFor();
    expect(await tab.getByRole("button", { name: "3-D" }).count()).toBe(0);
    expect(wrong).toEqual([]);
  });
});
