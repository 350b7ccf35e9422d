import { gzipSync } from "node:zlib";
import { parseHTML } from "linkedom";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { StoredTensor } from "../../src/data/safetensors.ts";
import { DataError } from "../../src/device/errors.ts";
import { timesChart } from "../../src/web/bench/chart.ts";
import { logTicks } from "../../src/web/shared/charts.ts";
import { Latest } from "../../src/web/shared/latest.ts";
import { strongest } from "../../src/web/svd/words.ts";
import { Paced } from "../../src/web/shared/frames.ts";
import { galleryPage } from "../../src/web/build/gallery-page.ts";
import { addressOf, fileIn, readAddress } from "../../src/web/train/address.ts";
import { bytesOf } from "../../src/web/shared/bytes.ts";
import { loadChoice } from "../../src/web/train/datasets.ts";
import { readFiles } from "../../src/web/train/files.ts";
import { modelIn } from "../../src/web/train/infer.ts";
import type { Look, LossEvent } from "../../src/web/train/protocol.ts";
import { LookLog } from "../../src/web/train/lookLog.ts";
import { Runs } from "../../src/web/train/runs.ts";
import { RunLog, type LossLine } from "../../src/web/train/runLog.ts";
import { svdOnCpu } from "../../src/web/shared/svdOnCpu.ts";
import { told, why } from "../../src/web/train/words.ts";

describe("the page's address", () => {
  const read = (text: string) => readAddress(new URLSearchParams(text));

  test("is taken as it is where it asks for what there is", () => {
    const asked = read(
      "data=emoji&model=rrae&with=&rank=5&beta=0&seed=7&size=16&batch=8&steps=10&logEvery=1",
    );
    const numbers = { rank: 5, latent: 16, beta: 0, seed: 7, size: 16, batch: 8, steps: 10, logEvery: 1 };
    expect(asked).toEqual({ data: "emoji", model: "rrae", with: "", ...numbers, refused: [] });
    const { refused, data, model, with: other, size, ...rest } = asked;
    const settings = { ...rest, models: [model], data: { kind: "emoji", size: 16 } } as const;
    expect([refused, other, data]).toEqual([[], "", "emoji"]);
    expect(read(addressOf({ ...settings, models: [model] }, size).toString())).toEqual(asked); // and is written as it is read
    expect(read("")).toMatchObject({
      model: "vrrae",
      with: "vae",
      rank: 2,
      beta: 1e-3,
      seed: 500,
      refused: [],
    });
  });

  test.each([
    ["beta=-1", { beta: 0 }, /beta=-1 became 0: it goes from 0 to 1/],
    ["beta=Infinity", { beta: 1 }, /became 1/],
    ["beta=x", { beta: 1e-3 }, /beta=x is no number/],
    ["rank=", { rank: 2 }, /rank= is no number/],
    ["rank=2.6", { rank: 3 }, /rank=2.6 became 3: it is a whole number/],
    ["rank=1e9", { rank: 32 }, /from 1 to 32/],
    ["seed=-5", { seed: 0 }, /became 0: it goes from 0 to 4294967295/],
    ["size=100000", { size: 128 }, /became 128/],
    ["size=1", { size: 8 }, /became 8/],
    ["batch=0", { batch: 1 }, /became 1/],
    ["logEvery=NaN", { logEvery: undefined }, /no number/],
    ["model=gan", { model: "vrrae" }, /model=gan is none of ae, vae, rrae, /],
    ["model=", { model: "vrrae" }, /model= is none/],
    ["with=toString", { with: "vae" }, /none of/],
  ])("%s is mended, and said so", (text, values, words) => {
    const asked = read(text);
    expect(asked).toMatchObject(values);
    expect(asked.refused).toEqual([expect.stringMatching(words)]);
  });
});

describe("the losses of a long run", () => {
  const event = (step: number): LossEvent => {
    return {
      kind: "losses",
      step,
      epoch: 0,
      seconds: step,
      stepsPerSecond: 1,
      losses: [{ loss: step }],
      stages: [0],
    };
  };
  const steps = (log: RunLog) =>
    log
      .text(["ae"])
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { step: number }).step);

  test("are thinned evenly, the first and the last among them", () => {
    const log = new RunLog();
    for (let step = 1; step <= 4096; step++) log.add(event(step));
    expect(steps(log)).toHaveLength(4096);
    for (let step = 4097; step <= 50_001; step++) log.add(event(step));
    const kept = steps(log);
    expect(kept.length).toBeLessThanOrEqual(4096);
    expect(kept.length).toBeGreaterThan(2000);
    expect([kept[0], kept.at(-1), log.last?.step]).toEqual([1, 50_001, 50_001]);
    const gaps = new Set(kept.slice(1, -1).map((step, i) => step - kept[i]!));
    expect([...gaps]).toEqual([16]);
    const [{ points, ...line }] = log.lines(1) as [LossLine];
    expect(line).toEqual({ lane: 0, stage: 0, phase: "" });
    expect(points.length).toBeLessThanOrEqual(300);
    expect(points.at(-1)).toEqual({ step: 50_001, loss: 50_001 });

    log.cutTo(30_000);
    for (let step = 30_001; step <= 30_100; step++) log.add(event(step));
    const again = steps(log);
    expect(again.at(-1)).toBe(30_100);
    again.slice(1).forEach((step, i) => expect(step - again[i]!).toBeLessThanOrEqual(32));
    expect(again.length).toBeLessThan(2000);
    log.clear();
    expect([log.last, log.lines(1)]).toEqual([undefined, []]);
    for (const step of [1, 2, 3]) log.add(event(step));
    expect(steps(log)).toEqual([1, 2, 3]);
  });
});

test.each([
  [[100, 28], [30, 40, 50, 60, 70, 80, 90, 100], 6],
  [[1e-3, 900], [0.001, 0.01, 0.1, 1, 10, 100], 6],
  [[52, 58], [52, 53, 54, 55, 56, 57, 58], 6],
  [[4.93, 5.08], [5, 5], 3],
  [[60, 24], [30, 40, 50, 60], 6],
] as const)("the loss axis from %j has labels", (values, among, most) => {
  const ticks = logTicks(values);
  expect(ticks.length).toBeGreaterThanOrEqual(among[0] === among[1] ? 1 : 3);
  expect(ticks.length).toBeLessThanOrEqual(most);
  for (const tick of ticks) expect(among).toContain(tick);
});

test("a chart without losses, or of losses that are no numbers, has an axis without labels", () => {
  expect([logTicks([]), logTicks([0]), logTicks([NaN])]).toEqual([[], [], []]);
  expect(logTicks([7])).toEqual([7]);
});

describe("the benchmark's chart", () => {
  afterEach(() => vi.unstubAllGlobals());

  test.each([
    [1000, [120, 883], ["200", "400", "600", "800"]],
    [1000, [1, 300], ["1", "10", "100"]],
    [300, [120, 14_499], ["200", "2000"]],
  ] as const)(
    "%i pixels wide, from %j ms, has a label for each tick that fits",
    (clientWidth, times, labels) => {
      const { document } = parseHTML("<html><body></body></html>");
      vi.stubGlobal("document", document);
      vi.stubGlobal("window", { document });
      const host = Object.assign(document.createElement("div"), { clientWidth });
      timesChart(
        host,
        times.map((ms, i) => ({
          engine: i ? "jax-js" : "hestenes",
          case: "matmul",
          op: "fwd",
          ms,
          min: ms,
          n: 1,
        })),
      );
      const texts = [...host.querySelectorAll("text")].map(({ textContent }) => textContent);
      expect(texts.filter((text) => /^\d+$/.test(text))).toEqual(labels);
    },
  );
});

test("the pixel that moves a singular value most is named, and none where the value is 0", () => {
  const slopes = Float32Array.of(0, 0.25, 0, -0.5, 0, 0);
  const shape = { width: 3, channels: 1 } as const;
  expect(strongest(2, slopes, shape)).toBe("Strongest at row 2, column 1: slope -0.50000.");
  const coloured = { width: 1, channels: 3 } as const; // the sum over a pixel's colours counts, as in the drawing
  expect(strongest(2, slopes, coloured)).toBe(
    "Strongest at row 2, column 1: slope -0.50000, its three colours together.",
  );
  expect(strongest(0, slopes, shape)).toMatch(/^This singular value is 0: .*no pixel/);
});

describe("drawing", () => {
  afterEach(() => vi.unstubAllGlobals());

  test("is asked for once however often a hidden page is told something", () => {
    const frames: (() => void)[] = [];
    vi.stubGlobal("requestAnimationFrame", (draw: () => void) => frames.push(draw));
    const draw = vi.fn();
    const paced = new Paced(0, draw);
    for (let i = 0; i < 50; i++) paced.ask();
    expect(frames).toHaveLength(1);
    frames.pop()!();
    expect(draw).toHaveBeenCalledOnce();
    paced.ask();
    expect(frames).toHaveLength(1);

    const slow = new Paced(1000, draw);
    slow.ask();
    frames.pop()!();
    slow.ask();
    expect(frames).toHaveLength(1); // the first one's
  });
});

test("of values that come meanwhile the last one counts, and what waits for them comes after", async () => {
  const done: string[] = [];
  const latest = new Latest<string>(async (value, isLast) => {
    await Promise.resolve();
    done.push(`${value} ${isLast()}`);
  });
  for (const value of ["a", "b", "c"]) latest.give(value);
  await latest.settled();
  expect(done).toEqual(["a false", "c true"]);
  await latest.settled();
  latest.give("d");
  await latest.settled();
  expect(done).toEqual(["a false", "c true", "d true"]);
});

test("a file whose turn another run took is named, until one is asked for that need not wait", async () => {
  const { document, HTMLElement } = parseHTML("<html><body><div id=notices></div></body></html>");
  vi.stubGlobal("document", document);
  vi.stubGlobal("HTMLElement", HTMLElement);
  try {
    const runs = new Runs();
    const begun: string[] = [];
    const give = (name: string, file?: string) => {
      runs.give(() => Promise.resolve(void begun.push(name)), file);
    };
    const said = () => document.querySelector("#notices p")?.textContent;
    give("first");
    give("second", "mine.safetensors");
    give("third", "a.png and 2 more");
    expect(said()).toMatch(/^mine\.safetensors: .* took its place\. Give it again/);
    give("fourth");
    expect(said()).toMatch(/^mine\.safetensors, a\.png and 2 more: .* took their place\. Give them again/);
    await runs.settled();
    expect(begun).toEqual(["first", "fourth"]);
    expect(said()).toBeDefined(); // what took their place does not hide it
    give("fifth", "mine.safetensors");
    await runs.settled();
    expect([begun.at(-1), said()]).toEqual(["fifth", undefined]);
  } finally {
    vi.unstubAllGlobals();
  }
});

describe("files that are given to a page", () => {
  const header = (...shape: number[]) => {
    const bytes = new Uint8Array(4 + 4 * shape.length);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, 0x0800 + shape.length);
    shape.forEach((extent, axis) => view.setUint32(4 + 4 * axis, extent));
    return bytes;
  };
  const file = (name: string, ...parts: Uint8Array<ArrayBuffer>[]) => new File(parts, name);

  test("labels go with as many images, each with its own; what is left out is said", async () => {
    const images = (name: string) =>
      file(
        name,
        header(3, 2, 2),
        Uint8Array.from({ length: 12 }, (_, i) => i),
      );
    const labels = (name: string, ...values: number[]) =>
      file(name, header(values.length), Uint8Array.from(values));
    const files = [images("a"), labels("b", 0, 1, 2), images("c"), labels("d", 2, 1, 0), labels("e", 5)];
    const { train, test, unused } = await loadChoice({ kind: "files", files: [...files, images("f")] }, 1);
    expect([train.labels, test.labels]).toEqual([Uint8Array.of(0, 1, 2), Uint8Array.of(2, 1, 0)]);
    expect(unused).toEqual([
      "e is left out: it has labels for 1 picture, and a has 3, c has 3.",
      "f is left out: one file of images is trained on, and one is tested on.",
    ]);
  });

  test("what cannot be read is left out, with its reason, where there is something else to train on", async () => {
    const images = file(
      "good",
      header(2, 2, 2),
      Uint8Array.from({ length: 8 }, (_, i) => i),
    );
    const text = (name: string) => new File(["hello"], name);
    const { train, unused } = await loadChoice(
      { kind: "files", files: [text("a.txt"), images, file("cut", header(9, 2, 2))] },
      1,
    );
    expect(train.name).toBe("good");
    expect(unused).toEqual([
      expect.stringMatching(/^Left out: a\.txt is not a picture/),
      expect.stringMatching(/^Left out: cut is no IDX file/),
    ]);
    const many = await readFiles([images, ...["a", "b", "c", "d", "e"].map(text)]);
    expect(many.unused).toHaveLength(4);
    expect(many.unused.at(-1)).toBe("2 more files are left out.");
    const labels = file("labels", header(2), Uint8Array.of(0, 1));
    await expect(readFiles([file("cut", header(9, 2, 2)), labels])).rejects.toThrow(/^cut is no IDX file/);
    await expect(readFiles([text("a.txt"), text("b.txt")])).rejects.toThrow(/^a\.txt is not a picture/);
  });

  test("a packed file that unpacks to more than a page takes is refused before it is unpacked", async () => {
    const zeros = new Uint8Array(2 ** 20);
    const bomb = gzipSync(Buffer.concat([header(2 ** 20, 20, 20), ...Array<Uint8Array>(16).fill(zeros)]));
    const padding = gzipSync(
      Buffer.alloc(
        2 ** 19,
        Uint8Array.from({ length: 997 }, (_, i) => i * i),
      ),
    );
    const packed = file("bomb.gz", Uint8Array.from(bomb), Uint8Array.from(padding), zeros);
    await expect(readFiles([packed])).rejects.toThrow(
      /^bomb\.gz is .* too large\..*declares 419430416 bytes; 268435456 are unpacked here at most/,
    );
  });

  test("arrays of pictures that no page can train on are refused", async () => {
    const images = file("wide.idx", header(1, 300, 300), new Uint8Array(300 * 300));
    await expect(readFiles([images])).rejects.toThrow(
      /wide\.idx are too large: .*sides are of 300 pixels.*256 at most/,
    );
    const labels = file("labels.idx", header(5000), new Uint8Array(5000));
    expect(await readFiles([labels])).toMatchObject({ arrays: [{ name: "labels.idx", shape: [5000] }] });
  });

  test("a file of more bytes than any model has is not read", async () => {
    const huge = Object.defineProperty(new File([], "huge.safetensors"), "size", { value: 2 ** 33 });
    await expect(bytesOf(huge, huge.name)).rejects.toThrow(
      /^huge\.safetensors is too large for a page: it has 8,590 MB, and 268 MB are the most/,
    );
    const gone = Object.assign(new File([], "gone"), {
      arrayBuffer: () => Promise.reject(new Error("none")),
    });
    await expect(bytesOf(gone, gone.name)).rejects.toThrow(
      /^The browser cannot read gone\. .*choose it again/,
    );
    const small = new File([Uint8Array.of(1, 2)], "small");
    expect(await bytesOf(small, small.name)).toEqual(Uint8Array.of(1, 2));
  });
});

test("a model of another type than float32, or with what is no number, is refused by name", () => {
  const half = { dtype: "F16", shape: [2], data: new Uint16Array(2) } as const;
  const holding = (name: string, tensor: StoredTensor) => ({
    tensors: new Map([[name, tensor]]),
    metadata: {},
  });
  expect(() => modelIn(holding("basis", half), "half.safetensors")).toThrow(/basis is of type F16/);
  const broken = { dtype: "F32", shape: [2], data: Float32Array.of(1, NaN) } as const;
  expect(() => modelIn(holding("bias", broken), "broken")).toThrow(/^broken\W.*bias has NaN where/);
});

test.each([
  ["{", /what it says of its model is no JSON/],
  ["[]", /what it says of its model: .*expected object/],
  [{ model: "gan" }, /model/],
  [{ input: [16, 16, 1, 1] }, /input/],
  [{ input: [16] }, /a model of 16 numbers, not of pictures/],
  [{ settings: { latent: 65_536 } }, /says that latent is 65536, and holds nothing as long/],
  [{ settings: { latent: -1 } }, /latent is -1/],
  [{ settings: { secondWidth: "x" } }, /secondWidth is "x"/],
  [{ settings: { steps: 5 } }, /steps is no setting of two-stage/],
  [{ seed: 0.5 }, /seed/],
])("a file that says %j of its model is refused", (said, words) => {
  const whole = { model: "two-stage", data: "bumps", seed: 1, input: [16, 16, 1], settings: {} };
  const text = typeof said === "string" ? said : JSON.stringify({ ...whole, ...said });
  const tensors = new Map([["x", { dtype: "F32", shape: [8], data: new Float32Array(8) } as const]]);
  const read = () => modelIn({ tensors, metadata: { hestenes: text } }, "evil");
  expect(read).toThrow(DataError);
  expect(read).toThrow(words);
});

test.each([16, 28, 32, 48, 64, 96])("a model of square pictures of %i pixels is found to be one", (size) => {
  const places = Math.ceil(size / 16) ** 2;
  const shapes: Record<string, number[]> = {
    "encoder.conv1.weight": [3, 3, 1, 32],
    "encoder.conv2.weight": [3, 3, 32, 64],
    "encoder.linear.weight": [64 * Math.ceil(size / 4) ** 2, 8],
    "decoder.linear.weight": [8, 32 * places],
    "decoder.conv.weight": Array(2)
      .fill(16 * Math.sqrt(places) + 1 - size)
      .concat([8, 1]) as number[],
  };
  const tensors = new Map(
    Object.entries(shapes).map(([name, shape]) => [
      name,
      { dtype: "F32", shape, data: new Float32Array(1) } as const,
    ]),
  );
  expect(modelIn({ tensors, metadata: {} }, "square").input).toEqual([size, size, 1]);
});

test.each([
  [5, 9],
  [9, 5],
  [4, 4],
  [1, 3],
])("an SVD of %i × %i on the processor gives the matrix back, sorted, at right angles", (M, N) => {
  const values = Array.from({ length: M * N }, (_, i) => Math.sin(3 * i) + (i % N === 0 ? 2 : 0));
  const P = Math.min(M, N);
  const { U, S, Vt } = svdOnCpu(values, M, N);
  expect([U.length, S.length, Vt.length]).toEqual([M * P, P, P * N]);
  expect([...S]).toEqual([...S].sort((a, b) => b - a));
  const sum = (count: number, term: (p: number) => number) =>
    Array.from({ length: count }, (_, p) => term(p)).reduce((a, b) => a + b, 0);
  values.forEach((value, at) => {
    const [i, j] = [Math.floor(at / N), at % N];
    expect(sum(P, (p) => U[i * P + p]! * S[p]! * Vt[p * N + j]!)).toBeCloseTo(value, 10);
  });
  for (let p = 0; p < P; p++)
    for (let q = 0; q < P; q++) {
      expect(sum(M, (i) => U[i * P + p]! * U[i * P + q]!)).toBeCloseTo(Number(p === q), 10);
      if (S[p]! > 1e-9 && S[q]! > 1e-9)
        expect(sum(N, (j) => Vt[p * N + j]! * Vt[q * N + j]!)).toBeCloseTo(Number(p === q), 5);
    }
});

describe("what is said of a model's numbers comes from these", () => {
  const seen = (codes: number[], directions: number[], isFoundAnew = false) => {
    const [own, along] = [codes, directions].map((list) => Float32Array.from(list));
    return { codes: own, directions: along, active: 2, codeSize: 2, isFoundAnew } as Look;
  };
  const line = seen([1, -2, 2, -4, 3, -6], [3, 0]);
  const square = seen([1, 1, 1, -1, -1, 1, -1, -1], [1, 1], true);
  const point = seen([1, 1, 1, 1], [0, 0]);

  test("a line says one thing, a square two, a point none", () => {
    expect(told(line)).toMatch(/rise and fall together \(correlation −1\.00\): the dots lie on a line/);
    expect(told(square)).toMatch(/two different things \(correlation 0\.00\): the SVD gives/);
    expect(told(point)).toMatch(/same for every picture/);
  });

  test("why one is ahead is said where its numbers say more, and they come from an SVD", () => {
    const said = why([line, square], ["VAE", "VRRAE"]);
    if (said === "") throw new Error("nothing is said");
    expect(said.of).toBe("VRRAE");
    expect(said.words).toMatch(
      /^Why: the numbers of the VAE say one thing of a picture, those of the VRRAE 2/,
    );
    expect(why([square, square], ["RRAE", "VRRAE"])).toBe("");
    expect(why([line, { ...line, isFoundAnew: true }], ["VAE", "VRRAE"])).toBe("");
  });
});

test("the looks of a long run are thinned, the first and the last among them", () => {
  const log = new LookLog();
  const look = { pictures: new Float32Array(8), codes: new Float32Array(8), trace: {} } as Look;
  for (let step = 0; step <= 1000; step++) log.add({ kind: "look", step, looks: [look] });
  log.add({ kind: "look", step: 1000, looks: [look, look] }); // another one at that step
  const steps = log.events.map(({ step }) => step);
  expect(steps.length).toBeLessThanOrEqual(240);
  expect(steps.length).toBeGreaterThan(100);
  expect([steps[0], steps.at(-1), log.events.at(-1)!.looks.length]).toEqual([0, 1000, 2]);
  expect(new Set(steps).size).toBe(steps.length);
  log.cutTo(500);
  expect(log.events.at(-1)!.step).toBeLessThanOrEqual(500);
});

test("the gallery links each model's picture to the page that opens it", () => {
  const exhibit = { title: "A & B", shows: "What it shows.", testError: 12.34, file: "ae.safetensors" };
  const text = galleryPage([{ ...exhibit, picture: Uint8Array.of(1, 2, 3) }], {
    steps: 400,
    version: "1.2.3",
  });
  expect(text).toContain('href="../index.html?with=&amp;model=gallery/ae.safetensors"');
  expect(text).toContain('src="data:image/png;base64,AQID"');
  expect(text).toMatch(
    /<h2>A &amp; B<\/h2>[^]*What it shows\. Error on pictures that it has not seen: 12\.3 %\./,
  );
  expect(fileIn(new URLSearchParams("with=&model=gallery/ae.safetensors"))).toBe("gallery/ae.safetensors");
  expect(fileIn(new URLSearchParams("model=mask-aae"))).toBeUndefined();
});
