import { checkWhole } from "../device/arguments.ts";
import { ShapeError } from "../device/errors.ts";
import { countPoints, requireFinite } from "./points.ts";

/**
 * Points on the straight lines from each point of a (P, dimension) to the same point of b: `steps` between the two,
 * (1 − w) a + w b with w = i / (steps + 1), i = 1 … steps (five in the VRRAE paper, §4.2), and with `ends` the two
 * themselves around them, i = 0 … steps + 1. Returns (P, steps, dimension), or (P, steps + 2, dimension).
 *
 * @throws ShapeError where a and b are not equally many whole points, NumericalError where one is not finite,
 * ArgumentError for a number of steps below 0.
 */
export function interpolate(
  a: Float32Array,
  b: Float32Array,
  dimension: number,
  steps: number,
  { ends = false }: { ends?: boolean | undefined } = {},
): Float32Array {
  const P = countPoints("interpolate", a, dimension);
  if (b.length !== a.length)
    throw new ShapeError(`interpolate: a has ${a.length} values, b has ${b.length}; expected as many`);
  checkWhole("interpolate: steps", steps, 0);
  requireFinite("interpolate: a", a, dimension);
  requireFinite("interpolate: b", b, dimension);
  const first = ends ? 0 : 1;
  const rows = ends ? steps + 2 : steps;
  const out = new Float32Array(P * rows * dimension);
  for (let at = 0; at < out.length; at++) {
    const row = Math.floor(at / dimension);
    const from = Math.floor(row / rows) * dimension + (at % dimension);
    const w = (first + (row % rows)) / (steps + 1);
    out[at] = (1 - w) * a[from]! + w * b[from]!;
  }
  return out;
}
