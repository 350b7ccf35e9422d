import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { z } from "zod";
import { ArgumentError, DataError } from "../device/errors.ts";
import { systemWords } from "../device/systemWords.ts";

const NEWLINE = 0x0a;

/** Keeps the files in a folder to the one who holds the lease of it. */
export interface Guard {
  /** A folder for what is about to take its place; it is gone where the lease is lost, and has another name after `check`. */
  readonly stage: string;
  /** Throws where the lease is lost. */
  check(): void;
  /** Adds to the end of a file. */
  append(path: string, text: string): void;
  /** Tells that another file is about to take the place of that one. */
  replaced(path: string): void;
}

const guards = new Map<string, Guard>();

/** From now on, what this process writes in `folder` goes by `guard`; until the returned function is called. */
export function guardFolder(folder: string, guard: Guard): () => void {
  guards.set(folder, guard);
  return () => guards.delete(folder);
}

/** The guard of a folder, or of one that it is in. */
export function guardOf(folder: string): Guard | undefined {
  if (guards.size === 0) return undefined;
  for (let at = resolve(folder); ; at = dirname(at)) {
    const guard = guards.get(at);
    if (guard || dirname(at) === at) return guard;
  }
}

/**
 * Writes a whole file or none of it: the bytes go to a temporary file, in the same folder or where its guard has room for
 * it, reach the disk, and are then renamed over `path`. A reader, or a process killed at any moment, sees the old file or
 * the new one. The folder must exist.
 */
export function writeFileAtomic(path: string, data: string | Uint8Array): void {
  const guard = guardOf(dirname(path));
  const name = `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`;
  const temporary = () => join(guard?.stage ?? dirname(path), name);
  underGuard(guard, () => {
    try {
      writeSynced(temporary(), data);
      guard?.check();
      guard?.replaced(resolve(path));
      fs.renameSync(temporary(), path);
    } catch (error) {
      fs.rmSync(temporary(), { force: true });
      throw error;
    }
  });
  syncFolder(dirname(path));
}

/** Writes by `write`. Where that fails because the lease is lost, and with it the folder of what is staged, says so. */
export function underGuard(guard: Guard | undefined, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (isSystemError(error)) guard?.check();
    throw error;
  }
}

/** Writes a new file, and brings it to the disk. */
export function writeSynced(path: string, data: string | Uint8Array): void {
  const file = fs.openSync(path, "wx");
  try {
    fs.writeFileSync(file, data);
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
}

/**
 * Makes a folder and those above it that are missing, one at a time: asked to make all at once, Node never returns
 * where the system refuses names, as in /proc. Gives those that were missing, the innermost first.
 *
 * @throws ArgumentError naming the folder.
 */
export function makeFolder(path: string): string[] {
  const missing: string[] = [];
  try {
    for (let at = resolve(path); !fs.existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.push(at);
    for (const folder of missing.toReversed()) makeOne(folder);
    if (!fs.statSync(path).isDirectory()) throw new Error("there is a file of that name");
  } catch (cause) {
    throw new ArgumentError(`the folder ${path} cannot be made (${systemWords(cause)}); give another`, {
      cause,
    });
  }
  return missing;
}

function makeOne(folder: string): void {
  try {
    fs.mkdirSync(folder);
  } catch (error) {
    if (!(isSystemError(error) && error.code === "EEXIST")) throw error; // another process was faster
  }
}

/** Whether `error` is the system's refusal, for instance of a file that is not there. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}

/**
 * The bytes of a file.
 *
 * @throws DataError for a folder in its place; the system's error, which names the file, for all else.
 */
export function readFile(path: string): Buffer {
  if (fs.statSync(path).isDirectory())
    throw new DataError(path, undefined, "this is a folder; a file is needed");
  return fs.readFileSync(path);
}

/** The bytes of a file that a person named. Throws ArgumentError where it cannot be read, DataError for a folder. */
export function readGivenFile(path: string): Buffer {
  try {
    return readFile(path);
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw new ArgumentError(`${path} cannot be read (${systemWords(cause)})`, { cause });
  }
}

/** Brings renames in a folder to the disk; Windows cannot open folders and needs no such step. */
export function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const handle = fs.openSync(folder, "r");
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}

/**
 * Appends `row` as one line of JSON. Where an earlier process was killed in the middle of a line, the torn line
 * is removed first, so that the file stays readable. NaN and infinities become `null`, as JSON has it.
 */
export function appendLine(path: string, row: object): void {
  const line = JSON.stringify(row) + "\n";
  const guard = guardOf(dirname(path));
  if (guard) return guard.append(resolve(path), line);
  if (!endsWithNewline(path)) fs.writeFileSync(path, mended(path));
  fs.appendFileSync(path, line);
}

/** What is in a file of lines, ended with a newline: by adding it after a whole row, by cutting off a torn one. */
export function mended(path: string): string {
  if (!fs.existsSync(path)) return "";
  const text = fs.readFileSync(path, "utf8");
  const start = text.lastIndexOf("\n") + 1;
  if (start === text.length) return text;
  return parse(text.slice(start)).whole ? `${text}\n` : text.slice(0, start);
}

/** True for a file that is absent, empty or complete; reads one byte, whatever the file's length. */
function endsWithNewline(path: string): boolean {
  if (!fs.existsSync(path)) return true;
  const file = fs.openSync(path, "r");
  try {
    const { size } = fs.fstatSync(file);
    const last = new Uint8Array(1);
    return size === 0 || (fs.readSync(file, last, 0, 1, size - 1) === 1 && last[0] === NEWLINE);
  } finally {
    fs.closeSync(file);
  }
}

/**
 * The rows of a file with one JSON value per line, each checked against `schema`. A last line that a kill cut short is
 * left out, blank lines are skipped, and a file that does not exist has no rows.
 *
 * @throws DataError for any other line that is not JSON, or not of the schema, with its number and byte offset.
 */
export function readJsonLines<Row>(path: string, schema: z.ZodType<Row>): Row[] {
  if (!fs.existsSync(path)) return [];
  const lines = readFile(path).toString("utf8").split("\n");
  const rows: Row[] = [];
  let offset = 0;
  lines.forEach((line, index) => {
    const { whole, value } = parse(line);
    const name = `line ${index + 1}`;
    if (whole) {
      const row = schema.safeParse(value);
      if (!row.success)
        throw new DataError(
          path,
          offset,
          `${name} is no row: ${z.prettifyError(row.error).replaceAll("\n", " ")}`,
        );
      rows.push(row.data);
    } else if (line.trim() !== "" && index < lines.length - 1)
      throw new DataError(path, offset, `${name} is not JSON: ${JSON.stringify(line.slice(0, 60))}`);
    offset += Buffer.byteLength(line) + 1;
  });
  return rows;
}

function parse(line: string): { whole: boolean; value?: unknown } {
  try {
    return { whole: true, value: JSON.parse(line) as unknown };
  } catch {
    return { whole: false };
  }
}
