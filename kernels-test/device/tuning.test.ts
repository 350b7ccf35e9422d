import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { openDevice, type Device } from "../../src/device/device.ts";
import { readTuning, saveTuning } from "../../src/device/tuning.node.ts";
import { version } from "../../src/device/version.node.ts";
import { chooseTile, classOf, shippedTile, tilesFor, type Tile } from "../../src/ops/lib/choice.ts";
import { judge, steps, trials, type Trial } from "../../src/ops/lib/tune.ts";
import { matmul } from "../../src/ops/matmul.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { temporaryFolder } from "../data/files.ts";

const adapter = { name: "Abacus 9 (beads)", driver: "wood 1.2" };
let folder: string;
beforeEach(() => {
  const cache = temporaryFolder();
  folder = join(cache, "hestenes");
  vi.stubEnv("XDG_CACHE_HOME", cache);
  vi.stubEnv("TMPDIR", cache);
});
afterEach(() => vi.unstubAllEnvs());

describe("what was measured", () => {
  test("is read as it was saved, for its adapter only", () => {
    expect(readTuning(adapter)).toBeUndefined();
    const choices = new Map([["matmul.tile 33+ × 1-4", "own"]]);
    const file = saveTuning(adapter, choices);
    expect(file).toBe(join(folder, "tiles-abacus-9-beads.json"));
    expect(readdirSync(folder)).toEqual(["tiles-abacus-9-beads.json"]);
    const date = new Date().toISOString().slice(0, 10);
    expect(readTuning(adapter)).toEqual({ file, date, choices });
    expect(readTuning({ ...adapter, name: "Abacus 8" })).toBeUndefined();
  });

  const good = { adapter: adapter.name, driver: adapter.driver, version, date: "2026-01-31", choices: {} };
  const bad: [why: string, text: string, said: RegExp][] = [
    ["cut off", '{ "adapter": "Aba', /JSON/],
    ["empty", "", /JSON/],
    ["no object", "[1, 2]", /expected object/],
    [
      "of another driver",
      JSON.stringify({ ...good, driver: "wood 1.1" }),
      /driver "wood 1\.1", this is wood 1\.2/,
    ],
    ["of another version", JSON.stringify({ ...good, version: "0.0.1" }), /hestenes "0\.0\.1", this is/],
    [
      "of another adapter",
      JSON.stringify({ ...good, adapter: "Abacus-9 beads" }),
      /the adapter "Abacus-9 beads"/,
    ],
    ["without choices", JSON.stringify({ ...good, choices: undefined }), /choices: .*expected record/],
    ["with choices that are none", JSON.stringify({ ...good, choices: { a: { b: 1 } } }), /choices\.a: /],
    ["with more in it", JSON.stringify({ ...good, "\x1b[2J": 1 }), /Unrecognized key/],
    ["of another date", JSON.stringify({ ...good, date: "yesterday" }), /date: /],
    ["with control characters", "\x1b[2J\n\x07", /JSON/],
    ["huge", JSON.stringify(good) + " ".repeat(70_000), /has \d+ bytes/],
  ];
  test.each(bad)("is passed over where it is %s, with a line that says so", (_, text, said) => {
    const file = saveTuning(adapter, new Map());
    writeFileSync(file, text);
    const lines: string[] = [];
    expect(readTuning(adapter, (line) => lines.push(line))).toBeUndefined();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^hestenes: .*tiles-abacus-9-beads\.json is not used: [\x20-\x7e]*--tune makes it anew$/,
    );
    expect(lines[0]).toMatch(said);
    saveTuning(adapter, new Map([["a", "b"]]));
    expect(readTuning(adapter)?.choices.get("a")).toBe("b");
  });

  test.runIf(process.getuid)("is passed over where others may write to it, or where it is no file", () => {
    const lines: string[] = [];
    const file = saveTuning(adapter, new Map());
    expect(statSync(file).mode & 0o777).toBe(0o600);
    chmodSync(file, 0o622);
    expect(readTuning(adapter, (line) => lines.push(line))).toBeUndefined();
    mkdirSync(join(folder, "tiles-sand.json"));
    expect(readTuning({ ...adapter, name: "sand" }, (line) => lines.push(line))).toBeUndefined();
    expect(lines).toEqual([
      expect.stringMatching(/others may write/),
      expect.stringMatching(/it is no file/),
    ]);
  });
});

/** Runs `body` with a device that was opened with these choices on disk. */
async function withChoices(choices: Record<string, string>, body: (device: Device) => Promise<void> | void) {
  const plain = await openDevice({ tuned: false });
  saveTuning(plain.info, new Map(Object.entries(choices)));
  plain.close();
  const device = await openDevice();
  try {
    await body(device);
  } finally {
    device.close();
  }
}

describe("a device", () => {
  const large = { label: "matmul.tile", rows: 64, columns: 64 };

  test("takes the measured kernel for the class it was measured for, and no other", async () => {
    await withChoices({ [classOf(large)]: "own" }, async (device) => {
      const launched: string[] = [];
      device.watch = (_, label) => launched.push(label);
      const a = tensor(device, new Float32Array(64 * 64).fill(1), [64, 64]);
      const y = matmul(a, a);
      expect(launched).toEqual(["output of matmul.tile"]);
      expect(new Set(await y.read())).toEqual(new Set([64]));
      expect(chooseTile(device, large)).toBe("own");
      for (const other of [
        { ...large, label: "conv2d.forward" },
        { ...large, rows: 32 },
        { ...large, columns: 32 },
      ])
        expect(chooseTile(device, other)).toBe(shippedTile(device, other));
      const shipped = await openDevice({ tuned: false });
      expect(chooseTile(shipped, large)).not.toBe("own");
      shipped.close();
    });
  });

  test.each(["abacus", "tall", "toString", ""])(
    "takes the shipped one for a choice of %j that it lacks",
    async (choice) => {
      await withChoices({ [classOf(large)]: choice }, (device) => {
        expect(chooseTile(device, large)).toBe(shippedTile(device, large));
      });
    },
  );

  test("says why it passes a file over, and opens", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    await withChoices({}, () => undefined);
    expect(warn).not.toHaveBeenCalled();
    const [file] = readdirSync(folder).filter((name) => name.startsWith("tiles-"));
    writeFileSync(join(folder, file!), readFileSync(join(folder, file!), "utf8").replace(version, "0.0.0"));
    const device = await openDevice();
    expect(warn.mock.calls.flat()).toEqual([
      expect.stringMatching(/not used: it was measured with hestenes "0\.0\.0"/),
    ]);
    expect(device.tuning.size).toBe(0);
    device.close();
    warn.mockRestore();
  });
});

describe("tuning", () => {
  let device: Device;
  beforeEach(async () => void (device = await openDevice({ tuned: false })));
  afterEach(() => device.close());

  test("has one trial for each class, and a shipped kernel for every shape", () => {
    const names = trials(device).map(classOf);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("matmul.tile 33+ × 33+");
    for (const rows of [1, 4, 5, 32, 33, 1e6])
      for (const columns of [1, 4, 5, 8, 9, 16, 17, 32, 33, 1e6])
        expect(tilesFor(device, columns)).toContain(shippedTile(device, { label: "", rows, columns }));
  });

  test("runs each kind of trial with every kernel, and frees what it used", async () => {
    const all = trials(device).filter(({ columns }) => columns === 12);
    expect(new Set(all.map(({ label }) => label)).size).toBe(4);
    const reported: Trial[] = [];
    const verdicts = await judge(device, all, (trial) => reported.push(trial));
    expect(reported).toHaveLength(steps(all));
    expect(verdicts.map(({ name }) => name)).toEqual(all.map(classOf));
    verdicts.forEach(({ chosen, shipped, gain, gflops }, i) => {
      const tiles = tilesFor(device, all[i]!.columns);
      expect(Object.keys(gflops)).toEqual(tiles);
      expect(tiles).toContain(chosen);
      expect(Object.values(gflops).every((rate) => rate > 0)).toBe(true);
      if (chosen === shipped) expect(gain).toBe(1);
      else expect(gain).toBeGreaterThan(1.05);
    });
    expect(device.memory().byKind.tensor.live).toBe(0);
  }, 180_000);

  test("finds the kernel that is faster, and keeps the shipped one where none is", async () => {
    const [real] = trials(device).filter(({ label, rows }) => label === "matmul.tile" && rows > 32);
    const shipped = shippedTile(device, real!);
    /** The trial with the same kernel for all, which those that are slow have to run thirty times. */
    const rigged = (isSlow: (tile: Tile) => boolean): Trial => ({
      ...real!,
      prepare: (device) => {
        const { operands, launch } = real!.prepare(device);
        const repeat = (tile: Tile) => {
          for (let i = 0; i < (isSlow(tile) ? 30 : 1); i++) launch(shipped);
        };
        return { operands, launch: repeat };
      },
    });
    const [fast, slow] = await judge(device, [
      rigged((tile) => tile === shipped),
      rigged((tile) => tile !== shipped),
    ]);
    expect(fast!.chosen).not.toBe(shipped);
    expect(fast!.gain).toBeGreaterThan(3);
    expect(slow).toMatchObject({ chosen: shipped, gain: 1 });
  });
});
