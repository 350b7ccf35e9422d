import { BMP } from "image-size/types/bmp";
import { GIF } from "image-size/types/gif";
import { HEIF } from "image-size/types/heif";
import { JPG } from "image-size/types/jpg";
import { PNG } from "image-size/types/png";
import { WEBP } from "image-size/types/webp";
import type { Picture } from "../../data/resize.ts";
import { ArgumentError } from "../../device/errors.ts";
import { bytesOf } from "./bytes.ts";

/** Bytes of a file that are looked at for its picture's size. */
const headBytes = 2 ** 18;
/** Pixels of a picture, at most: 256 MB when it is decoded. */
const mostPixels = 2 ** 26;

/**
 * The pixels of a picture's file, shrunk so that its longer side is at most `side`; grey ones with one channel, others
 * with three. Transparency lies on white. In a worker, where it holds up no page.
 *
 * @throws ArgumentError in words for the visitor for what the browser cannot decode, and, before it tries where the
 *   file's beginning says so, for pictures without pixels or with more than 64 million.
 */
export async function decodeImage(file: File, side = Infinity): Promise<Picture> {
  const bitmap = await decode(file);
  try {
    const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
    if (scale === 1) return pictureOf(bitmap);
    const small = await createImageBitmap(bitmap, {
      resizeWidth: Math.max(1, Math.round(scale * bitmap.width)),
      resizeHeight: Math.max(1, Math.round(scale * bitmap.height)),
      resizeQuality: "high",
    });
    const picture = pictureOf(small);
    small.close();
    return picture;
  } finally {
    bitmap.close();
  }
}

async function decode(file: File): Promise<ImageBitmap> {
  const { name } = file;
  if (file.size === 0)
    throw new ArgumentError(`${name} is empty. Choose a PNG, JPEG, WebP, AVIF or GIF picture.`);
  const declared = declaredSize(await bytesOf(file.slice(0, headBytes), name));
  if (declared) checkPixels(name, declared);
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" }).catch((error: unknown) => {
    const found = (error as Error).message;
    throw new ArgumentError(
      `${name} is no picture that this browser can read, or it is cut or damaged. Choose a PNG, JPEG, WebP, AVIF or ` +
        `GIF picture. (${found})`,
    );
  });
  checkPixels(name, bitmap);
  return bitmap;
}

interface Size {
  height: number;
  width: number;
}

/** What browsers decode; AVIF is a kind of HEIF. */
const kinds = [PNG, JPG, WEBP, HEIF, GIF, BMP];

/** The size that a picture's file begins with; undefined where it says it later, or is none that is known. */
function declaredSize(head: Uint8Array): Size | undefined {
  try {
    return kinds.find((kind) => kind.validate(head))?.calculate(head);
  } catch {
    return undefined; // the browser says what is wrong with it
  }
}

/** A browser would try to decode a picture of any size, and the page would end with it. */
function checkPixels(name: string, { height, width }: Size): void {
  if (height > 0 && width > 0 && height * width <= mostPixels) return;
  throw new ArgumentError(
    `${name} has no pixels, or too many for a page: it is a picture of ${height} × ${width} pixels. Choose one of ` +
      "64 million pixels at most.",
  );
}

/** The pixels of a picture that the browser has decoded or drawn. */
export function pictureOf(image: ImageBitmap | OffscreenCanvas): Picture {
  const { width, height } = image;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const isGrey = everyPixel(data, (at) => data[at] === data[at + 1] && data[at] === data[at + 2]);
  const channels = isGrey ? 1 : 3;
  const out = new Uint8Array(width * height * channels);
  for (let pixel = 0; pixel < width * height; pixel++)
    for (let c = 0; c < channels; c++) out[pixel * channels + c] = data[4 * pixel + c]!;
  return { width, height, channels, data: out };
}

/** The same picture with `channels` channels: grey ones are repeated, coloured ones weighed to luminance (Rec. 601). */
export function withChannels(picture: Picture, channels: number): Picture {
  if (picture.channels === channels) return picture;
  const { width, height, data } = picture;
  const out = new Uint8Array(width * height * channels);
  for (let pixel = 0; pixel < width * height; pixel++) {
    if (channels === 3) out.fill(data[pixel]!, 3 * pixel, 3 * pixel + 3);
    else {
      const [red, green, blue] = data.subarray(3 * pixel, 3 * pixel + 3) as unknown as [
        number,
        number,
        number,
      ];
      out[pixel] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    }
  }
  return { width, height, channels, data: out };
}

function everyPixel(data: Uint8ClampedArray, test: (at: number) => boolean): boolean {
  for (let at = 0; at < data.length; at += 4) if (!test(at)) return false;
  return true;
}
