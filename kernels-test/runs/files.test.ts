import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ArgumentError, DataError } from "../../src/device/errors.ts";
import { appendLine, makeFolder, readJsonLines, writeFileAtomic } from "../../src/runs/files.node.ts";

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hestenes-files-"));
  path = join(folder, "history.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("writeFileAtomic", () => {
  test("replaces text and bytes and leaves nothing else in the folder", () => {
    writeFileAtomic(path, "before, and longer");
    writeFileAtomic(path, Uint8Array.of(1, 2, 3));
    expect([...readFileSync(path)]).toEqual([1, 2, 3]);
    expect(readdirSync(folder)).toEqual(["history.jsonl"]);
  });

  test("cleans up after itself where the target cannot be replaced", () => {
    const target = join(folder, "a-folder");
    mkdirSync(target);
    expect(() => writeFileAtomic(target, "text")).toThrow();
    expect(readdirSync(folder)).toEqual(["a-folder"]);
  });

  test("says when the folder is missing", () => {
    expect(() => writeFileAtomic(join(folder, "no", "file"), "text")).toThrow(/ENOENT/);
  });
});

describe("json lines", () => {
  test("come back as they were appended", () => {
    appendLine(path, { step: 1, loss: 0.5 });
    appendLine(path, { step: 2, loss: NaN, name: "två\nlines" });
    expect(readJsonLines(path, z.unknown())).toEqual([
      { step: 1, loss: 0.5 },
      { step: 2, loss: null, name: "två\nlines" },
    ]);
  });

  test("a file that does not exist, or is empty, has no rows", () => {
    expect(existsSync(path)).toBe(false);
    expect(readJsonLines(path, z.unknown())).toEqual([]);
    writeFileSync(path, "");
    expect(readJsonLines(path, z.unknown())).toEqual([]);
  });

  test("cut at any byte: whole rows are kept, and the next row can be appended", () => {
    const whole = '{"step":1,"é":1}\n{"step":2,"é":1}\n';
    const bytes = Buffer.from(whole);
    for (let length = 0; length <= bytes.length; length++) {
      writeFileSync(path, bytes.subarray(0, length));
      const lineEnd = bytes.length / 2;
      const rows = Math.floor((length + 1) / lineEnd);
      expect(readJsonLines(path, z.unknown())).toHaveLength(rows);
      appendLine(path, { step: 3 });
      expect(readJsonLines(path, z.unknown())).toHaveLength(rows + 1);
      expect(readJsonLines(path, z.unknown()).at(-1)).toEqual({ step: 3 });
    }
  });

  test("a bad line before the last is an error with its byte offset", () => {
    appendLine(path, { é: 1 });
    appendFileSync(path, "{oops\n");
    appendLine(path, { step: 2 });
    expect(() => readJsonLines(path, z.unknown())).toThrow(DataError);
    expect(() => readJsonLines(path, z.unknown())).toThrow(
      /history\.jsonl, byte 9: line 2 is not JSON: "\{oops"/,
    );
  });
});

test("rows of another kind are refused by line and reason", () => {
  writeFileSync(path, '{"step":1}\n\n{"step":"two"}\n');
  const read = () => readJsonLines(path, z.object({ step: z.number() }));
  expect(read).toThrow(DataError);
  expect(read).toThrow(/history\.jsonl, byte 12: line 3 is no row: .*expected number.*step/);
});

describe("makeFolder", () => {
  test("makes what is missing, and tells what was", () => {
    const inner = join(folder, "a", "b");
    expect(makeFolder(inner)).toEqual([inner, join(folder, "a")]);
    expect(makeFolder(inner)).toEqual([]);
  });

  test("names the folder that cannot be made", () => {
    writeFileSync(path, "");
    for (const wrong of [path, join(path, "x")]) expect(() => makeFolder(wrong)).toThrow(ArgumentError);
    expect(() => makeFolder(path)).toThrow(/history\.jsonl cannot be made \(there is a file of that name\)/);
  });
});
