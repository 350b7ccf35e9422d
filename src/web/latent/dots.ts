import type { DataFacts } from "../train/protocol.ts";
import type { Camera, Point3 } from "./camera.ts";
import { colourOfSample } from "./colours.ts";
import type { Dot, Line } from "./scatter.ts";

const dotSize = 5.5;
const white = "white";
const ring = "#e11d8f";
const grey = "rgb(128 138 150 / 0.7)";
/** Half the widths of marks: of the place that is looked at, of one beside it, and of where a line begins, which is seen around the first. */
export const sizes = { probe: 6.5, other: 5.5, begin: 11 } as const;

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

/** The axes of what the camera sees, and the line `link` if there is one. */
export function linesOf({ dimensions, axisLength }: Camera, link: Line["ends"] | undefined): Line[] {
  const end = (axis: number, length: number): Point3 => [
    axis === 0 ? length : 0,
    axis === 1 ? length : 0,
    axis === 2 ? length : 0,
  ];
  const axes = Array.from({ length: dimensions }, (_, axis): Line => {
    return { ends: [end(axis, -axisLength), end(axis, axisLength)], colour: grey };
  });
  return link ? [...axes, { ends: link, colour: ring }] : axes;
}
