import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { BusyError } from "../../src/device/errors.ts";
import { lockFolder } from "../../src/runs/lock.node.ts";
import { temporaryFolder } from "../data/files.ts";

/** The id of a process that is gone. */
const gone = () => spawnSync(process.execPath, ["--version"]).pid;

test("a lock holds the process id, keeps others out, and leaves no trace", () => {
  const parent = temporaryFolder();
  const folder = `${parent}/runs/one`;
  const lock = lockFolder(folder);
  expect(readFileSync(`${folder}/.lock`, "utf8")).toBe(`${process.pid}\n`);
  expect(() => lockFolder(folder)).toThrow(BusyError);
  expect(() => lockFolder(folder)).toThrow(`this process trains in ${folder} already`);
  lock.release();
  lock.release();
  expect(readdirSync(parent)).toEqual([]);
});

test("a folder with something in it stays", () => {
  const folder = `${temporaryFolder()}/run`;
  const lock = lockFolder(folder);
  writeFileSync(`${folder}/config.json`, "{}");
  lock.release();
  expect(readdirSync(folder)).toEqual(["config.json"]);
});

test("a process that runs keeps its lock", () => {
  const folder = temporaryFolder();
  writeFileSync(`${folder}/.lock`, `${process.ppid}\n`);
  expect(() => lockFolder(folder)).toThrow(
    new RegExp(`another process \\(pid ${process.ppid}\\) trains in .*; wait for it, or give another folder`),
  );
  expect(readFileSync(`${folder}/.lock`, "utf8")).toBe(`${process.ppid}\n`);
});

test.each([
  ["of a process that was killed", () => `${gone()}\n`],
  ["of an earlier process with this one's id", () => `${process.pid}\n`],
])("a lock %s is taken over", (_, content) => {
  const folder = temporaryFolder();
  writeFileSync(`${folder}/.lock`, content());
  const lock = lockFolder(folder);
  expect(readdirSync(folder)).toEqual([".lock"]);
  lock.release();
  expect(existsSync(`${folder}/.lock`)).toBe(false);
});

test("a lock without a process id is about to get one, unless it is old", () => {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/.lock`, "");
  expect(() => lockFolder(folder)).toThrow(/another process trains in/);
  utimesSync(`${folder}/.lock`, 1, 1);
  lockFolder(folder).release();
  expect(readdirSync(folder)).toEqual([]);
});
