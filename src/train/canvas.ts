import { scale as plotScale } from "@observablehq/plot";
import { PNG } from "pngjs";

/** How the one channel of a grey image is coloured. */
export type Colormap = "grey" | "viridis";

type Colour = readonly [red: number, green: number, blue: number];

/** What a pixel with a NaN or an infinity looks like: nothing else in a picture has this colour. */
export const BROKEN: Colour = [255, 0, 255];

const tables: Record<Colormap, readonly Colour[]> = {
  grey: Array.from({ length: 256 }, (_, level): Colour => [level, level, level]),
  viridis: viridisTable(),
};

function viridisTable(): Colour[] {
  const scale = plotScale({ color: { type: "linear", scheme: "viridis", domain: [0, 255] } });
  return Array.from({ length: 256 }, (_, level): Colour => {
    const hex = Number.parseInt(String(scale.apply(level)).slice(1), 16);
    return [hex >> 16, (hex >> 8) & 255, hex & 255];
  });
}

/** How numbers become colours: `range` is what black and white (or the ends of the colour map) stand for. */
export interface Paint {
  readonly range: readonly [low: number, high: number];
  readonly colormap: Colormap;
}

/** A picture that starts transparent, on which float images are drawn pixel by pixel. */
export class Canvas {
  private readonly png: PNG;

  constructor(width: number, height: number) {
    this.png = new PNG({ width, height });
    this.png.data.fill(0);
  }

  /**
   * Draws an image `(H, W, C)` with its upper left corner at `(x, y)`, each of its pixels as a square of
   * `scale × scale`. C is 1 (through the colour map) or 3 (red, green, blue).
   */
  draw(
    image: Float32Array,
    shape: readonly number[],
    x: number,
    y: number,
    scale: number,
    paint: Paint,
  ): void {
    const [H = 0, W = 0, C = 0] = shape;
    for (let h = 0; h < H; h++)
      for (let w = 0; w < W; w++) {
        const at = (h * W + w) * C;
        this.square(x + w * scale, y + h * scale, scale, colourOf(image.subarray(at, at + C), paint));
      }
  }

  private square(x: number, y: number, size: number, [red, green, blue]: Colour): void {
    const { data, width } = this.png;
    for (let row = y; row < y + size; row++)
      for (let column = x; column < x + size; column++)
        data.set([red, green, blue, 255], 4 * (row * width + column));
  }

  /** The picture as the bytes of a PNG file. */
  encode(): Uint8Array {
    return new Uint8Array(PNG.sync.write(this.png));
  }
}

function colourOf(channels: Float32Array, { range: [low, high], colormap }: Paint): Colour {
  if (!channels.every(Number.isFinite)) return BROKEN;
  const level = (value: number) => Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low))));
  const [first = 0, second = 0, third = 0] = channels;
  if (channels.length === 3) return [level(first), level(second), level(third)];
  return tables[colormap][level(first)] ?? BROKEN;
}
