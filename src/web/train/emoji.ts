import { columns, groups, labels, sheet, side } from "virtual:emoji";
import { Dataset } from "../../data/dataset.ts";
import { resize } from "../../data/resize.ts";
import { pictureOf } from "../shared/pictures.ts";

export { groups };

/** Emoji of `size` × `size` pixels, in colour, on white; the label of each is its group. */
export async function emoji(size: number): Promise<Dataset> {
  const bytes = Uint8Array.from(atob(sheet), (letter) => letter.charCodeAt(0));
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/webp" }));
  const { data, width } = pictureOf(bitmap);
  bitmap.close();
  const stored = new Uint8Array(labels.length * size * size * 3);
  labels.forEach((_, at) => {
    const cell = new Uint8Array(side * side * 3);
    const [left, top] = [(at % columns) * side, Math.floor(at / columns) * side];
    for (let row = 0; row < side; row++) {
      const from = ((top + row) * width + left) * 3;
      cell.set(data.subarray(from, from + side * 3), row * side * 3);
    }
    const picture = resize({ width: side, height: side, channels: 3, data: cell }, size, size);
    stored.set(picture.data, at * size * size * 3);
  });
  return new Dataset({
    name: "emoji",
    shape: [size, size, 3],
    stored,
    scale: 1 / 255,
    labels: Uint8Array.from(labels),
  });
}
