import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ArgumentError, DataError, ShapeError } from "../../src/device/errors.ts";
import { readCheckpoint, writeCheckpoint } from "../../src/runs/checkpoint.node.ts";
import { compiled } from "../cli/command.ts";
import { temporaryFolder } from "../data/files.ts";
import { partsOf } from "./checkpoint-parts.ts";

let run: string;
const at = (...names: string[]) => join(run, ...names);
const copy = (from: string, to: string) => fs.cpSync(at(from), at(to), { recursive: true });
const remove = (name: string) => fs.rmSync(at(name), { recursive: true });

beforeEach(() => {
  run = fs.mkdtempSync(join(tmpdir(), "hestenes-checkpoint-"));
});
afterEach(() => fs.rmSync(run, { recursive: true }));

/** Reads, checks that all parts are of one step, and returns that step; 0 without a checkpoint. */
function stepRead(): number {
  const found = readCheckpoint(run);
  if (!found) return 0;
  const step = Number(found.state.step);
  expect(found).toEqual({
    ...partsOf(step),
    state: JSON.parse(JSON.stringify(partsOf(step).state)) as unknown,
  });
  return step;
}

describe("a checkpoint", () => {
  test("comes back as it was written, the newest one, with nothing left beside it", () => {
    expect(readCheckpoint(run)).toBeUndefined();
    for (const step of [1, 2, 3]) {
      writeCheckpoint(run, partsOf(step));
      expect(stepRead()).toBe(step);
      expect(fs.readdirSync(run)).toEqual(["checkpoint"]);
      expect(fs.readdirSync(at("checkpoint")).sort()).toEqual([
        "model.safetensors",
        "optimizer.safetensors",
        "state.json",
      ]);
    }
  });

  test("refuses a state that JSON would change, before anything is written", () => {
    const write = () => writeCheckpoint(run, { ...partsOf(1), state: { best: { error: Infinity } } });
    expect(write).toThrow(ArgumentError);
    expect(write).toThrow(/state\.error is Infinity/);
    expect(fs.readdirSync(run)).toEqual([]);
  });
});

describe("what a kill can leave", () => {
  beforeEach(() => {
    writeCheckpoint(run, partsOf(1));
    copy("checkpoint", "one");
    writeCheckpoint(run, partsOf(2));
    copy("checkpoint", "two");
    remove("checkpoint");
  });

  /** The step read now; a next write must clean up, and be read. */
  function stepAndThenWrite(): number {
    const step = stepRead();
    writeCheckpoint(run, partsOf(7));
    expect(stepRead()).toBe(7);
    expect(fs.readdirSync(run).sort()).toEqual(["checkpoint", "one", "two"]);
    return step;
  }

  test("a first checkpoint half written: none", () => {
    copy("two", "checkpoint.new");
    fs.rmSync(at("checkpoint.new", "state.json"));
    expect(stepAndThenWrite()).toBe(0);
  });

  test("a first checkpoint written and not yet renamed: that one", () => {
    copy("two", "checkpoint.new");
    expect(stepAndThenWrite()).toBe(2);
  });

  test("a next checkpoint half written: the one before", () => {
    copy("one", "checkpoint");
    fs.mkdirSync(at("checkpoint.new"));
    fs.writeFileSync(at("checkpoint.new", ".model.safetensors.tmp"), "half");
    expect(stepAndThenWrite()).toBe(1);
  });

  test("between the two renames: the new one", () => {
    copy("one", "checkpoint.old");
    copy("two", "checkpoint.new");
    expect(stepAndThenWrite()).toBe(2);
  });

  test("old one partly removed: the new one", () => {
    copy("one", "checkpoint.old");
    fs.rmSync(at("checkpoint.old", "model.safetensors"));
    copy("two", "checkpoint");
    expect(stepAndThenWrite()).toBe(2);
  });

  test("a new one that did not reach the disk: the old one", () => {
    copy("one", "checkpoint.old");
    copy("two", "checkpoint.new");
    fs.truncateSync(at("checkpoint.new", "model.safetensors"), 100);
    expect(stepAndThenWrite()).toBe(1);
  });

  test("a next write that comes to nothing: the newest is not lost", () => {
    copy("one", "checkpoint.old");
    copy("two", "checkpoint.new");
    const broken = { dtype: "F32", shape: [2], data: Float32Array.of(1) } as const;
    expect(() => writeCheckpoint(run, { ...partsOf(3), model: new Map([["w", broken]]) })).toThrow(
      ShapeError,
    );
    expect(fs.readdirSync(run).sort()).toEqual(["checkpoint", "one", "two"]);
    expect(stepAndThenWrite()).toBe(2);
  });
});

describe("a damaged checkpoint is an error that names the file", () => {
  beforeEach(() => writeCheckpoint(run, partsOf(1)));

  test.each(["model.safetensors", "optimizer.safetensors", "state.json"])(
    "%s: any flipped bit, any cut",
    (name) => {
      const path = at("checkpoint", name);
      const whole = fs.readFileSync(path);
      const expectError = () => {
        expect(() => readCheckpoint(run)).toThrow(DataError);
        expect(() => readCheckpoint(run)).toThrow(path);
      };
      for (let i = 0; i < 20; i++) {
        const place = Math.floor(((whole.length - 1) * i) / 20);
        const bytes = Buffer.from(whole);
        bytes[place]! ^= 1 << (i % 8);
        fs.writeFileSync(path, bytes);
        expectError();
        fs.writeFileSync(path, whole.subarray(0, place));
        expectError();
      }
      fs.rmSync(path);
      expectError();
    },
  );

  test("files of two checkpoints in one folder", () => {
    const model = fs.readFileSync(at("checkpoint", "model.safetensors"));
    writeCheckpoint(run, partsOf(51));
    fs.writeFileSync(at("checkpoint", "model.safetensors"), model);
    expect(() => readCheckpoint(run)).toThrow(
      /model\.safetensors: damaged or of another checkpoint: .*; delete the folder of the checkpoint, and the run/,
    );
    fs.rmSync(at("checkpoint", "model.safetensors"));
    expect(() => readCheckpoint(run)).toThrow(/missing from the checkpoint; delete the folder of the/);
  });
});

describe("kill -9", () => {
  const kills = 20;
  let child: ChildProcess | undefined;
  afterEach(() => child?.kill("SIGKILL"));

  test(
    `${kills} times at random moments: always the newest checkpoint, or one just finished`,
    { timeout: 180_000 },
    async () => {
      const writer = await compiled("kernels-test/runs/checkpoint-writer.ts", temporaryFolder());
      let newest = 0;
      let leftovers = 0;
      for (let kill = 0; kill < kills; kill++) {
        child = spawn(process.execPath, [writer, run], {
          stdio: ["ignore", "pipe", "inherit"],
        });
        let finished = 0;
        child.stdout!.on("data", (dots: Buffer) => (finished += dots.length));
        await once(child.stdout!, "data");
        const until = performance.now() + Math.random() * 100;
        while (performance.now() < until) {
          expect(stepRead()).toBeGreaterThanOrEqual(newest + 1);
          await wait(1);
        }
        child.kill("SIGKILL");
        await once(child, "close");
        if (fs.readdirSync(run).length > 1) leftovers++;
        const step = stepRead();
        expect(step - newest).toBeGreaterThanOrEqual(finished);
        expect(step - newest).toBeLessThanOrEqual(finished + 1);
        newest = step;
      }
      expect(leftovers).toBeGreaterThan(0);
    },
  );
});
