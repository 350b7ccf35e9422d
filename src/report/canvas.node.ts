import { PNG } from "pngjs";
import { colourOf, type Colour, type Paint } from "./colours.ts";

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
