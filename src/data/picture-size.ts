import { DataError } from "../device/errors.ts";

/** How large a file says that its picture is, and at which byte. */
export interface DeclaredSize {
  height: number;
  width: number;
  offset: number;
}

/** Pixels of a picture, at most: 256 MB when it is decoded. */
const mostPixels = 2 ** 26;

/** Throws DataError for a picture without pixels, and for one with more than 64 million. */
export function checkPixels(file: string, { height, width, offset }: DeclaredSize): void {
  if (height > 0 && width > 0 && height * width <= mostPixels) return;
  throw new DataError(file, offset, `a picture of ${height} × ${width} pixels; expected 1 to ${mostPixels}`);
}

/** The segments at the beginning of a JPEG file, up to where its pixels or something else begins. */
export function* jpegSegments(view: DataView): Generator<{ marker: number; length: number; at: number }> {
  for (let at = 2; at + 4 <= view.byteLength;) {
    const segment = { marker: view.getUint16(at), length: view.getUint16(at + 2), at };
    yield segment;
    if (segment.marker === 0xffda || segment.marker < 0xff01 || segment.length < 2) return;
    at += 2 + segment.length;
  }
}

/** The size in a JPEG segment that begins a frame. */
export function jpegFrame(
  view: DataView,
  { marker, at }: { marker: number; at: number },
): DeclaredSize | undefined {
  const isFrame = marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
  if (!isFrame || at + 9 > view.byteLength) return undefined;
  return { height: view.getUint16(at + 5), width: view.getUint16(at + 7), offset: at + 5 };
}

/**
 * The size that the beginning of a PNG, JPEG, GIF or WebP file declares; undefined where it is none of them, or says
 * it later.
 */
export function declaredSize(head: Uint8Array): DeclaredSize | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const text = (from: number, to: number) => String.fromCharCode(...head.subarray(from, to));
  if (text(1, 4) === "PNG" && head.length >= 24)
    return { width: view.getUint32(16), height: view.getUint32(20), offset: 16 };
  if (text(0, 3) === "GIF" && head.length >= 10)
    return { width: view.getUint16(6, true), height: view.getUint16(8, true), offset: 6 };
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP" && head.length >= 30) return webpSize(view);
  if (head[0] === 0xff && head[1] === 0xd8)
    for (const segment of jpegSegments(view)) {
      const frame = jpegFrame(view, segment);
      if (frame) return frame;
    }
  return undefined;
}

/** WebP's three kinds: lossy, lossless, and with a header of its own. */
function webpSize(view: DataView): DeclaredSize | undefined {
  const bits = view.getUint32(21, true);
  const kinds: Record<string, DeclaredSize> = {
    "VP8 ": {
      width: view.getUint16(26, true) & 0x3fff,
      height: view.getUint16(28, true) & 0x3fff,
      offset: 26,
    },
    VP8L: { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1, offset: 21 },
    VP8X: {
      width: (view.getUint32(24, true) & 0xffffff) + 1,
      height: (view.getUint32(26, true) >>> 8) + 1,
      offset: 24,
    },
  };
  return kinds[String.fromCharCode(...[12, 13, 14, 15].map((at) => view.getUint8(at)))];
}
