import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { PNG } from "pngjs";
import { describe, expect, test } from "vitest";
import { loadArray, type ArrayOptions } from "../../src/data/array.node.ts";
import { loadDataset } from "../../src/data/load.node.ts";
import { writeNpy } from "../../src/data/npy.ts";
import { bytes, cifarFile, expectDataError, idxFile, realData, temporaryFolder } from "./files.ts";

/** A folder with MNIST's four files: 20 and 10 images of 28 × 28. `change` may replace any of them. */
function mnistFolder(change: Record<string, Uint8Array> = {}): string {
  const folder = temporaryFolder();
  const labels = (count: number) =>
    idxFile(
      [count],
      bytes(count).map((byte) => byte % 10),
    );
  const files: Record<string, Uint8Array> = {
    "train-images-idx3-ubyte": idxFile([20, 28, 28], bytes(20 * 784)),
    "train-labels-idx1-ubyte.gz": gzipSync(labels(20)),
    "t10k-images-idx3-ubyte.gz": gzipSync(idxFile([10, 28, 28], bytes(10 * 784))),
    "t10k-labels-idx1-ubyte": labels(10),
    ...change,
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

describe("mnist and fashion-mnist", () => {
  test("are read from packed and plain files alike", async () => {
    const { train, test } = await loadDataset("mnist", { path: mnistFolder() });
    expect([train.count, test.count, ...train.shape]).toEqual([20, 10, 28, 28, 1]);
    expect(train.labels!.length).toBe(20);
    expect(train.values(0, 1)[5]).toBeCloseTo(bytes(6)[5]! / 255, 6);
  });

  test("are read with dots in their names, in folders of their names, and where torchvision keeps them", async () => {
    const folder = mnistFolder();
    for (const entry of readdirSync(folder))
      renameSync(join(folder, entry), join(folder, entry.replace("-idx", ".idx")));
    mkdirSync(join(folder, "train-images-idx3-ubyte"));
    expect((await loadDataset("mnist", { path: folder })).train.count).toBe(20);
    const [images, own] = ["train-images.idx3-ubyte", "t10k-labels-idx1-ubyte"];
    renameSync(join(folder, images), join(folder, "train-images-idx3-ubyte", images));
    mkdirSync(join(folder, own));
    renameSync(join(folder, "t10k-labels.idx1-ubyte"), join(folder, own, own));
    expect((await loadDataset("mnist", { path: folder })).test.count).toBe(10);
    const above = temporaryFolder();
    mkdirSync(join(above, "MNIST"));
    cpSync(folder, join(above, "MNIST", "raw"), { recursive: true });
    expect((await loadDataset("mnist", { path: above })).train.count).toBe(20);
  });

  test("the real ones have their published means and deviations", async () => {
    for (const [name, folder, mean, std] of [
      ["mnist", "mnist", 0.1307, 0.3081],
      ["fashion-mnist", "fashion", 0.286, 0.353],
    ] as const) {
      const path = realData(folder);
      const { train, test } = await loadDataset(name, { path: path ?? mnistFolder() });
      expect(train.shape).toEqual([28, 28, 1]);
      if (!path) continue;
      expect([train.count, test.count]).toEqual([60_000, 10_000]);
      const statistics = train.statistics();
      expect(statistics.mean).toBeCloseTo(mean, 4);
      expect(statistics.std).toBeCloseTo(std, 4);
    }
  });

  test("missing files are listed, with the command that fetches them", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "t10k-labels-idx1-ubyte"), "x");
    const failure = expect(loadDataset("fashion-mnist", { path: folder })).rejects;
    await failure.toThrow(
      /lacks train-images-idx3-ubyte\[.gz\], train-labels.*t10k-images-idx3-ubyte\[.gz\] \(looked/,
    );
    await expect(loadDataset("mnist", { path: folder })).rejects.toThrow(/hestenes data download mnist$/);
    await expect(loadDataset("mnist", { path: join(folder, "no") })).rejects.toThrow(/cannot be read/);
    await expect(loadDataset("mnist")).rejects.toThrow(/a path to its files is needed/);
  });

  test("mislabelled files name themselves", async () => {
    const images = "train-images-idx3-ubyte";
    const labels = "train-labels-idx1-ubyte.gz";
    const cases: [Record<string, Uint8Array>, string, number, RegExp][] = [
      [{ [images]: idxFile([20], bytes(20)) }, images, 3, /expected 3 dimensions/],
      [{ [labels]: gzipSync(idxFile([19], new Uint8Array(19))) }, labels, 4, /19 labels for the 20 images/],
      [{ [labels]: idxFile([20], new Uint8Array(20).fill(10, 7)) }, labels, 15, /label 10/],
      [{ "t10k-images-idx3-ubyte.gz": idxFile([10, 4, 4], bytes(160)) }, "t10k-images", 8, /4 × 4 × 1/],
      [{ [images]: new Uint8Array(0) }, images, 0, /empty/],
    ];
    for (const [change, file, offset, message] of cases) {
      await expectDataError(() => loadDataset("mnist", { path: mnistFolder(change) }), file, offset, message);
    }
  });
});

describe("cifar10", () => {
  test("is read from whole and cut batches, the whole or longest one first, in its own folder or not", async () => {
    const path = temporaryFolder();
    const folder = join(path, "cifar-10-batches-bin");
    mkdirSync(folder);
    for (const batch of [1, 2, 3, 4]) writeFileSync(join(folder, `data_batch_${batch}.bin`), cifarFile(3));
    writeFileSync(join(folder, "data_batch_1.first1.bin"), cifarFile(1));
    writeFileSync(join(folder, "data_batch_5.first2.bin"), cifarFile(2));
    writeFileSync(join(folder, "data_batch_5.first4.bin"), cifarFile(4));
    await expect(loadDataset("cifar10", { path })).rejects.toThrow(
      /lacks test_batch.bin .*hestenes data download cifar10/,
    );
    writeFileSync(join(folder, "test_batch.bin"), cifarFile(5));
    for (const place of [path, folder]) {
      const { train, test } = await loadDataset("cifar10", { path: place });
      expect([train.count, test.count, ...train.shape]).toEqual([16, 5, 32, 32, 3]);
      expect([...train.labels!.subarray(11)]).toEqual([2, 0, 1, 2, 3]);
    }
    writeFileSync(join(folder, "data_batch_3.bin"), cifarFile(2).slice(0, 4000));
    await expectDataError(() => loadDataset("cifar10", { path }), "data_batch_3.bin", 3073);
  });

  test("the real part of it is read, where it is there", async () => {
    const generated = temporaryFolder();
    for (const batch of [1, 2, 3, 4, 5])
      writeFileSync(join(generated, `data_batch_${batch}.bin`), cifarFile(2));
    writeFileSync(join(generated, "test_batch.bin"), cifarFile(3));
    const real = realData("cifar10");
    const { train, test } = await loadDataset("cifar10", { path: real ?? generated });
    expect([train.count, test.count]).toEqual(real ? [8068, 1017] : [10, 3]);
    if (real) expect(train.statistics().mean).toBeCloseTo(0.473, 2);
  });
});

describe("npy", () => {
  const arrays = (folder: string, name: string, shape: number[], change?: (data: Float32Array) => void) => {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i);
    change?.(data);
    writeFileSync(join(folder, name), writeNpy(data, shape));
    return join(folder, name);
  };

  test("one file is split by the seed, a folder holds train and test", async () => {
    const folder = temporaryFolder();
    const path = arrays(folder, "train.npy", [20, 2, 3]);
    const { train, test } = await loadDataset("npy", { path, seed: 1 });
    expect([train.count, test.count, ...train.shape]).toEqual([18, 2, 2, 3, 1]);
    expect([...train.values(), ...test.values()].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 120 }, (_, i) => i),
    );
    expect((await loadDataset("npy", { path, seed: 2 })).test.values()).not.toEqual(test.values());
    expect((await loadDataset("npy", { path: folder })).test.count).toBe(2);
    arrays(folder, "validation.npy", [4, 2, 3]);
    expect((await loadDataset("npy", { path: folder })).test.count).toBe(4);
    arrays(folder, "test.npy", [3, 2, 3]);
    expect((await loadDataset("npy", { path: folder })).test.count).toBe(3);
    arrays(folder, "test.npy", [3, 3, 2]);
    await expect(loadDataset("npy", { path: folder })).rejects.toThrow(/samples of shape \[3, 2, 1\]/);
  });

  test("bytes become [0, 1]; NaN and shapes without samples are errors", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "bytes.npy");
    writeFileSync(path, writeNpy(Uint8Array.of(0, 255, 51, 102), [2, 2]));
    const { train, test } = await loadDataset("npy", { path });
    expect(train.shape).toEqual([2]);
    expect(Math.max(...train.values(), ...test.values())).toBe(1);
    const nan = arrays(folder, "nan.npy", [4, 2], (data) => (data[5] = NaN));
    await expectDataError(() => loadDataset("npy", { path: nan }), "nan.npy", 148, /element 5 is NaN/);
    await expectDataError(() => loadDataset("npy", { path: arrays(folder, "flat.npy", [4]) }), "flat.npy");
    await expect(loadDataset("npy", { path: temporaryFolder() })).rejects.toThrow(/lacks train.npy/);
    await expectDataError(
      () => loadDataset("npy", { path: join(folder, "none.npy") }),
      "none.npy",
      0,
      /cannot be opened/,
    );
  });
});

describe("loadArray", () => {
  /** A `.npy` file of these elements. */
  function file(type: string, shape: string, elements: ArrayLike<number> & ArrayBufferView): string {
    const header = `{'descr': '${type}', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117) + "\n";
    const path = join(temporaryFolder(), "x.npy");
    const start = Buffer.from("\x93NUMPY\x01\x00\x76\x00", "latin1");
    const { buffer, byteOffset, byteLength } = elements;
    writeFileSync(
      path,
      Buffer.concat([start, Buffer.from(header), Buffer.from(buffer, byteOffset, byteLength)]),
    );
    return path;
  }
  const values = async (path: string, options?: ArrayOptions) => [
    ...(await loadArray(path, options)).values(),
  ];

  test.each([
    ["|b1", Uint8Array.of(1, 0, 0, 1), [1, 0, 0, 1]],
    ["|u1", Uint8Array.of(255, 0, 51, 102), [1, 0, 51 / 255, 102 / 255]],
    ["<u2", Uint16Array.of(65535, 0, 257, 13107), [1, 0, 257 / 65535, 0.2]],
    ["<i2", Int16Array.of(-3, 0, 300, 9), [-3, 0, 300, 9]],
    ["<f4", Float32Array.of(255, 0, 0.5, -9), [255, 0, 0.5, -9]],
    ["<f2", Uint16Array.of(0x3c00, 0, 0x4000, 0x3800), [1, 0, 2, 0.5]],
  ])("takes %s by its type, whatever stores it", async (type, elements, wanted) => {
    const path = file(type, "(2, 2)", elements);
    expect(await values(path)).toEqual(wanted.map(Math.fround));
    const divided = await values(path, { divideBy: 2 });
    const stored = wanted.map((value) => value * ({ "|u1": 255, "<u2": 65535 }[type] ?? 1));
    divided.forEach((value, i) => expect(value).toBeCloseTo(stored[i]! / 2, 3));
    await expect(values(path, { divideBy: 0 })).rejects.toThrow(/divideBy: expected a number above 0/);
  });

  test("channels first are noticed, and put last where that is asked for", async () => {
    const planes = Uint8Array.from({ length: 2 * 3 * 5 * 6 }, (_, i) => i);
    const path = file("|u1", "(2, 3, 5, 6)", planes);
    await expectDataError(() => loadArray(path), "x.npy", 10, /looks like \[N, C, H, W\].*--layout NCHW/);
    const data = await loadArray(path, { layout: "NCHW", divideBy: 1 });
    expect(data.shape).toEqual([5, 6, 3]);
    expect([...data.values(1, 2).subarray(0, 6)]).toEqual([90, 120, 150, 91, 121, 151]);
    expect((await loadArray(path, { layout: "NHWC" })).shape).toEqual([3, 5, 6]);
    await expect(loadArray(path, { layout: "nchw" as "NCHW" })).rejects.toThrow(/NHWC or NCHW, got nchw/);
    expect((await loadArray(file("|u1", "(20, 1, 1, 9)", planes))).shape).toEqual([1, 1, 9]);
    await expectDataError(() => loadArray(file("|u1", "(20, 9)", planes), { layout: "NCHW" }), "x.npy", 10);
  });
});

test("a folder of pictures is split, or has train and test within", async () => {
  const path = temporaryFolder();
  const picture = new PNG({ width: 2, height: 2 });
  picture.data.fill(255);
  for (let i = 0; i < 10; i++) writeFileSync(join(path, `${i}.png`), PNG.sync.write(picture));
  const split = await loadDataset("folder", { path });
  expect([split.train.count, split.test.count]).toEqual([9, 1]);
  for (const part of ["train", "test"]) mkdirSync(join(path, part));
  writeFileSync(join(path, "train", "a.png"), PNG.sync.write(picture));
  writeFileSync(join(path, "test", "b.png"), PNG.sync.write(picture));
  const own = await loadDataset("folder", { path, size: 3 });
  expect([own.train.count, own.test.count, ...own.test.shape]).toEqual([1, 1, 3, 3, 1]);
});

test("bumps need no path and have a second test set; other names are errors", async () => {
  const { train, test, diagonal } = await loadDataset("bumps", { size: 16, testCount: 7 });
  expect([train.count, test.count, diagonal!.count, train.shape[0]]).toEqual([100, 7, 7, 16]);
  await expect(loadDataset("imagenet" as "mnist", { path: "." })).rejects.toThrow(
    /no data set "imagenet"; there are bumps/,
  );
  await expect(loadDataset("bumps", { size: [4, 5] })).rejects.toThrow(/square/);
});

describe("a folder with the split of CelebA", () => {
  /** Pictures as wide as CelebA's, each of one colour that tells its number. */
  function faces(
    list: string,
    { count = 7, within = "img_align_celeba", file = "list_eval_partition.txt" } = {},
  ) {
    const folder = temporaryFolder();
    mkdirSync(join(folder, within), { recursive: true });
    for (let i = 1; i <= count; i++) {
      const image = new PNG({ width: 178, height: 218 });
      for (let at = 0; at < image.data.length; at += 4) image.data.set([10 * i, 20, 30, 255], at);
      writeFileSync(join(folder, within, `00000${i}.png`), PNG.sync.write(image));
    }
    writeFileSync(join(folder, file), list);
    return folder;
  }
  const official = [0, 0, 1, 0, 2, 2, 0].map((part, i) => `00000${i + 1}.png ${part}\n`).join("");
  const reds = (set: { count: number; size: number; values(): Float32Array }) =>
    Array.from({ length: set.count }, (_, n) => Math.round((255 * set.values()[n * set.size]!) / 10));

  test("is split as its file says, resized to the paper's 160 × 160", async () => {
    const { train, test } = await loadDataset("folder", { path: faces(official), size: 160 });
    expect([train.shape, test.shape]).toEqual([
      [160, 160, 3],
      [160, 160, 3],
    ]);
    expect(reds(train)).toEqual([1, 2, 4, 7]);
    expect(reds(test)).toEqual([5, 6]); // from the first on
  });

  test("reads no more training pictures than it is asked for, in folders within each other, from CSV too", async () => {
    const csv = "image_id,partition\n" + official.replaceAll(" ", ",").replace("000004", "missing");
    const within = "img_align_celeba/img_align_celeba";
    const path = faces(csv, { within, file: "list_eval_partition.csv" });
    rmSync(join(path, within, "000004.png"));
    const { train, test } = await loadDataset("folder", { path, size: 8, limit: 2 });
    expect([reds(train), reds(test)]).toEqual([
      [1, 2],
      [5, 6],
    ]);
    await expectDataError(() => loadDataset("folder", { path, size: 8 }), "missing.png");
  });

  test.each([
    ["000001.png 0\n000002.png 3\n", 13, /expected a picture's name and 0, 1 or 2, got "000002.png 3"/],
    ["000001.png 0\n../../etc/passwd 2\n", 13, /got "..\/..\/etc\/passwd 2"/],
    ["000001.png\n", 0, /expected a picture's name/],
  ])("refuses %j", async (list, offset, message) => {
    await expectDataError(
      () => loadDataset("folder", { path: faces(list), size: 8 }),
      "list_eval_partition.txt",
      offset,
      message,
    );
  });

  test("refuses pictures that the file, perhaps cut short, does not name", async () => {
    const path = faces(official.split("\n").slice(0, 5).join("\n"));
    await expect(loadDataset("folder", { path, size: 8 })).rejects.toThrow(
      /does not say what 000006.png is for, nor 1 more of the pictures in .*img_align_celeba/,
    );
  });

  test("needs pictures of both kinds", async () => {
    const path = faces("000001.png 0\n");
    await expect(loadDataset("folder", { path, size: 8 })).rejects.toThrow(/has no pictures for test/);
  });
});
