import type { Metadata, OutputInfo, SharpOptions } from "sharp";
import { DataError } from "../device/errors.ts";
import { believingAdobe } from "./jpeg-rgb.ts";
import type { Picture } from "./resize.ts";
import { ask, type Job } from "./sharp.node.ts";

/** A picture's file: its bytes, and its name for messages. */
export interface PictureFile {
  bytes: Uint8Array;
  file: string;
}

/** The formats that are read, by sharp's names of them. */
const formats = { jpeg: "JPEG", png: "PNG", webp: "WebP", heif: "AVIF", gif: "GIF", tiff: "TIFF" };
const readable = Object.values(formats).join(", ");

/** Pixels of a picture, at most: 256 MB when it is decoded. Those of all that are decoded at once, too. */
export const mostPixels = 2 ** 26;

/** As Pillow reads: cut files are refused, warnings are not heeded, and colour profiles are not applied. */
const reading: SharpOptions = { failOn: "error", ignoreIcc: true };

/**
 * Decodes a JPEG, PNG, WebP, AVIF, GIF (its first picture) or TIFF (its first page) file, told apart by content, to RGB
 * bytes, upright as its EXIF data says. Transparent parts are laid on white; 16 bits are cut to the upper 8. In Node.
 *
 * @throws DataError for anything else, for damaged or cut files, and for more than 64 million pixels.
 */
export function decodePicture(bytes: Uint8Array, file: string): Picture {
  const [picture] = decodePictures([{ bytes, file }]);
  if (picture instanceof DataError) throw picture;
  return picture!;
}

/** As `decodePicture`, for many files, which are decoded side by side: each one's picture or its error, in order. */
export function* decodePictures(files: readonly PictureFile[]): Generator<Picture | DataError, void> {
  const heads = ask<Metadata>(
    files.map(({ bytes }) => ({
      bytes,
      options: { ...reading, limitInputPixels: false },
      calls: [["metadata"]],
    })),
  );
  const asked = files.map((given, i) => {
    const head = heads[i]!;
    return "problem" in head ? refusal(given, head.problem) : jobFor(given, head.value);
  });
  for (let from = 0; from < files.length;) {
    let to = from;
    for (let pixels = 0; to < files.length; to++) {
      const one = asked[to]!;
      if (!(one instanceof DataError)) pixels += one.pixels;
      if (pixels > mostPixels && to > from) break;
    }
    const part = asked.slice(from, to);
    const decoded = ask<{ data: Uint8Array; info: OutputInfo }>(
      part.flatMap((one) => (one instanceof DataError ? [] : [one.job])),
    ).values();
    for (const [i, one] of part.entries()) {
      const answer = one instanceof DataError ? undefined : decoded.next().value!;
      if (one instanceof DataError) yield one;
      else if ("problem" in answer!) yield refusal(files[from + i]!, answer.problem);
      else yield rgb(answer!.value.data, answer!.value.info, one.isCmyk);
    }
    from = to;
  }
}

interface Decoding {
  job: Job;
  pixels: number;
  isCmyk: boolean;
}

/** How a picture with such a header is decoded; an error for one that is not. */
function jobFor({ bytes, file }: PictureFile, head: Metadata): Decoding | DataError {
  const { width, height, format, depth, space } = head;
  if (!Object.hasOwn(formats, format))
    return new DataError(file, 0, `a file of ${format}; expected ${readable}`);
  const pixels = width * height;
  if (pixels > mostPixels)
    return new DataError(
      file,
      0,
      `a picture of ${height} × ${width} pixels; expected 1 to ${mostPixels} in all`,
    );
  if (depth !== "uchar" && depth !== "ushort")
    return new DataError(
      file,
      0,
      `pixels of type ${depth}; expected 8 or 16 bits without a sign; other numbers can be given as .npy`,
    );
  const isCmyk = space === "cmyk";
  const colours: Job["calls"] = isCmyk
    ? [
        ["pipelineColourspace", "cmyk"],
        ["toColourspace", "cmyk"],
      ]
    : [["toColourspace", "srgb"]];
  const calls: Job["calls"] = [
    ["autoOrient"],
    ...colours,
    ["raw", { depth: "uchar" }],
    ["toBuffer", { resolveWithObject: true }],
  ];
  return {
    job: { bytes: believingAdobe(bytes), options: { ...reading, limitInputPixels: mostPixels }, calls },
    pixels,
    isCmyk,
  };
}

/** libvips's own words are of one library below the other, the last line being the plainest. */
function refusal({ file, bytes }: PictureFile, problem: string): DataError {
  if (bytes.length === 0) return new DataError(file, 0, "the file is empty");
  if (/unsupported image format/.test(problem))
    return new DataError(file, 0, `not a picture that can be read: expected ${readable}`);
  const words = problem.trim().split("\n").at(-1)!;
  return new DataError(file, 0, `the picture is damaged or cut (${words})`);
}

/** Three bytes a pixel, of one grey, grey with alpha, RGB, RGB with alpha, or cyan, magenta, yellow and black. */
function rgb(data: Uint8Array, { height, width, channels }: OutputInfo, isCmyk: boolean): Picture {
  if (channels === 3) return { height, width, channels, data };
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
