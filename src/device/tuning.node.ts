import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { AdapterDescription } from "./adapters.ts";
import { cacheFolders, cacheRoot, isOwn } from "./cache.node.ts";
import { version } from "./version.node.ts";

/**
 * What `hestenes devices --tune` measured on an adapter: the tile that is fastest for each class of shapes. Tiles add
 * in different orders, so two runs are equal bit for bit only with the same choices.
 */
export interface Tuning {
  /** Where it lies. */
  file: string;
  /** When it was measured, as YYYY-MM-DD. */
  date: string;
  choices: ReadonlyMap<string, string>;
}

type Adapter = Pick<AdapterDescription, "name" | "driver">;

/** Bytes that a file of choices may have: it has a line for each of a few dozen classes. */
const MOST = 2 ** 16;

const schema = z.strictObject({
  adapter: z.string(),
  driver: z.string(),
  version: z.string(),
  date: z.iso.date(),
  choices: z.record(z.string(), z.string()),
});

/**
 * What was measured on this adapter with this driver and this version of hestenes, if anything. A file that is broken,
 * out of date or another user's is passed over, and `warn` told why in a line.
 */
export function readTuning(
  adapter: Adapter,
  warn: (line: string) => void = (line) => console.warn(line),
): Tuning | undefined {
  for (const folder of cacheFolders()) {
    const file = join(folder, nameOf(adapter));
    try {
      if (statSync(file, { throwIfNoEntry: false }) === undefined) continue;
      const { date, choices } = check(file, adapter);
      return { file, date, choices: new Map(Object.entries(choices)) };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const printable = why.replaceAll(/[^\x20-\x7e]+/g, " ").slice(0, 200);
      warn(`hestenes: ${file} is not used: ${printable}; hestenes devices --tune makes it anew`);
    }
  }
  return undefined;
}

/** Keeps what was measured for the devices that are opened from now on; returns where it lies. */
export function saveTuning({ name, driver }: Adapter, choices: ReadonlyMap<string, string>): string {
  const file = join(cacheRoot(), nameOf({ name }));
  const contents: z.infer<typeof schema> = {
    adapter: name,
    driver,
    version,
    date: new Date().toISOString().slice(0, 10),
    choices: Object.fromEntries(choices),
  };
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, JSON.stringify(contents, null, 2) + "\n", { mode: 0o600 });
  renameSync(unfinished, file);
  return file;
}

/** The contents of `file`; throws an Error that says in a line why they are no good for this adapter. */
function check(file: string, { name, driver }: Adapter): z.infer<typeof schema> {
  const found = statSync(file);
  if (!found.isFile()) throw new Error("it is no file");
  if (!isOwn(file)) throw new Error("it is another user's, or others may write to it");
  if (found.size > MOST) throw new Error(`it has ${found.size} bytes, more than ${MOST}`);
  const { data, error } = schema.safeParse(JSON.parse(readFileSync(file, "utf8")));
  if (data === undefined) {
    const { path, message } = error.issues[0]!;
    throw new Error(`${path.join(".") || "its contents"}: ${message}`);
  }
  const pairs = [
    ["the adapter", data.adapter, name],
    ["driver", data.driver, driver],
    ["hestenes", data.version, version],
  ] as const;
  for (const [what, was, is] of pairs)
    if (was !== is) throw new Error(`it was measured with ${what} ${JSON.stringify(was)}, this is ${is}`);
  return data;
}

/** The file of an adapter: its name, with what a file's name may hold. */
function nameOf({ name }: Pick<Adapter, "name">): string {
  const words = name.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return `${["tiles", ...words].join("-").slice(0, 80)}.json`;
}
