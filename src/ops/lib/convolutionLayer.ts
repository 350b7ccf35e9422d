import { ShapeError } from "../../device/errors.ts";
import { show, type Shape } from "../../tensor/shape.ts";
import { track } from "../../tensor/tape.ts";
import { checkOperands, emptyFor, type Tensor } from "../../tensor/tensor.ts";
import { note } from "../../tensor/trace.ts";
import { epilogueGradients, type Epilogue } from "../epilogue.ts";
import { applyApart, isApart } from "./activation.ts";
import type { Geometry } from "./convolution.ts";

/** What a convolution and a transposed convolution do each in their own way; each pass writes its last tensor. */
export interface Passes {
  /** Of the result: the channels are the last axis. */
  shape: Shape;
  geometry: Geometry;
  forward(epilogue: Epilogue, y: Tensor): void;
  dx(dz: Tensor, dx: Tensor): void;
  dw(dz: Tensor, dw: Tensor): void;
}

/**
 * activation(pass(x, w) + bias) with its gradients, for either kind of convolution.
 *
 * @throws ShapeError where the bias does not have one value for each channel.
 */
export function convolutionLayer(
  op: string,
  x: Tensor,
  w: Tensor,
  { bias, activation = "none" }: Epilogue,
  passes: Passes,
): Tensor {
  const channels = passes.shape.at(-1)!;
  if (bias) checkOperands(op, bias);
  if (bias && bias.size !== channels)
    throw new ShapeError(
      `${op}: bias is ${show(bias.shape)}, expected (${channels}), one value for each channel`,
    );

  const epilogue: Epilogue = { bias, activation: isApart(activation) ? "none" : activation };
  const y = emptyFor([x, w], passes.shape);
  passes.forward(epilogue, y);
  note(op, y, [x, w, bias], { ...passes.geometry, activation: epilogue.activation });

  const result = track(y, bias ? [x, w, bias] : [x, w], (dy, gradients) => {
    const { dz, db } = epilogueGradients(dy, y, epilogue, 2, gradients);
    const dx = gradients.wanted(0) ? gradients.empty(0) : undefined;
    if (dx) passes.dx(dz, dx);
    const dw = gradients.wanted(1) ? gradients.empty(1) : undefined;
    if (dw) passes.dw(dz, dw);
    return [dx, dw, db];
  });
  return isApart(activation) ? applyApart(activation, result) : result;
}
