import * as fs from "node:fs";
import { join, resolve } from "node:path";
import { BusyError } from "../device/errors.ts";
import { isSystemError, makeFolder } from "./files.node.ts";

/** The file in a run folder that holds the id of the process that trains there. */
export const lockName = ".lock";

/** A lock without a process id is of a process about to write it, unless it is older than this, in milliseconds. */
const writing = 1000;

/** Held while a process trains in a folder. */
export interface RunLock {
  release(): void;
}

/** The locks that this process holds, by path. */
const held = new Set<string>();

/**
 * Locks a run folder for this process, and makes it where it is missing. The lock of a process that was killed is taken
 * over. It is removed by `release`, together with folders that were made and are still empty, and when the process exits.
 *
 * @throws BusyError if a process, this one included, trains there.
 */
export function lockFolder(folder: string): RunLock {
  const made = makeFolder(folder);
  const file = join(resolve(folder), lockName);
  if (!create(file)) {
    takeAside(file, folder);
    if (!create(file)) throw busy(file, folder, ownerOf(file));
  }
  held.add(file);
  const release = () => {
    if (!held.delete(file)) return;
    process.off("exit", release);
    fs.rmSync(file, { force: true });
    removeEmpty(made);
  };
  process.on("exit", release);
  return { release };
}

/** Writes a lock of this process, if there is none yet. */
function create(file: string): boolean {
  try {
    fs.writeFileSync(file, `${process.pid}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if (isSystemError(error) && error.code === "EEXIST") return false;
    throw error;
  }
}

/** Removes the lock of a process that is gone; that it is still the same one shows once it has another name. */
function takeAside(file: string, folder: string): void {
  const owner = ownerOf(file);
  if (owner !== undefined && isAlive(owner, file)) throw busy(file, folder, owner);
  const aside = `${file}.${process.pid}`;
  try {
    fs.renameSync(file, aside);
    if (ownerOf(aside) !== owner) {
      fs.renameSync(aside, file);
      throw busy(file, folder, ownerOf(file));
    }
    fs.rmSync(aside);
  } catch (error) {
    if (!(isSystemError(error) && error.code === "ENOENT")) throw error;
  }
}

/** The process id in a lock: 0 where it is being written, undefined where there is none. */
function ownerOf(file: string): number | undefined {
  try {
    const pid = Number(fs.readFileSync(file, "utf8"));
    if (Number.isSafeInteger(pid) && pid > 0) return pid;
    return Date.now() - fs.statSync(file).mtimeMs < writing ? 0 : undefined;
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** Whether a process with that id runs; this process's own id in a lock it does not hold is that of one gone. */
function isAlive(pid: number, file: string): boolean {
  if (pid === 0) return true;
  if (pid === process.pid) return held.has(file);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isSystemError(error) && error.code === "EPERM";
  }
}

function busy(file: string, folder: string, owner: number | undefined): BusyError {
  if (owner === process.pid) return new BusyError(`this process trains in ${folder} already`);
  return new BusyError(
    `another process${owner ? ` (pid ${owner})` : ""} trains in ${folder}; ` +
      `wait for it, or give another folder (if that process is something else, remove ${file})`,
  );
}

function removeEmpty(folders: readonly string[]): void {
  try {
    for (const folder of folders) fs.rmdirSync(folder);
  } catch (error) {
    if (!(isSystemError(error) && /^(ENOTEMPTY|EEXIST|ENOENT|EBUSY)$/.test(error.code ?? ""))) throw error;
  }
}
