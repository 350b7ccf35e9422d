import { PNG } from "pngjs";

/** A PNG file whose pixel i has the colour (red, green, blue) that `colour` gives. */
export function png(
  width: number,
  height: number,
  colour: (i: number) => readonly [number, number, number],
): Uint8Array<ArrayBuffer> {
  const picture = new PNG({ width, height });
  for (let i = 0; i < width * height; i++) picture.data.set([...colour(i), 255], 4 * i);
  return new Uint8Array(PNG.sync.write(picture));
}

/** The same PNG file with another size in its header. */
export function declaring(file: Uint8Array<ArrayBuffer>, width: number, height: number): Uint8Array {
  const forged = file.slice();
  new DataView(forged.buffer).setUint32(16, width);
  new DataView(forged.buffer).setUint32(20, height);
  return forged;
}
