import { BROKEN, colourOf, type Colormap, type Paint } from "../../report/colours.ts";

const [red, green, blue] = BROKEN;
const broken = packed(red, green, blue);
const tables = new Map<Colormap, Uint32Array>();

/** The 256 colours of a map, each as the four bytes of a pixel. */
function tableOf(colormap: Colormap): Uint32Array {
  let table = tables.get(colormap);
  if (!table) {
    table = Uint32Array.from({ length: 256 }, (_, level) =>
      packed(...colourOf(Float32Array.of(level), { range: [0, 255], colormap })),
    );
    tables.set(colormap, table);
  }
  return table;
}

function packed(r: number, g: number, b: number): number {
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

/** The pixels of picture `index` of `values` (N, H, W, C); NaN and infinities are magenta. */
export function imageData(
  values: Float32Array,
  [H, W, C]: readonly [number, number, number],
  paint: Paint,
  index = 0,
): ImageData {
  const image = new ImageData(W, H);
  const pixels = new Uint32Array(image.data.buffer);
  const grey = tableOf("grey");
  const table = tableOf(paint.colormap);
  const [low, high] = paint.range;
  const from = index * H * W * C;
  const level = (at: number) => Math.round((255 * (values[at]! - low)) / (high - low));
  const clamp = (value: number) => Math.min(255, Math.max(0, value));
  for (let pixel = 0; pixel < H * W; pixel++) {
    const at = from + pixel * C;
    const first = level(at);
    if (!Number.isFinite(first)) pixels[pixel] = broken;
    else if (C === 1) pixels[pixel] = table[clamp(first)]!;
    else
      pixels[pixel] = packed(
        grey[clamp(first)]! & 255,
        grey[clamp(level(at + 1))]! & 255,
        grey[clamp(level(at + 2))]! & 255,
      );
  }
  return image;
}

/** Draws pictures `0 … count − 1` of `values` (N, H, W, C) as one row in `canvas`, pixels sharp. */
export function drawRow(
  canvas: HTMLCanvasElement,
  values: Float32Array,
  shape: readonly [number, number, number],
  paint: Paint,
  count: number,
): void {
  const [H, W] = shape;
  const gap = Math.max(1, Math.round(W / 16));
  const width = count * W + (count - 1) * gap;
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== H) canvas.height = H;
  const context = canvas.getContext("2d")!;
  for (let i = 0; i < count; i++) context.putImageData(imageData(values, shape, paint, i), i * (W + gap), 0);
}
