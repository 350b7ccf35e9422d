import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { Batches } from "../../src/data/batches.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { loadFolder } from "../../src/data/folder.node.ts";
import { leftOutInWords } from "../../src/data/left-out.ts";
import { loadDataset } from "../../src/data/load.node.ts";
import { ArgumentError } from "../../src/device/errors.ts";
import { bytes, expectDataError, jpg, plain, png, temporaryFolder } from "./files.ts";

const noisy = bytes(4 * 6 * 9).map((byte, i) => (i % 4 === 3 ? 255 : byte));

describe("loadFolder", () => {
  test("sorts by name, keeps grey pictures to one channel", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "b.png"), png(2, 3, plain(2, 3, [255, 255, 255])));
    writeFileSync(join(folder, "a.JPG"), jpg(2, 3, plain(2, 3, [0, 0, 0])));
    writeFileSync(join(folder, "notes.txt"), "not a picture");
    const data = await loadFolder(folder);
    expect(data.shape).toEqual([2, 3, 1]);
    expect(data.values(0, 1)[0]).toBeLessThan(0.02);
    expect(data.values(1, 2)[0]).toBe(1);
    expect((await loadFolder(folder, { channels: 3 })).shape).toEqual([2, 3, 3]);
    expect((await loadFolder(folder, { size: [4, 5] })).shape).toEqual([4, 5, 1]);
  });

  test("folders within are classes; colour keeps three channels, or is weighed to grey", async () => {
    const folder = temporaryFolder();
    for (const name of ["dogs", "cats", "empty"]) mkdirSync(join(folder, name));
    writeFileSync(join(folder, "cats", "1.png"), png(1, 1, plain(1, 1, [255, 0, 0])));
    writeFileSync(join(folder, "dogs", "1.png"), png(1, 1, plain(1, 1, [0, 255, 0])));
    const data = await loadFolder(folder);
    expect(data.shape).toEqual([1, 1, 3]);
    expect([...data.labels!]).toEqual([0, 1]);
    expect([...data.values()]).toEqual([1, 0, 0, 0, 1, 0]);
    expect([...(await loadFolder(folder, { channels: 1 })).stored]).toEqual([76, 150]);
  });

  test("folders that are linked with one another come to an end, and options that mean nothing are named", async () => {
    const folder = temporaryFolder();
    const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    for (const name of names) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "1.png"), png(1, 1, plain(1, 1, [9, 9, 9])));
      for (const other of names) if (other !== name) symlinkSync(`../${other}`, join(folder, name, other));
    }
    await expect(loadFolder(folder)).rejects.toThrow(/more than 2000 links to folders/);
    const wrong: [object, RegExp][] = [
      [{ size: 1e6 }, /a size of 1000000 × 1000000 has more than 67108864 pixels/],
      [{ size: [4] }, /expected a size of whole numbers/],
      [{ channels: 2 }, /channels: expected 1 or 3, got 2/],
      [{ names: [] }, /names: expected one or more/],
      [{ inMemory: NaN }, /inMemory: expected bytes from 0 on, got NaN/],
    ];
    for (const [options, message] of wrong) {
      const error = await loadFolder(join(folder, "a"), { names: ["1.png"], ...options }).catch(
        (e: unknown) => e,
      );
      expect(error).toBeInstanceOf(ArgumentError);
      expect(String(error)).toMatch(message);
    }
  });

  test("pictures too many for memory are read when they are needed, to the same values", async () => {
    const folder = temporaryFolder();
    const cache = temporaryFolder();
    for (const [index, name] of ["a", "b", "c", "d", "e", "f"].entries()) {
      mkdirSync(join(folder, name[0]! < "d" ? "one" : "two"), { recursive: true });
      const pixels = noisy.map((byte, i) => (i % 4 === 3 ? 255 : (byte + 40 * index) % 256));
      writeFileSync(join(folder, name[0]! < "d" ? "one" : "two", `${name}.png`), png(6, 9, pixels));
    }
    const options = { size: [4, 5] } as const;
    const held = await loadFolder(folder, options);
    const needed = await loadFolder(folder, { ...options, inMemory: 6 * 60 - 1 });
    const kept = await loadFolder(folder, { ...options, inMemory: 0, cache });
    expect([held.rows, needed.stored.length]).toEqual([undefined, 0]);
    expect([needed.count, needed.shape, needed.labels]).toEqual([6, held.shape, held.labels]);
    expect((await loadFolder(folder, { ...options, inMemory: 6 * 60 })).rows).toBeUndefined();
    const ways: ((data: Dataset) => Dataset)[] = [
      (data) => data,
      (data) => data.slice(1, 4),
      (data) => data.select([5, 0, 3]).take(2),
      (data) => data.split(2, 7)[1],
      (data) => data.standardised(),
    ];
    for (const way of ways) {
      expect(way(needed).values()).toEqual(way(held).values());
      expect(way(kept).values()).toEqual(way(held).values());
      expect(way(needed).labels).toEqual(way(held).labels);
      expect(way(needed).statistics()).toEqual(way(held).statistics());
    }
    const ways3 = [needed, kept, held].map((data) => new Batches(data, { batch: 4, seed: 3 }));
    for (let i = 0; i < 9; i++) {
      const [first, second, third] = ways3.map((batches) => {
        if (i === 5) batches.seek({ epoch: 1, index: 0 });
        const x = new Float32Array(4 * 60);
        return { indices: batches.next(x), x };
      });
      expect(first).toEqual(third);
      expect(second).toEqual(third);
      if (i % 2 === 0) await new Promise(setImmediate); // what is fetched ahead may be there, or not
    }
    const grey = { ...options, channels: 1 } as const;
    expect((await loadFolder(folder, { ...grey, inMemory: 0 })).values()).toEqual(
      (await loadFolder(folder, grey)).values(),
    );
    const before = kept.values(4, 5);
    writeFileSync(join(folder, "two", "e.png"), png(6, 9, noisy));
    await expectDataError(() => needed.values(4, 5), "e.png", 0, /no longer the one that was loaded/);
    writeFileSync(join(folder, "two", "e.png"), "gone");
    await expectDataError(() => needed.values(4, 5), "e.png", 0, /not a picture/);
    expect(kept.values(4, 5)).toEqual(before);
  });

  test("names the picture that does not fit, and the folder that has none", async () => {
    const folder = temporaryFolder();
    await expect(loadFolder(folder)).rejects.toThrow(/no pictures in .* \(looked for .png, .jpg/);
    await expect(loadFolder(join(folder, "nowhere"))).rejects.toThrow(ArgumentError);
    writeFileSync(join(folder, "a.png"), png(2, 2, plain(2, 2, [9, 9, 9])));
    writeFileSync(join(folder, "b.png"), png(3, 2, plain(3, 2, [9, 9, 9])));
    await expectDataError(() => loadFolder(folder), "b.png", 0, /3 × 2 pixels.*2 × 2/);
    expect((await loadFolder(folder, { size: 2 })).shape).toEqual([2, 2, 1]);
    await expect(loadFolder(folder, { size: 0 })).rejects.toThrow(/size of whole numbers/);
  });

  const g = png(4, 4, plain(4, 4, [9, 9, 9]));
  const red = png(4, 4, plain(4, 4, [255, 0, 0]));

  /** A folder with these files. */
  function folderOf(files: Record<string, Uint8Array | string>): string {
    const folder = temporaryFolder();
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    return folder;
  }
  const said = (...sets: Dataset[]) => leftOutInWords(sets).join(" ");

  test("what cannot be read is left out of a folder, counted and named, and refused where it is asked for", async () => {
    const folder = folderOf({
      "a.png": "no picture",
      "b.png": g,
      "c.jpg": g.subarray(0, 40),
      "d.png": "",
      "e.png": red,
    });
    for (const inMemory of [2 ** 32, 0]) {
      const data = await loadFolder(folder, { inMemory });
      expect([data.count, ...data.shape]).toEqual([2, 4, 4, 3]);
      expect(data.leftOut).toMatchObject([{ count: 3, what: "3 files that cannot be read" }]);
      expect(said(data, data.take(1))).toMatch(
        /^Left out: 3 files that cannot be read \(the first: .*a\.png: not a picture[^)]*\)\.$/,
      );
    }
    await expectDataError(() => loadFolder(folder, { names: ["b.png", "d.png"] }), "d.png", 0, /empty/);
    await expect(loadFolder(folderOf({ "a.png": "no" }))).rejects.toThrow(/none of the 1 pictures.*a\.png/);
  });

  test.each<[string, Record<string, Uint8Array | string>, number[] | number, string]>([
    [
      "hidden files",
      { "a.png": g, "._a.png": "x", ".DS_Store": "x", "Thumbs.db": "x" },
      1,
      "1 hidden file or folder (._a.png)",
    ],
    [
      "hidden folders",
      {
        "cat/a.png": g,
        "dog/b.png": g,
        ".ipynb_checkpoints/a.png": g,
        "__MACOSX/cat/._a.png": "x",
        "cat/.cache/a.png": g,
      },
      [0, 1],
      "3 hidden files and folders (the first: .ipynb_checkpoints)",
    ],
    [
      "a picture beside classes",
      { "z.png": g, "cat/a.png": g, "cat/b.png": g, "dog/c.png": g },
      [0, 0, 1],
      "1 picture beside folders of classes (z.png)",
    ],
    ["one folder beside more pictures", { "a.png": g, "b.png": g, "more/c.png": g }, 2, "1 picture in more"],
    [
      "one folder beside fewer pictures",
      { "z.png": g, "all/a.png": g, "all/b.png": g },
      [0, 0],
      "1 picture beside folders of classes",
    ],
    ["a folder with a file's name", { "a.png": g, "b.png/x.txt": "x" }, 1, ""],
    [
      "classes with a file's name",
      { "cat.png/a.png": g, "dog.jpg/b.png": g, cat: "x" },
      [0, 1],
      "1 file that is no picture (cat)",
    ],
    [
      "folders within classes",
      { "cat/z.png": g, "cat/more/a.png": g, "dog/2020/05/c.png": g },
      [0, 0, 1],
      "",
    ],
    [
      "a folder round all",
      { "faces/faces/cat/a.png": g, "faces/faces/dog/b.png": g, "readme.txt": "x" },
      [0, 1],
      "",
    ],
    [
      "other formats' names",
      { "a.JPEG": g, "b.webp": g, "c.bmp": "x", "d.jfif": g },
      3,
      "1 file that is no picture (c.bmp)",
    ],
  ])("takes %s", async (_, files, wanted, words) => {
    const data = await loadFolder(folderOf(files));
    expect(data.labels ? [...data.labels] : data.count).toEqual(wanted);
    expect(said(data)).toContain(words);
    if (words === "") expect(data.leftOut).toEqual([]);
  });

  test("a link that leads round in a circle is not followed", async () => {
    const folder = folderOf({ "cat/a.png": g, "dog/b.png": g });
    symlinkSync(folder, join(folder, "cat", "again"));
    symlinkSync(join(folder, "dog"), join(folder, "cow"));
    expect([...(await loadFolder(folder)).labels!]).toEqual([0, 1, 2]);
  });

  test.each(["test", "val", "valid", "validation", "Val"])(
    "train and %s are a split; classes have one number in both",
    async (name) => {
      const path = folderOf({
        "Train/b/1.png": g,
        "Train/c/2.png": g,
        [`${name}/a/3.png`]: g,
        [`${name}/c/4.png`]: g,
        "more/5.png": g,
        "6.png": g,
      });
      const { train, test } = await loadDataset("folder", { path });
      expect([[...train.labels!], [...test.labels!]]).toEqual([
        [1, 2],
        [0, 2],
      ]);
      expect(said(train, test)).toMatch(/1 picture in more .*1 picture beside Train and/);
    },
  );

  test("test comes before val, and train alone is split", async () => {
    const path = folderOf({ "train/a.png": g, "val/b.png": g, "test/c.png": g, "test/d.png": g });
    const both = await loadDataset("folder", { path });
    expect([both.train.count, both.test.count, said(both.train)]).toEqual([
      1,
      2,
      expect.stringMatching(/1 picture in val/),
    ]);
    const alone = await loadDataset("folder", {
      path: folderOf({ "train/a.png": g, "train/b.png": g, "test/.keep": "" }),
    });
    expect([alone.train.count, alone.test.count]).toEqual([1, 1]);
  });

  test("nothing depends on how much fits in memory", async () => {
    const folder = folderOf({
      ...Object.fromEntries(
        Array.from({ length: 130 }, (_, i) => [`${1000 + i}.png`, i === 70 ? "cut" : i === 129 ? red : g]),
      ),
    });
    const [held, needed] = [await loadFolder(folder), await loadFolder(folder, { inMemory: 100 })];
    expect([held.rows, needed.stored.length]).toEqual([undefined, 0]);
    expect([needed.count, needed.shape, needed.leftOut]).toEqual([held.count, held.shape, held.leftOut]);
    expect([held.count, ...held.shape]).toEqual([129, 4, 4, 3]);
    expect(needed.values()).toEqual(held.values());
    expect(needed.statistics()).toEqual(held.statistics());
  });
});
