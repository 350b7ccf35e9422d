import { ShapeError } from "../device/errors.ts";
import { mul } from "../ops/elementwise.ts";
import { show } from "../tensor/shape.ts";
import type { Initial } from "./init.ts";
import type { Layer } from "./layer.ts";

/**
 * Each channel times a number that is learned: (…, channels) → the same; weight (channels). With small numbers to start
 * from, the main branch of a `residual` enters little by little. Source: LayerScale of Touvron et al., "Going deeper with
 * image transformers", ICCV 2021, section 2.
 */
export function scale(
  channels: number,
  { initial = { constant: 1 } }: { initial?: Initial | undefined } = {},
): Layer {
  return {
    label: "scale",
    parameters: [{ name: "weight", shape: [channels], fanIn: 1, initial }],
    outputShape(input) {
      if (input.at(-1) !== channels)
        throw new ShapeError(`scale: takes samples of ${channels} channels, not ${show(input)}`);
      return input;
    },
    apply: (x, parameter) => mul(x, parameter("weight")),
    inputGradient: (dy, _, __, parameter) => mul(dy, parameter("weight")),
  };
}
