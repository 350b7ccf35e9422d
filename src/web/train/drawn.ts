import { mat3, vec2 } from "wgpu-matrix";
import { Dataset } from "../../data/dataset.ts";
import { uniform } from "../../data/random.ts";
import { resize, type Picture } from "../../data/resize.ts";
import { ArgumentError } from "../../device/errors.ts";

/** Side of a drawing, and copies that are made of each: turned, scaled and moved a little. */
const drawnSide = 28;
const copies = 24;

/** `copies` of each drawing, the label of each the number of its drawing. */
export function drawn(drawings: Picture[], seed: number): Dataset {
  if (drawings.length === 0) throw new ArgumentError("drawings: there are none yet; draw a digit and add it");
  const size = drawnSide * drawnSide;
  const stored = new Uint8Array(drawings.length * copies * size);
  const labels = new Uint8Array(drawings.length * copies);
  drawings.forEach((drawing, d) => {
    for (let copy = 0; copy < copies; copy++) {
      const at = d * copies + copy;
      const jitter = (j: number, reach: number) =>
        copy === 0 ? 0 : reach * (2 * uniform(seed, 5, at, j) - 1);
      stored.set(warp(drawing, jitter), at * size);
      labels[at] = d;
    }
  });
  return new Dataset({
    name: "your drawings",
    shape: [drawnSide, drawnSide, 1],
    stored,
    scale: 1 / 255,
    labels,
  });
}

/** The drawing at `drawnSide`, each pixel taken from where a small random affine map sends it. */
function warp(drawing: Picture, jitter: (j: number, reach: number) => number): Uint8Array {
  const { width, height, data } = resize(drawing, drawnSide, drawnSide);
  const centre = [(width - 1) / 2, (height - 1) / 2];
  const map = mat3.translation([centre[0]! + jitter(0, 2.5), centre[1]! + jitter(1, 2.5)]);
  mat3.rotate(map, jitter(2, 0.25), map);
  mat3.scale(map, [1 + jitter(3, 0.15), 1 + jitter(4, 0.15)], map);
  mat3.translate(map, [-centre[0]!, -centre[1]!], map);
  const pixel = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height ? data[y * width + x]! : 0;
  const out = new Uint8Array(width * height);
  const place = vec2.create();
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      vec2.transformMat3([x, y], map, place);
      const [left, top] = [Math.floor(place[0]!), Math.floor(place[1]!)];
      const [u, v] = [place[0]! - left, place[1]! - top];
      const row = (at: number) => (1 - u) * pixel(left, at) + u * pixel(left + 1, at);
      out[y * width + x] = Math.round((1 - v) * row(top) + v * row(top + 1));
    }
  return out;
}
