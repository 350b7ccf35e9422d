import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page as Tab } from "playwright-core";
import { describe, expect, test } from "vitest";
import { declaring, png } from "./files.ts";
import { openPages, patient, slow } from "./site.ts";
import {
  address,
  drop,
  lastLook,
  openStudio,
  pixels,
  refused,
  shareStudio,
  stepOf,
  trainTo,
} from "./studio.ts";

const site = await openPages({ robust: false });

const query = `${address.replace("steps=10", "steps=3")}&with=`;
/** Where any model will do: this one has fewer kernels to compile. */
const light = `${query}&model=vae`;

/** An IDX file of `count` images of `side` × `side` bytes, or of labels. */
function idx(shape: number[], value: (i: number) => number): Uint8Array {
  const size = shape.reduce((product, n) => product * n, 1);
  const bytes = new Uint8Array(4 + 4 * shape.length + size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x0800 + shape.length);
  shape.forEach((n, axis) => view.setUint32(4 + 4 * axis, n));
  for (let i = 0; i < size; i++) bytes[4 + 4 * shape.length + i] = value(i);
  return bytes;
}

const images = (count: number, side = 16) =>
  idx([count, side, side], (i) => (37 * Math.floor(i / side ** 2) + 11 * (i % side) + i) % 256);
const labels = (count: number) => idx([count], (i) => i % 3);

const square = (side: number, colour: Parameters<typeof png>[2]) => png(side, side, colour);

/** Drops a folder of this name on the page, as a file manager does. */
async function dropFolder(tab: Tab, name: string, model?: Uint8Array): Promise<() => void> {
  const folder = join(mkdtempSync(join(tmpdir(), "hestenes-drop-")), name);
  mkdirSync(join(folder, "checkpoint"), { recursive: true });
  if (model) writeFileSync(join(folder, "checkpoint", "model.safetensors"), model);
  const session = await tab.context().newCDPSession(tab);
  const data = { items: [], files: [folder], dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const)
    await session.send("Input.dispatchDragEvent", { type, x: 300, y: 300, data });
  return () => rmSync(dirname(folder), { recursive: true });
}

describe("a page whose pictures come from elsewhere", () => {
  const studio = shareStudio(site, light);

  test("hostile files are refused in words, and the run at hand goes on", slow, async () => {
    const { tab, wrong } = studio;
    const good = images(8);
    const header = (...shape: number[]) => idx(shape, () => 0).subarray(0, 4 + 4 * shape.length);
    const huge = new Uint8Array(good);
    huge.fill(255, 4, 16);
    const picture = square(16, (i) => [i % 256, 0, 0]);
    const one = (name: string, bytes: Uint8Array) => [{ name, bytes }];
    const refusals: [files: Parameters<typeof drop>[1], words: RegExp][] = [
      [one("cut.idx", good.subarray(0, 500)), /cut\.idx.*\[8, 16, 16\] takes 2064 bytes, the file has 500/],
      [one("cut.gz", gzipSync(good).subarray(0, 200)), /cut\.gz.*damaged or cut gzip data/],
      [one("long.gz", gzipSync(Buffer.concat([good, good]))), /long\.gz.*the packed data goes on/],
      [one("huge.idx", huge), /huge\.idx.*takes .* bytes, the file has 2064/],
      [one("huge.gz", gzipSync(huge)), /huge\.gz.*declares .* bytes; the file can hold/],
      [one("half.idx", good.subarray(0, 7)), /half\.idx.*ends inside its header/],
      [one("none.idx", header(0, 16, 16)), /none\.idx.*dimension 0 is 0/],
      [one("floats.idx", Uint8Array.of(0, 0, 13, 3, 0, 0, 0, 1)), /floats\.idx.*element type 13/],
      [one("labels.idx", labels(9)), /labels\.idx holds labels and no images\. Drop a file of images too/],
      [
        one("notes.txt", new TextEncoder().encode("hello")),
        /notes\.txt is not a picture, an IDX file or a model.* It takes PNG and JPEG pictures/,
      ],
      [one("empty.bin", new Uint8Array(0)), /empty\.bin is empty/],
      [one("cut.png", picture.subarray(0, 60)), /cut\.png is no picture.*cut or damaged/],
      [
        one("head.png", declaring(picture, 0x7f7f7f7f, 0x7f7f7f7f)),
        /head\.png.*a picture of 2139062143 × 2139062143 pixels/,
      ],
      [
        one(
          "white.png",
          square(16, () => [255, 255, 255]),
        ),
        /the picture is white from edge to edge/,
      ],
      [
        one(
          "black.idx",
          idx([9, 16, 16], () => 0),
        ),
        /black\.idx: all .* pictures are black from edge to edge/,
      ],
      [
        [1, 2].flatMap((k) =>
          one(
            `${k}.png`,
            square(16 * k, () => [9, 200, 9]),
          ),
        ),
        /all 2 pictures are of one and the same colour/,
      ],
      [
        [...one("a.png", picture), ...one("m.safetensors", good)],
        /m\.safetensors is a model\. Drop it alone/,
      ],
      [[...one("a.png", picture), ...one("b.idx", good)], /a\.png is a picture, b\.idx is an IDX file/],
      [[...one("a.idx", good), ...one("b.idx", images(4, 20))], /b\.idx.*20 × 20.*a\.idx 16 × 16/],
    ];
    for (const [files, words] of refusals) {
      await drop(tab, files);
      await refused(tab, words);
      expect(await tab.locator("#progress").textContent()).toContain("100 pictures of 16 × 16");
      expect(await tab.locator("#data").inputValue()).toBe("bumps"); // which Start trains on
      expect(await tab.getByText("Choose files", { exact: true }).isVisible()).toBe(true); // others may be given
    }
    const bad = new Uint8Array(40).fill(9);
    const forgetRun = await dropFolder(tab, "run", bad); // its model is read
    await refused(tab, /model\.safetensors is not a model that this page can read/);
    forgetRun();
    const forget = await dropFolder(tab, "holiday");
    await tab
      .locator("#notices")
      .getByText(/^holiday is a folder. Open it, and drop the files that are in it/)
      .waitFor();
    forget();
    await drop(tab, one("model.safetensors", bad));
    await refused(tab, /model\.safetensors is not a model that this page can read/);
    expect(await stepOf(tab)).toBe(0);
    await tab.selectOption("#data", "files"); // of which there are none yet
    await trainTo(tab, 3);
    expect(await tab.locator("#data").inputValue()).toBe("bumps");
    await tab.click("#reset"); // refused files are not remembered
    await tab.getByText("100 pictures of 16 × 16").waitFor();
    expect(await tab.locator("#notices [data-key=error]").count()).toBe(0);
    expect(wrong).toEqual([]);
  });

  test("drawings of mouse and keys become data, and models learn from them", slow, async () => {
    const { tab, wrong } = studio;
    await tab.selectOption("#data", "drawn");
    await tab.getByRole("button", { name: "Add drawing" }).click();
    await tab.getByText("The pad is empty").waitFor();
    const pad = tab.locator("#pad");
    await pad.scrollIntoViewIfNeeded();
    const box = (await pad.boundingBox())!;
    await tab.mouse.move(box.x + 40, box.y + 30);
    await tab.mouse.down();
    await tab.mouse.move(box.x + 120, box.y + 130, { steps: 5 });
    await tab.mouse.up();
    await tab.getByRole("button", { name: "Add drawing" }).click();
    await tab.getByText("21 pictures of 28 × 28").waitFor(); // 24, less 3 to test on

    await pad.focus();
    for (const key of [
      "ArrowUp",
      "ArrowUp",
      "Space",
      "ArrowRight",
      "ArrowRight",
      "ArrowDown",
      "Space",
      "ArrowDown",
    ])
      await tab.keyboard.press(key);
    const drawn = await pixels(tab, "#pad");
    const lit = (x: number, y: number) => drawn[4 * (y * 168 + x)]! > 0;
    expect([lit(84, 68), lit(100, 68), lit(100, 76), lit(100, 92)]).toEqual([true, true, true, false]);
    await tab.getByRole("button", { name: "Add drawing" }).click();
    await tab.getByText("42 pictures of 28 × 28").waitFor();
    expect(await tab.locator("#drawings").getByRole("listitem").count()).toBe(2);
    expect((await pixels(tab, "#drawings canvas", 1)).some((value, i) => i % 4 < 3 && value > 0)).toBe(true);

    const before = await lastLook(tab);
    await trainTo(tab, 3);
    const after = await lastLook(tab);
    expect(after.step).toBe(3);
    expect(after.looks[0]!.pictures).not.toEqual(before.looks[0]!.pictures);
    expect(after.looks[0]!.pictures.every(Number.isFinite)).toBe(true);
    await tab.getByRole("button", { name: "Forget all" }).click();
    await tab.click("#reset"); // the run keeps the data that it has
    await tab.getByText("42 pictures of 28 × 28").waitFor();
    expect(wrong).toEqual([]);
  });

  test(
    "where Start trains on other pictures than were about to be given, the form says so",
    slow,
    async () => {
      const { tab, wrong } = studio;
      const shown = async () => [
        await tab.locator("#data").inputValue(),
        await tab.locator("#drawing").isVisible(),
        await tab.locator("#files").isVisible(),
      ];
      await drop(tab, [{ name: "images", bytes: images(8) }]);
      await tab.getByText("8 pictures of 16 × 16").waitFor();
      await tab.selectOption("#data", "drawn");
      expect(await shown()).toEqual(["drawn", true, false]);
      await tab.locator("#rank").fill("1"); // acts on the run at hand, and leaves the pad open
      await expect.poll(async () => (await lastLook(tab)).looks[0]!.codeSize, patient).toBe(1);
      expect(await shown()).toEqual(["drawn", true, false]);
      await trainTo(tab, 3);
      expect(await shown()).toEqual(["files", false, true]);
      await tab.selectOption("#data", "drawn");
      await tab.locator("#pad").focus();
      for (const key of ["Space", "ArrowRight", "ArrowRight"]) await tab.keyboard.press(key);
      await tab.getByRole("button", { name: "Add drawing" }).click();
      await tab.getByText("21 pictures of 28 × 28").waitFor();
      expect(await shown()).toEqual(["drawn", true, false]);
      expect(wrong).toEqual([]);
    },
  );
});

test("IDX files, packed or not, and pictures are trained on, and remembered", slow, async () => {
  const { tab, wrong } = await openStudio(site, query);
  const drops: [count: number, files: Parameters<typeof drop>[1]][] = [
    [
      27, // 30, less an eighth to test on
      [
        { name: "images", bytes: images(30) },
        { name: "labels", bytes: labels(30) },
      ],
    ],
    [35, [{ name: "images.gz", bytes: gzipSync(images(40)) }]],
    [
      28, // the smaller file is to test on
      [
        { name: "t10k", bytes: images(5) },
        { name: "train", bytes: images(28) },
      ],
    ],
    [
      24,
      Array.from({ length: 27 }, (_, k) => ({
        name: `${k}.png`,
        bytes: square(k === 0 ? 16 : 20 + k, (i) => (k % 2 ? [i % 256, 9 * k, 200] : [5 * k, 5 * k, 5 * k])),
      })),
    ],
  ];
  for (const [count, files] of drops) {
    await drop(tab, files);
    await tab.getByText(`${count} pictures of 16 × 16`).waitFor();
    expect(await tab.locator("#data").inputValue()).toBe("files");
    const given = await pixels(tab, ".lane .rows canvas", 0);
    const isGrey = given.every((value, i) => i % 4 === 3 || value === given[i - (i % 4)]);
    expect(isGrey).toBe(count !== 24);
    if (count === 27 || count === 24) await trainTo(tab, 3); // of each number of channels
  }
  await tab.selectOption("#data", "bumps");
  await tab.getByText("100 pictures of 16 × 16").waitFor();
  await tab.selectOption("#data", "files");
  await tab.getByText("24 pictures of 16 × 16").waitFor();

  const unused = tab.locator("#notices > [data-key=unused] > p");
  await drop(tab, [
    { name: "images", bytes: images(20) },
    { name: "seven", bytes: labels(7) },
  ]);
  await tab.getByText("18 pictures of 16 × 16").waitFor();
  expect(await unused.textContent()).toBe(
    "seven is left out: it has labels for 7 pictures, and images has 20.",
  );

  await drop(tab, [
    { name: "cut.png", bytes: square(16, () => [9, 9, 9]).subarray(0, 60) },
    { name: "good.png", bytes: square(16, (i) => [i % 256, 0, 0]) },
    { name: "notes.txt", bytes: new TextEncoder().encode("hello") },
    { name: "._good.png", bytes: new TextEncoder().encode("what macOS keeps") },
    ...Array.from({ length: 16 }, (_, k) => ({
      name: `${k}.png`,
      bytes: square(16, (i) => [i % 256, 9 * k, 0]),
    })),
  ]);
  await tab.getByText("15 pictures of 16 × 16").waitFor();
  expect(await unused.textContent()).toMatch(
    /^Left out: 1 hidden file \(\._good\.png\)\. Left out: notes\.txt is not a picture.* Left out: cut\.png is no picture/,
  );

  const error = () => tab.locator(".lane dt").first().textContent();
  expect(await error()).toBe("error on unseen pictures");
  await drop(tab, [{ name: "one.png", bytes: square(16, (i) => [i % 256, i % 99, 0]) }]);
  await tab.getByText("1 picture of 16 × 16").waitFor();
  const [row, one] = [tab.locator(".lane .rows"), tab.locator(".lane .rows canvas").first()];
  expect((await one.boundingBox())!.width).toBeLessThan((await row.boundingBox())!.width / 7); // as large as one of eight
  expect(await error()).toBe("error on training pictures"); // none can be spared to test on
  expect(await unused.count()).toBe(0);
  expect(await tab.locator("#rank").inputValue()).toBe("1"); // more cannot be found in a batch of one
  await trainTo(tab, 3);
  expect(wrong).toEqual([]);
  await tab.close();
});
