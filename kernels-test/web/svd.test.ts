import type { Page as Tab } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDevice } from "../../src/device/device.ts";
import { svd } from "../../src/ops/svd.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { declaring, png } from "./files.ts";
import { loseDevice, openPages, patient, slow } from "./site.ts";
import { pixels, refused } from "./studio.ts";

const [site, quick] = await Promise.all([openPages(), openPages({ robust: false })]);

/** Chooses a picture on the SVD page. */
function choose(tab: Tab, name: string, bytes: Uint8Array): Promise<void> {
  return tab.setInputFiles("#choose", { name, mimeType: "", buffer: Buffer.from(bytes) });
}

/** Of each dot in the chart of the singular values, whether all of it is within the chart. */
async function wholeDots(tab: Tab): Promise<boolean[]> {
  const chart = (await tab.locator("#curve").boundingBox())!;
  const dots = await tab.locator("#curve circle").all();
  return Promise.all(
    dots.map(async (dot) => {
      const { y, height } = (await dot.boundingBox())!;
      return height > 4 && y >= chart.y && y + height <= chart.y + chart.height;
    }),
  );
}

/** The colour of pixel i, of its level. */
const grey = (level: (i: number) => number) => (i: number) => [level(i), level(i), level(i)] as const;

test("the SVD page's numbers are Node's", slow, async () => {
  const [height, width] = [30, 40];
  const shade = (i: number) => [(7 * i) % 256, (i * i) % 251, 40 + ((3 * i) % 200)] as const;
  const { tab, wrong } = await site.visit("svd.html");
  await tab.waitForSelector("#gradient[data-drawn]");
  await choose(tab, "pattern.png", png(width, height, shade));
  await tab.getByText(`${height} × ${3 * width}`, { exact: true }).waitFor();
  await tab.locator("summary").click();
  const shown = await tab.locator("#values tr td:nth-child(2)").allTextContents();

  const device = await openDevice();
  const values = Float32Array.from(
    { length: 3 * width * height },
    (_, i) => shade(Math.floor(i / 3))[i % 3]! / 255,
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
  await expect.poll(() => tab.locator("#energy").textContent(), patient).toBe(`${energy.toFixed(1)} %`);
  await tab.waitForSelector('#low-rank[data-drawn="5"]'); // the number is told before the picture is there
  const drawn = await pixels(tab, "#low-rank");
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
  const [, row, column, slope] = /row (\d+), column (\d+): slope (.*), its three colours together\./.exec(
    words,
  )!;
  const patterns = Array.from({ length: width }, (_, x) =>
    [0, 1, 2].reduce((sum, c) => sum + Vt[3 * x + c]!, 0),
  );
  const product = U[(Number(row) - 1) * height]! * patterns[Number(column) - 1]!; // d s / d A = u vᵀ
  expect(Math.abs(Number(slope) - product)).toBeLessThan(2e-5);
  const most = (list: number[]) => Math.max(...list.map(Math.abs));
  const largest = most([...U].filter((_, i) => i % height === 0)) * most(patterns);
  expect(Math.abs(Number(slope))).toBeCloseTo(largest, 4);
  expect(wrong).toEqual([]);
  await tab.close();
});

describe("pictures that are chosen one after the other", () => {
  let tab: Tab;
  let wrong: string[];
  beforeAll(async () => {
    ({ tab, wrong } = await quick.visit("svd.html"));
    await tab.waitForSelector("#gradient[data-drawn]");
  }, slow.timeout);
  afterAll(() => tab?.close());

  test(
    "pictures of any shape are decomposed, large ones shrunk to the mean of what they show",
    slow,
    async () => {
      for (const [width, height, level, size] of [
        [256, 256, (i: number) => 255 * ((i + (i >> 8)) % 2), "128 × 128"],
        [900, 3, (i: number) => i % 250, "1 × 128"],
        [4, 3, () => 0, "3 × 4"],
        [1, 1, () => 200, "1 × 1"],
      ] as const) {
        await choose(tab, `${width}.png`, png(width, height, grey(level)));
        await tab.getByText(size, { exact: true }).waitFor();
        await tab.getByText(`${width}.png: `).waitFor();
        if (width === 1) {
          expect(await wholeDots(tab)).toEqual([true]);
          expect(await tab.locator("#curve").getByText("1", { exact: true }).count()).toBe(1); // which pattern it is
        }
        if (width !== 256) continue;
        const shown = await pixels(tab, "#original");
        for (let at = 0; at < shown.length; at += 4) expect(Math.abs(shown[at]! - 127.5)).toBeLessThan(3);
      }
      await tab.evaluate(() => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 300, height: 6 });
        const picture = Uint8Array.from(atob(canvas.toDataURL().split(",")[1]!), (c) => c.charCodeAt(0));
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([picture], "last.png"));
        document.body.dispatchEvent(new DragEvent("drop", { dataTransfer }));
        const side = document.querySelector<HTMLSelectElement>("#side")!;
        side.value = "256";
        side.dispatchEvent(new Event("change")); // before the picture is read
      });
      await tab.getByText("last.png: 256 × 5 pixels").waitFor();
      expect(wrong).toEqual([]);
    },
  );

  test(
    "what is no picture, or an impossible one, is refused in words, and the one at hand stays",
    slow,
    async () => {
      const good = png(
        20,
        10,
        grey((i) => i % 200),
      );
      await choose(tab, "good.png", good);
      await tab.getByText("10 × 20", { exact: true }).waitFor();
      const jfif = [0xff, 0xe0, 0, 16, ...Buffer.from("JFIF\0"), 1, 1, 0, 0, 1, 0, 1, 0, 0];
      const jpeg = Uint8Array.of(0xff, 0xd8, ...jfif, 0xff, 0xc0, 0, 17, 8, 255, 255, 255, 255, 3);
      const gif = Uint8Array.of(...Buffer.from("GIF89a"), 255, 255, 255, 255);
      const webp = Uint8Array.of(
        ...Buffer.from("RIFF\0\0\0\0WEBPVP8X"),
        ...new Uint8Array(8),
        ...new Uint8Array(6).fill(255),
      );
      for (const [name, bytes, words] of [
        ["notes.txt", Buffer.from("hello"), /notes\.txt is no picture that this browser can read/],
        ["empty.png", new Uint8Array(0), /empty\.png is empty/],
        ["cut.png", good.subarray(0, 40), /cut\.png is no picture.*cut or damaged/],
        ["none.png", declaring(good, 0, 10), /none\.png has no pixels.*it is a picture of 10 × 0 pixels/],
        [
          "huge.png",
          declaring(good, 60_000, 60_000),
          /huge\.png has .*too many.*it is a picture of 60000 × 60000/,
        ],
        ["huge.jpg", jpeg, /huge\.jpg has .*too many.*it is a picture of 65535 × 65535/],
        ["huge.gif", gif, /huge\.gif has .*too many.*it is a picture of 65535 × 65535/],
        ["huge.webp", webp, /huge\.webp has .*too many.*it is a picture of 16777216 ×/],
      ] as const) {
        await choose(tab, name, bytes);
        await refused(tab, words);
        expect(await tab.locator("#given").textContent()).toMatch(/^good\.png: 20 × 10 pixels, grey/);
      }
      await tab.locator("#rank").fill("1");
      await tab.getByText("1 of 10", { exact: true }).waitFor();
      await choose(tab, "again.png", good);
      await tab.getByText("again.png: ").waitFor();
      expect(await tab.locator("#notices [data-key=error]").count()).toBe(0);
      expect(wrong).toEqual([]);
    },
  );
});

test(
  "a device that is lost under a picture is reported, and the picture decomposed again",
  slow,
  async () => {
    const { tab } = await quick.visit("svd.html");
    await tab.waitForSelector("#gradient[data-drawn]");
    await loseDevice(tab);
    await tab.locator("#rank").fill("3");
    await tab.getByText("The GPU was lost, and found again").waitFor();
    const before = await tab.locator("#energy").textContent();
    await tab.locator("#rank").fill("9");
    await expect.poll(() => tab.locator("#energy").textContent(), patient).not.toBe(before);
    await tab.locator("#direction").fill("4");
    await tab.waitForSelector('#gradient[data-drawn="4"]');
    expect(await tab.getByText("That did not work").count()).toBe(0);

    const picture = png(
      30,
      20,
      grey((i) => i % 200),
    );
    await loseDevice(tab, 2); // the next one, too
    await choose(tab, "new.png", picture);
    await tab.getByText("new.png: 30 × 20 pixels, grey").waitFor(); // what was asked for, not what was there before
    await loseDevice(tab, 5); // more in a row than the page tries by itself
    await choose(tab, "later.png", picture);
    await tab.getByText("this page has no other one now").waitFor();
    expect(await tab.getByText("That did not work").count()).toBe(0);
    const again = tab.getByRole("button", { name: "Try again" });
    const isThere = async () => {
      if (await again.isVisible()) await again.click({ timeout: 1000 }).catch(() => undefined); // it may go meanwhile
      return (await tab.getByText("later.png: ").count()) > 0;
    };
    await expect.poll(isThere, { ...patient, interval: 1000 }).toBe(true);
    await tab.close();
  },
);
