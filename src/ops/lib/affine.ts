import { accumulate } from "../../tensor/accumulate.ts";
import { track } from "../../tensor/tape.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { note } from "../../tensor/trace.ts";
import { rowWindows } from "../../tensor/windows.ts";
import { epilogueGradients, sumSlices, type Epilogue } from "../epilogue.ts";
import { matmul, product } from "../matmul.ts";
import { concat, slice } from "../rearrange.ts";
import { applyApart, isApart } from "./activation.ts";

/**
 * activation(x · weight + bias), for x (M,K) and weight (K,N): as `matmul` has it, but the weight may be larger than
 * what a binding of the device holds. It is then Σ_i x[:, K_i] · weight[K_i, :] over windows K_i of the weight's rows,
 * added up in their order.
 */
export function affine(x: Tensor, weight: Tensor, options: Epilogue = {}): Tensor {
  const { device } = x;
  const { bias, activation = "none" } = options;
  if (weight.byteLength <= device.largestBinding)
    return matmul(x, weight, { activation, ...(bias ? { bias } : {}) });
  if (isApart(activation)) return applyApart(activation, affine(x, weight, { bias }));
  const [M, N] = [x.shape[0]!, weight.shape[1]!];
  const columns = (first: number, rows: Tensor) => slice(x, [0, first], [M, rows.shape[0]!]);
  const y = device.noGrad(() =>
    device.scope(() => {
      const sum = rowWindows(weight)
        .map(({ first, rows }) => matmul(columns(first, rows), rows))
        .reduce((before, part) => accumulate(before, part));
      const y = empty(device, [M, N]);
      sumSlices(sum, y, N, options);
      return y;
    }),
  );
  note("matmul", y, [x, weight, bias], { activation });
  return track(y, bias ? [x, weight, bias] : [x, weight], (dy, gradients) => {
    const { dz, db } = epilogueGradients(dy, y, options, 2, gradients);
    const dw = gradients.wanted(1) ? gradients.empty(1) : undefined;
    for (const { first, rows } of dw ? rowWindows(dw) : [])
      product({
        ...{ a: columns(first, rows), b: dz, out: rows, M: rows.shape[0]!, N, K: M, B: 1 },
        ...{ transposeA: true, transposeB: false, variant: undefined },
      });
    if (!gradients.wanted(0)) return [undefined, dw, db];
    const parts = rowWindows(weight).map(({ rows }) => matmul(dz, rows, { transposeB: true }));
    return [concat(parts, 1), dw, db];
  });
}
