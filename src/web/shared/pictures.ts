import type { Picture } from "../../data/resize.ts";

/** The pixels of an image file; grey ones with one channel, others with three. Transparency lies on white. */
export async function decodeImage(file: Blob): Promise<Picture> {
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
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
