import sharp, { type Metadata, type OutputInfo, type Sharp, type SharpOptions } from "sharp";
import { DataError } from "../device/errors.ts";
import { believingAdobe } from "./jpeg-rgb.ts";
import { mostPixels } from "./picture-form.ts";
import type { Picture } from "./resize.ts";

/** A picture's file: its bytes, and its name for messages. */
export interface PictureFile {
  bytes: Uint8Array;
  file: string;
}

/** The formats that are read, by sharp's names of them. */
const formats = { jpeg: "JPEG", png: "PNG", webp: "WebP", heif: "AVIF", gif: "GIF", tiff: "TIFF" };
const readable = Object.values(formats).join(", ");

/** Seconds that sharp may take for a picture. */
const patience = 300;

/** As Pillow reads: cut files are refused, warnings are not heeded, and colour profiles are not applied. */
const reading: SharpOptions = { failOn: "error", ignoreIcc: true };

// Pictures are decoded side by side, each once: a thread of libvips for each is enough, and nothing is asked for again.
sharp.concurrency(1);
sharp.cache(false);

/** Decodes many files side by side, no more pixels at a time than one picture may have: each one's picture or its error, in order. */
export async function decodePictures(files: readonly PictureFile[]): Promise<(Picture | DataError)[]> {
  const asked = await Promise.all(files.map(lookedAt));
  const decoded: (Picture | DataError)[] = [];
  for (let from = 0; from < files.length;) {
    let to = from;
    for (let pixels = 0; to < files.length; to++) {
      const one = asked[to]!;
      if (!(one instanceof DataError)) pixels += one.pixels;
      if (pixels > mostPixels && to > from) break;
    }
    const part = asked.slice(from, to).map((one, i) => decoding(one, files[from + i]!));
    decoded.push(...(await Promise.all(part)));
    from = to;
  }
  return decoded;
}

interface Decodable {
  pixels: number;
  isCmyk: boolean;
}

/** What the header of a file says; an error for one that is not decoded. */
async function lookedAt(given: PictureFile): Promise<Decodable | DataError> {
  const { bytes, file } = given;
  if (bytes.length === 0) return new DataError(file, undefined, "the file is empty");
  const head = await sharp(bytes, { ...reading, limitInputPixels: false })
    .metadata()
    .catch(asError);
  return head instanceof Error ? refusal(given, head) : judged(file, head);
}

function judged(file: string, { width, height, format, depth, space }: Metadata): Decodable | DataError {
  if (!Object.hasOwn(formats, format))
    return new DataError(file, undefined, `a file of ${format}; expected ${readable}`);
  const pixels = width * height;
  if (pixels > mostPixels)
    return new DataError(
      file,
      undefined,
      `a picture of ${height} × ${width} pixels; expected 1 to ${mostPixels} in all`,
    );
  if (depth !== "uchar" && depth !== "ushort")
    return new DataError(
      file,
      undefined,
      `pixels of type ${depth}; expected 8 or 16 bits without a sign; other numbers can be given as .npy`,
    );
  return { pixels, isCmyk: space === "cmyk" };
}

async function decoding(head: Decodable | DataError, given: PictureFile): Promise<Picture | DataError> {
  if (head instanceof DataError) return head;
  const upright = sharp(believingAdobe(given.bytes), { ...reading, limitInputPixels: mostPixels })
    .timeout({ seconds: patience })
    .autoOrient();
  const coloured: Sharp = head.isCmyk
    ? upright.pipelineColourspace("cmyk").toColourspace("cmyk")
    : upright.toColourspace("srgb");
  const decoded = await coloured.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true }).catch(asError);
  return decoded instanceof Error ? refusal(given, decoded) : rgb(decoded.data, decoded.info, head.isCmyk);
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/** libvips's own words are of one library below the other, the last line being the plainest. */
function refusal({ file }: PictureFile, { message }: Error): DataError {
  if (/unsupported image format/.test(message))
    return new DataError(file, undefined, `not a picture that can be read: expected ${readable}`);
  const words = message
    .trim()
    .split("\n")
    .at(-1)!
    .replace(/^(Input buffer has corrupt header:|Unknown error$)\s*/, "");
  return new DataError(file, undefined, `the picture is damaged or cut${words === "" ? "" : ` (${words})`}`);
}

/** Three bytes a pixel, of one grey, grey with alpha, RGB, RGB with alpha, or cyan, magenta, yellow and black. */
function rgb(data: Uint8Array, { height, width, channels }: OutputInfo, isCmyk: boolean): Picture {
  if (channels === 3)
    return {
      height,
      width,
      channels,
      data: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.length),
    };
  const out = new Uint8Array(3 * height * width);
  const isGrey = channels < 3;
  for (let pixel = 0; pixel < height * width; pixel++) {
    const at = pixel * channels;
    const last = data[at + channels - 1]! / 255;
    for (let c = 0; c < 3; c++) {
      const value = data[at + (isGrey ? 0 : c)]!;
      out[3 * pixel + c] = isCmyk
        ? Math.round((255 - value) * (1 - last))
        : channels === 1
          ? value
          : Math.round(255 + (value - 255) * last);
    }
  }
  return { height, width, channels: 3, data: out };
}
