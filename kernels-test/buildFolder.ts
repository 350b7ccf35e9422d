import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The folder of this run, in which the first file that needs something built builds it for all. */
    builtInRun: string;
  }
}

/** Gives the files of a run a folder to share, until all have run. */
export function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "hestenes-built-"));
  project.provide("builtInRun", folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
