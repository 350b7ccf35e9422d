import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { DataError } from "../device/errors.ts";

const NEWLINE = 0x0a;

/**
 * Writes a whole file or none of it: the bytes go to a temporary file in the same folder, reach the disk, and are
 * then renamed over `path`. A reader, or a process killed at any moment, sees the old file or the new one.
 * The folder must exist.
 */
export function writeFileAtomic(path: string, data: string | Uint8Array): void {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = fs.openSync(temporary, "wx");
    try {
      fs.writeFileSync(file, data);
      fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
    fs.renameSync(temporary, path);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/** Brings renames in a folder to the disk; Windows can not open folders and needs no such step. */
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
  mendLastLine(path);
  fs.appendFileSync(path, JSON.stringify(row) + "\n");
}

/** Ends the file with a newline: by adding it after a whole row, by cutting off a torn one. */
function mendLastLine(path: string): void {
  if (endsWithNewline(path)) return;
  const bytes = fs.readFileSync(path);
  const start = bytes.lastIndexOf(NEWLINE) + 1;
  if (parse(bytes.toString("utf8", start)).whole) fs.appendFileSync(path, "\n");
  else fs.truncateSync(path, start);
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
 * The rows of a file with one JSON value per line. A last line that a kill cut short is left out, blank lines
 * are skipped, and a file that does not exist has no rows.
 *
 * @throws DataError for any other line that is not JSON, with its number and byte offset.
 */
export function readJsonLines(path: string): unknown[] {
  if (!fs.existsSync(path)) return [];
  const lines = fs.readFileSync(path, "utf8").split("\n");
  const rows: unknown[] = [];
  let offset = 0;
  lines.forEach((line, index) => {
    const { whole, value } = parse(line);
    if (whole) rows.push(value);
    else if (line.trim() !== "" && index < lines.length - 1)
      throw new DataError(
        path,
        offset,
        `line ${index + 1} is not JSON: ${JSON.stringify(line.slice(0, 60))}`,
      );
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
