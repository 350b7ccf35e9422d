import type { Dirent } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ArgumentError, DataError } from "../device/errors.ts";
import { isPublic } from "./known.ts";
import { systemWords } from "../device/systemWords.ts";

const greatestFile = 2 ** 31 - 1;

/** The bytes of a file. Throws DataError when it is missing, empty, no file or larger than 2 GiB. */
export async function readBytes(file: string): Promise<Uint8Array<ArrayBuffer>> {
  const info = await stat(file).catch((error: Error) => {
    throw new DataError(file, undefined, `the file cannot be opened (${systemWords(error)})`);
  });
  if (!info.isFile()) throw new DataError(file, undefined, "this is not a file");
  if (info.size === 0) throw new DataError(file, undefined, "the file is empty");
  if (info.size > greatestFile)
    throw new DataError(file, greatestFile, `${info.size} bytes are too many to read at once`);
  const bytes = await readFile(file).catch((error: Error) => {
    throw new DataError(file, undefined, `the file cannot be read (${systemWords(error)})`);
  });
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** What lies in a folder, sorted by name. Throws ArgumentError, naming `what` wanted it, when there is no such folder. */
export async function entriesOf(what: string, folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw new ArgumentError(
      `${what}: the folder ${folder} cannot be read (${systemWords(error)})` +
        (isPublic(what) ? `. To fetch the files: npx hestenes data download ${what}` : ""),
    );
  }
}

/** The names of the files in a folder, without those of folders, sorted. Throws as `entriesOf`. */
export async function filesIn(what: string, folder: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await entriesOf(what, folder)) {
    const isLink = entry.isSymbolicLink();
    if (!(entry.isDirectory() || (isLink && (await isFolder(join(folder, entry.name))))))
      names.push(entry.name);
  }
  return names;
}

/** Whether `path` is a folder, or a link to one. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
}

/** The folder itself, or the first of those within it that is there. */
export async function folderOrChild(folder: string, ...children: string[]): Promise<string> {
  for (const child of children) if (await isFolder(join(folder, child))) return join(folder, child);
  return folder;
}
