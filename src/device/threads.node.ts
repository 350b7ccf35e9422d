import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { ArgumentError } from "./errors.ts";

/** Threads that a software adapter may have, by HESTENES_THREADS; undefined: as many as it takes by itself. */
export function threadsGiven(): number | undefined {
  const given = process.env.HESTENES_THREADS;
  if (!given) return undefined;
  const threads = Number(given);
  if (Number.isInteger(threads) && threads >= 1 && threads <= 1024) return threads;
  throw new ArgumentError(`HESTENES_THREADS is to be a whole number from 1 to 1024, not "${given}"`);
}

let isTold = false;

/**
 * Runs `use`, in which SwiftShader may make the first device of this process: it reads its number of threads then, from a
 * file in the folder that the process is in, and from nowhere else. Threads of Node cannot change that folder.
 */
export function withThreadsOfSwiftShader<T>(use: () => T): T {
  const threads = threadsGiven();
  if (threads === undefined || isTold || !isMainThread || process.platform !== "linux") return use();
  isTold = true;
  const before = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), "hestenes-threads-"));
  try {
    writeFileSync(join(folder, "SwiftShader.ini"), `[Processor]\nThreadCount=${threads}\n`);
    process.chdir(folder);
    return use();
  } finally {
    process.chdir(before);
    rmSync(folder, { recursive: true, force: true });
  }
}
