import { closeSync, fstatSync, readSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { libC } from "./libc.node.ts";

const STDERR = 2;
const MFD_CLOEXEC = 1;

/** What Dawn says whenever it meets an adapter with high limits on what hestenes does not use. */
const lowered =
  /^Warning: maxDynamic(?:Uniform|Storage)BuffersPerPipelineLayout artificially reduced from \d+ to \d+ to fit dynamic offset allocation limit\.\n/gm;

/**
 * Runs `use`, which ends before it returns, without Dawn's warnings of limits that it lowers: they go straight to the standard
 * error of the process. All else that is written there meanwhile follows when `use` has ended. Only the main thread does
 * so: a process that it starts meanwhile would inherit another standard error from a worker.
 */
export function withoutDawnsWarnings<T>(use: () => T): T {
  const libc = isMainThread ? libC() : undefined;
  if (!libc) return use();
  const held = libc.memfd_create("hestenes-stderr", MFD_CLOEXEC);
  const own = held < 0 ? -1 : libc.dup(STDERR);
  if (own < 0 || libc.dup2(held, STDERR) < 0) {
    for (const descriptor of [held, own]) if (descriptor >= 0) closeSync(descriptor);
    return use();
  }
  try {
    return use();
  } finally {
    libc.dup2(own, STDERR);
    closeSync(own);
    const text = Buffer.alloc(fstatSync(held).size);
    readSync(held, text, 0, text.length, 0);
    closeSync(held);
    const rest = text.toString("latin1").replaceAll(lowered, "");
    if (rest !== "") process.stderr.write(rest, "latin1");
  }
}
