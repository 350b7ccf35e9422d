import type { DataFacts } from "../train/protocol.ts";
import type { Point3 } from "./camera.ts";
import { colourOfSample, rgba, type Rgba } from "./colours.ts";
import type { Dot } from "./scatter.ts";

const dotSize = 6;
const white: Rgba = [1, 1, 1, 1];
const ring = rgba("#e11d8f");
const grey = rgba("#808a96", 0.7);

/** The dots of samples, in their colours. */
export function sampleDots(positions: readonly Point3[], facts: DataFacts): Dot[] {
  return positions.map((position, i) => ({ position, size: dotSize, colour: colourOfSample(facts, i) }));
}

/** Marks on a light rim, for what is not a sample; `size` is half the width of the mark in CSS pixels. */
export function marks(positions: readonly Point3[], size: number): Dot[] {
  return positions.flatMap((position) => [
    { position, size: size + 2.5, colour: white },
    { position, size, colour: ring },
  ]);
}

/**
 * The axes of so many coordinates, each from −length to length, and the line from `link[0]` to `link[1]` if there is one:
 * two ends each.
 */
export function lines(dimensions: number, length: number, link: readonly Point3[] | undefined): Dot[] {
  const ends = Array.from({ length: 2 * dimensions }, (_, end): Point3 => {
    const at = (axis: number) => (axis === end >> 1 ? (end % 2 === 0 ? -length : length) : 0);
    return [at(0), at(1), at(2)];
  });
  const line = (colour: Rgba) => (position: Point3) => ({ position, size: 0, colour });
  return [...ends.map(line(grey)), ...(link ?? []).map(line(ring))];
}
