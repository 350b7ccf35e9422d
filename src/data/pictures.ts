import { inflateSync } from "node:zlib";
import jpeg from "jpeg-js";
import { PNG } from "pngjs";
import { DataError } from "../device/errors.ts";
import { checkPixels, jpegFrame, jpegSegments } from "./picture-size.ts";
import type { Picture } from "./resize.ts";

const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Samples per pixel for each of PNG's colour types. */
const pngSamples: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/**
 * Decodes a PNG or JPEG file, told apart by content, to RGB; transparent parts are laid on white. Throws DataError for
 * anything else, for damaged files, and for sizes past 64 million pixels or past what the file can hold.
 */
export function decodePicture(bytes: Uint8Array, file: string): Picture {
  if (pngSignature.every((byte, i) => bytes[i] === byte)) return decodePng(bytes, file);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return decodeJpeg(bytes, file);
  throw new DataError(file, 0, "neither a PNG nor a JPEG file");
}

function decodePng(bytes: Uint8Array, file: string): Picture {
  const firstData = checkPng(bytes, file);
  try {
    return toRgb(PNG.sync.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)));
  } catch (error) {
    throw new DataError(file, firstData, `the PNG's pixels cannot be decoded (${(error as Error).message})`);
  }
}

/** Walks the chunks, and compares the declared size with the packed data's. Returns where the pixels begin. */
function checkPng(bytes: Uint8Array, file: string): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const packed: Uint8Array[] = [];
  let firstData = 0;
  let at = pngSignature.length;
  for (let type = ""; type !== "IEND";) {
    if (at + 12 > bytes.length) throw new DataError(file, bytes.length, "the PNG file ends early");
    const length = view.getUint32(at);
    type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at + 12 + length > bytes.length) {
      throw new DataError(file, at, `PNG chunk ${type} of ${length} bytes runs past the end of the file`);
    }
    if (at === pngSignature.length && (type !== "IHDR" || length !== 13)) {
      throw new DataError(file, at, "the PNG file does not begin with its header");
    }
    if (type === "IDAT") {
      firstData ||= at;
      packed.push(bytes.subarray(at + 8, at + 8 + length));
    }
    at += 12 + length;
  }
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  checkPixels(file, { height, width, offset: 16 });
  const bitsPerPixel = bytes[24]! * (pngSamples[bytes[25]!] ?? 0);
  const size = height * (1 + Math.ceil((width * bitsPerPixel) / 8));
  const packedSize = packed.reduce((sum, part) => sum + part.length, 0);
  if (size > 1032 * packedSize)
    throw new DataError(file, 16, `${height} × ${width} pixels do not fit in this file`);
  if (bytes[28] === 1) checkInterlaced(file, firstData, packed, size + 8 * (height + width));
  return firstData;
}

/** Interlaced pixels are unpacked without a bound by the decoder, so one that grows past its size stops here. */
function checkInterlaced(file: string, offset: number, packed: Uint8Array[], limit: number): void {
  try {
    inflateSync(Buffer.concat(packed), { maxOutputLength: limit });
  } catch (error) {
    throw new DataError(file, offset, `the PNG's pixels cannot be unpacked (${(error as Error).message})`);
  }
}

function decodeJpeg(bytes: Uint8Array, file: string): Picture {
  const scan = checkJpeg(bytes, file);
  const limits = { maxResolutionInMP: 64, maxMemoryUsageInMB: 1024 };
  try {
    return toRgb(jpeg.decode(bytes, { useTArray: true, tolerantDecoding: false, ...limits }));
  } catch (error) {
    throw new DataError(file, scan, `the JPEG's pixels cannot be decoded (${(error as Error).message})`);
  }
}

/** Walks the segments before the pixels, and looks for the end marker. Returns where the pixels begin. */
function checkJpeg(bytes: Uint8Array, file: string): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const segment of jpegSegments(view)) {
    const { marker, length, at } = segment;
    if (marker < 0xff01 || length < 2) throw new DataError(file, at, "a JPEG segment does not begin here");
    const frame = jpegFrame(view, segment);
    if (frame) checkPixels(file, frame);
    if (marker === 0xffda) {
      const end = bytes.lastIndexOf(0xd9);
      if (end > at && bytes[end - 1] === 0xff) return at;
    }
  }
  throw new DataError(file, bytes.length, "the JPEG file ends early");
}

function toRgb({ height, width, data }: { height: number; width: number; data: Uint8Array }): Picture {
  const out = new Uint8Array(height * width * 3);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const alpha = data[4 * pixel + 3]! / 255;
    for (let c = 0; c < 3; c++) out[3 * pixel + c] = Math.round(255 + (data[4 * pixel + c]! - 255) * alpha);
  }
  return { height, width, channels: 3, data: out };
}
