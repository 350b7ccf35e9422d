import * as fs from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { isSystemError } from "./files.node.ts";

// What lies in the folder `.lease` of a run folder, and the renamings that change it; what they mean is in lease.node.ts.

/** The folder of the lease within a run folder; what is there besides a run's own files begins with one of these. */
export const leaseNames = [".lease", ".lock"] as const;

/** The folder in the lease that a checkpoint waits in while the next one takes its place. */
export const asideName = "checkpoint.old";

const holderSchema = z.object({
  host: z.string(),
  machine: z.string(),
  pid: z.int(),
  started: z.string(),
  silence: z.number().positive(),
});
/** Who holds a lease, as it tells others. */
export type Holder = z.output<typeof holderSchema>;

/** The one folder in a lease: a count, and the token of its holder. */
export const nameOf = (count: number, token: string) => `${count}-${token}`;

/** The name of the one folder in a lease; undefined where there is no lease yet, or none any more. */
export function seenName(folder: string): string | undefined {
  try {
    return fs.readdirSync(join(folder, leaseNames[0]))[0];
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** The folder of the one who holds the lease, where there is one. */
export function stageOf(folder: string): string | undefined {
  const name = seenName(folder);
  return name === undefined ? undefined : join(folder, leaseNames[0], name);
}

/** Puts a checkpoint back that waits in the lease and was not replaced. */
export function restore(folder: string, stage: string): void {
  const current = join(folder, "checkpoint");
  if (!fs.existsSync(current) && fs.existsSync(join(stage, asideName)))
    fs.renameSync(join(stage, asideName), current);
}

/** Who holds the lease, as far as it can be read. */
export function holderOf(folder: string): Holder | undefined {
  const stage = stageOf(folder);
  if (stage === undefined) return undefined;
  try {
    const text = fs.readFileSync(join(stage, "holder.json"), "utf8");
    return holderSchema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError || isSystemError(error)) return undefined; // it is being written, or has moved on
    throw error;
  }
}

/** Puts a lease, whole, where there is none; false if another was faster. */
export function create(folder: string, token: string, own: Holder): boolean {
  const fresh = join(folder, `${leaseNames[0]}.${token}`);
  const target = join(folder, leaseNames[0]);
  fs.mkdirSync(join(fresh, nameOf(1, token)), { recursive: true });
  fs.writeFileSync(join(fresh, nameOf(1, token), "holder.json"), JSON.stringify(own) + "\n");
  try {
    removeEmpty([target]); // Windows renames no folder over an empty one
    fs.renameSync(fresh, target);
    return true;
  } catch (error) {
    fs.rmSync(fresh, { recursive: true, force: true });
    if (isSystemError(error) && /^(ENOTEMPTY|EEXIST|EPERM)$/.test(error.code ?? "")) return false;
    throw error;
  }
}

/** Renames what is in the lease; false if it has another name. A reply of the server that got lost is no harm. */
export function rename(folder: string, from: string, to: string): boolean {
  const lease = join(folder, leaseNames[0]);
  try {
    fs.renameSync(join(lease, from), join(lease, to));
    return true;
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return fs.existsSync(join(lease, to));
    throw error;
  }
}

/** A holder in words. */
export function described(holder: Holder | undefined): string {
  return holder ? `process ${holder.pid} on ${holder.host}` : "another process";
}

/** Removes these folders, the innermost first, up to one that is not empty. */
export function removeEmpty(folders: readonly string[]): void {
  try {
    for (const folder of folders) fs.rmdirSync(folder);
  } catch (error) {
    if (!(isSystemError(error) && /^(ENOTEMPTY|EEXIST|ENOENT|EBUSY)$/.test(error.code ?? ""))) throw error;
  }
}
