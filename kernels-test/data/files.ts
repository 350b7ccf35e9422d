import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import { afterAll, expect, onTestFinished } from "vitest";
import { DataError } from "../../src/device/errors.ts";

const real = fileURLToPath(new URL("../../../shared/data/", import.meta.url));

/** Path of a file or folder of real data, or undefined on a machine that has none. */
export function realData(name: string): string | undefined {
  const path = join(real, name);
  return existsSync(path) ? path : undefined;
}

/** An empty folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = newFolder();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An empty folder that goes away after all tests of the file, or of the group that asks for it. */
export function lastingFolder(): string {
  const folder = newFolder();
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const newFolder = () => mkdtempSync(join(tmpdir(), "hestenes-test-"));

/** An IDX file of unsigned bytes. */
export function idxFile(shape: readonly number[], data: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(4 + 4 * shape.length + data.length);
  out.set([0, 0, 8, shape.length]);
  const view = new DataView(out.buffer);
  shape.forEach((n, axis) => view.setUint32(4 + 4 * axis, n));
  out.set(data, 4 + 4 * shape.length);
  return out;
}

/** `count` CIFAR-10 records: label i mod 10; pixel (row, column) of channel c is (100·c + row + column + i) mod 256. */
export function cifarFile(count: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(count * 3073);
  for (let i = 0; i < count; i++) {
    out[i * 3073] = i % 10;
    for (let at = 0; at < 3072; at++) {
      const [c, pixel] = [at >> 10, at & 1023];
      out[i * 3073 + 1 + at] = 100 * c + (pixel >> 5) + (pixel & 31) + i;
    }
  }
  return out;
}

/** `count` bytes that look random and are the same on every run. */
export function bytes(count: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: count }, (_, i) => (Math.imul(i + 1, 2654435761) >>> 13) & 255);
}

/**
 * Asserts that `error` is a DataError about `file`; at `offset` and with a fitting message when those are given. At 0 is also
 * what is wrong with the file as a whole, and names no byte.
 */
export function checkDataError(error: unknown, file: string, offset?: number, message?: RegExp): void {
  expect(error).toBeInstanceOf(DataError);
  const { file: named, offset: at, message: text } = error as DataError;
  expect(named).toContain(file);
  if (at !== undefined) expect(text).toContain(`byte ${at}`);
  if (offset !== undefined) expect({ at: at ?? 0, text }).toEqual({ at: offset, text });
  if (message) expect(text).toMatch(message);
}

/** Runs `action`, which must fail with such an error. */
export async function expectDataError(
  action: () => unknown,
  file: string,
  offset?: number,
  message?: RegExp,
): Promise<void> {
  let error: unknown;
  try {
    await action();
  } catch (caught) {
    error = caught;
  }
  checkDataError(error, file, offset, message);
}

/** RGBA bytes of a picture whose pixels are all `colour`. */
export const plain = (height: number, width: number, colour: number[]) =>
  Uint8Array.from({ length: 4 * height * width }, (_, i) => [...colour, 255][i % 4] ?? 255);

/** A PNG file of RGBA bytes. */
export function png(height: number, width: number, rgba: Uint8Array): Uint8Array {
  const image = new PNG({ width, height });
  image.data.set(rgba);
  return new Uint8Array(PNG.sync.write(image));
}

/** A JPEG file of RGBA bytes. */
export const jpg = (height: number, width: number, rgba: Uint8Array) =>
  new Uint8Array(jpeg.encode({ width, height, data: rgba }, 95).data);
