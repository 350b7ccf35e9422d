import { float16 } from "../device/float16.ts";
import { float32, type DType } from "../device/dtype.ts";
import { copyInto } from "../tensor/accumulate.ts";
import { track } from "../tensor/tape.ts";
import { note } from "../tensor/trace.ts";
import { checkOperands, empty, type Tensor } from "../tensor/tensor.ts";

export { float16, float32, type DType };

function cast(op: string, x: Tensor, dtype: DType): Tensor {
  checkOperands(op, x);
  if (x.dtype === dtype) return track(x.view(), [x], (dy) => [dy]);
  const y = empty(x.device, x.shape, "tensor", dtype);
  copyInto(y, x);
  note(op, y, [x]);
  return track(y, [x], (dy) => [dy]);
}

/**
 * x stored in 16 bits to a number, see `float16`: in the same memory where it is so already. Matrix products, convolutions of
 * one to three axes, functions of one number, arithmetic, softmax, attention, pooling, resizing, `take` and rearrangements give
 * float16 of operands that all are, float32 where one is not; sums, other reductions and losses give float32. All add up in
 * float32. Gradients are float32, so that of x is as if there was no cast.
 *
 * @throws ArgumentError where the device has no `shader-f16`.
 */
export function half(x: Tensor): Tensor {
  return cast("half", x, float16);
}

/** x stored in 32 bits to a number: in the same memory where it is so already. */
export function float(x: Tensor): Tensor {
  return cast("float", x, float32);
}
