import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inject, vi } from "vitest";

/** The folder `name` of this run: the first process that asks for it has `build` fill it, others wait for that. */
export async function builtOnce(name: string, build: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(inject("builtInRun"), name);
  const outcome = `${folder}.outcome`;
  let isFirst = true;
  try {
    mkdirSync(folder);
  } catch {
    isFirst = false;
  }
  if (isFirst) {
    const failed = await build(folder).then(() => "", String);
    writeFileSync(outcome, failed);
  } else await vi.waitUntil(() => existsSync(outcome), { timeout: 240_000, interval: 200 });
  const failed = readFileSync(outcome, "utf8");
  if (failed !== "") throw new Error(`${name} could not be built: ${failed}`);
  return folder;
}
