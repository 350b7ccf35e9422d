import { checkWhole } from "../device/arguments.ts";
import { ShapeError } from "../device/errors.ts";
import { show } from "../tensor/shape.ts";
import { checkTensors, type Tensor } from "../tensor/tensor.ts";
import { add, div, mul, sub } from "./arithmetic.ts";
import { repeat } from "./arrange.ts";
import { clamp, round } from "./elementwise.ts";
import { composed } from "./lib/composed.ts";
import { reshape } from "./rearrange.ts";

/** `scale` with each of its numbers for a block of x: along each axis it has 1, all, or a divisor of the elements of x. */
function spread(op: string, scale: Tensor, x: Tensor): Tensor {
  const lead = x.shape.length - scale.shape.length;
  const fits =
    lead >= 0 && scale.shape.every((extent, axis) => extent > 0 && x.shape[lead + axis]! % extent === 0);
  if (!fits)
    throw new ShapeError(
      `${op}: scale and zero point ${show(scale.shape)} do not divide the axes of ${show(x.shape)} into blocks`,
    );
  let all = reshape(scale, scale.shape);
  scale.shape.forEach((extent, axis) => {
    const times = x.shape[lead + axis]! / extent;
    if (extent > 1 && times > 1) all = repeat(all, times, axis);
  });
  return all;
}

/**
 * The whole numbers round(x / scale) + zero point, of two the even one, limited to `low` … `high`, as f32: 0 to 255 unless given.
 * Scale and zero point have one number for all, for each place along some axes, or for each block. No gradient. As ONNX's
 * QuantizeLinear.
 */
export function quantizeLinear(x: Tensor, scale: Tensor, zeroPoint: Tensor, low = 0, high = 255): Tensor {
  checkTensors("quantizeLinear", x, scale, zeroPoint);
  checkWhole("quantizeLinear: low", low, -(2 ** 24), 2 ** 24);
  checkWhole("quantizeLinear: high", high, low, 2 ** 24);
  return x.device.scope(() =>
    x.device.noGrad(() => {
      const [by, from] = [spread("quantizeLinear", scale, x), spread("quantizeLinear", zeroPoint, x)];
      return clamp(add(round(div(x, by)), from), low, high);
    }),
  );
}

/** (x - zero point) · scale, of what `quantizeLinear` gives. */
export function dequantizeLinear(x: Tensor, scale: Tensor, zeroPoint: Tensor): Tensor {
  checkTensors("dequantizeLinear", x, scale, zeroPoint);
  return composed([x, scale, zeroPoint], () => {
    const [by, from] = [spread("dequantizeLinear", scale, x), spread("dequantizeLinear", zeroPoint, x)];
    return mul(sub(x, from), by);
  });
}
