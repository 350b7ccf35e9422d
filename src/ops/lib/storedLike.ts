import type { Tensor } from "../../tensor/tensor.ts";
import { float16, float, half } from "../casts.ts";

/**
 * What `body` makes of the operands in float32, stored as `emptyFor` stores it: in 16 bits where all of them are. Operations of
 * several steps round once in this way.
 */
export function inFloat(operands: readonly Tensor[], body: (...wide: Tensor[]) => Tensor): Tensor {
  const y = body(...operands.map((x) => (x.dtype === float16 ? float(x) : x)));
  return operands.every((x) => x.dtype === float16) ? half(y) : y;
}
