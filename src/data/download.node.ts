import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { hint } from "../device/arguments.ts";
import { ArgumentError, DataError } from "../device/errors.ts";
import { fetchFile, type FetchOptions } from "./fetch-file.node.ts";
import { readBytes } from "./files.node.ts";
import { downloadNames, isPublic, type DownloadName } from "./known.ts";
import { cifarMembers, sources } from "./sources.ts";
import { tarFiles } from "./tar.ts";

/** Options of `download`. */
export interface DownloadOptions extends FetchOptions {
  /** Folder for the files; made when it is not there. */
  into: string;
  /** Another address that serves files of the same names and contents. */
  baseUrl?: string | undefined;
}

/**
 * Fetches a data set's files from where its authors publish them, checks them and returns their paths; CIFAR-10's
 * archive is unpacked and removed. What is there already is not fetched again. See `fetchFile` for how it fails.
 */
export async function download(name: DownloadName, options: DownloadOptions): Promise<string[]> {
  if (!isPublic(name)) {
    throw new ArgumentError(
      `download: no data set "${String(name)}"${hint(name, downloadNames)}; there are ${downloadNames.join(", ")}`,
    );
  }
  const { into, baseUrl } = options;
  const unpacked = [...cifarMembers].map(([member, size]) => ({ path: join(into, member), size }));
  if (name === "cifar10" && (await allThere(unpacked))) return unpacked.map(({ path }) => path);
  const paths: string[] = [];
  for (const file of sources[name]) {
    const urls = baseUrl === undefined ? file.urls : [`${baseUrl.replace(/\/+$/, "")}/${file.name}`];
    paths.push(await fetchFile({ ...file, urls }, into, options));
  }
  if (name !== "cifar10") return paths;
  const members = await unpack(paths[0]!, into, cifarMembers);
  await rm(paths[0]!);
  return members;
}

/**
 * Writes the files named in `members` out of a `.tar.gz` archive into `folder`, and returns their paths. No other name
 * is ever written. Throws DataError when one is missing or has another size than `members` says.
 */
export async function unpack(
  archive: string,
  folder: string,
  members: ReadonlyMap<string, number>,
): Promise<string[]> {
  const tar = gunzipBounded(await readBytes(archive), archive, members);
  const written = new Map<string, string>();
  for (const { name, data } of tarFiles(tar, archive)) {
    const size = members.get(name);
    if (size === undefined) continue;
    if (data.length !== size) {
      throw new DataError(archive, data.byteOffset, `"${name}" has ${data.length} bytes, expected ${size}`);
    }
    const target = join(folder, name);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(`${target}.part`, data);
    await rename(`${target}.part`, target);
    written.set(name, target);
  }
  const missing = [...members.keys()].filter((name) => !written.has(name));
  if (missing.length > 0) throw new DataError(archive, tar.length, `the archive lacks ${missing.join(", ")}`);
  return [...members.keys()].map((name) => written.get(name)!);
}

/** Unpacks to at most the members' sizes and a margin for headers and small files beside them. */
function gunzipBounded(bytes: Uint8Array, archive: string, members: ReadonlyMap<string, number>): Uint8Array {
  const limit = [...members.values()].reduce((sum, size) => sum + size, 1 << 20);
  try {
    return gunzipSync(bytes, { maxOutputLength: limit });
  } catch (error) {
    throw new DataError(
      archive,
      undefined,
      `${basename(archive)} cannot be unpacked (${(error as Error).message})`,
    );
  }
}

async function allThere(files: { path: string; size: number }[]): Promise<boolean> {
  const sizes = await Promise.all(
    files.map(({ path }) =>
      stat(path).then(
        (info) => info.size,
        () => -1,
      ),
    ),
  );
  return files.every(({ size }, i) => sizes[i] === size);
}
