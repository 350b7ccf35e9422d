import { scale as plotScale } from "@observablehq/plot";

/** Height, width and channels (1 or 3) of an image. */
export type ImageShape = readonly [H: number, W: number, C: number];

/** The values that become black and white, or "auto" for the smallest and largest finite value. */
export type Range = readonly [low: number, high: number] | "auto";

/** How the one channel of a grey image is coloured. */
export type Colormap = "grey" | "viridis";

export type Colour = readonly [red: number, green: number, blue: number];

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

/** The colour of a pixel of one channel (through the colour map) or of three. */
export function colourOf(channels: Float32Array, { range: [low, high], colormap }: Paint): Colour {
  if (!channels.every(Number.isFinite)) return BROKEN;
  const level = (value: number) => Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low))));
  const [first = 0, second = 0, third = 0] = channels;
  if (channels.length === 3) return [level(first), level(second), level(third)];
  return tables[colormap][level(first)] ?? BROKEN;
}
