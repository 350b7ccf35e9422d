import { ShapeError } from "../device/errors.ts";
import { kernel } from "../device/kernel.ts";
import { show } from "../tensor/shape.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { matmul } from "./matmul.ts";
import { orthonormalise, shortSide } from "./svd/decompose.ts";

const svdKernel = kernel("svd");
const WG = 8;

/** The factors of `svd`. */
export interface Svd {
  /** (…, M, r): orthonormal columns. */
  U: Tensor;
  /** (…, r): the singular values, largest first. */
  S: Tensor;
  /** (…, r, N): orthonormal rows. */
  Vt: Tensor;
}

export function svd(a: Tensor): Svd {
  const { device } = a;
  if (a.shape.length < 2 || a.size === 0)
    throw new ShapeError(`svd: a is ${show(a.shape)}; expected a matrix, or a batch of them, with entries`);
  const batch = a.shape.slice(0, -2);
  const [M, N] = a.shape.slice(-2) as [number, number];
  const P = Math.min(M, N);
  return device.scope(() => {
    const matrices = a.view([a.size / (M * N), M, N]);
    const count = matrices.shape[0]!;
    const { vectors, info } = shortSide(matrices);
    const others = device.noGrad(() => matmul(matrices, vectors, { transposeA: M < N }));
    const S = orthonormalise(others, info, { strong: 0.1, scaled: true });
    const [u, v] = M < N ? [vectors, others] : [others, vectors];
    const U = empty(device, [...batch, M, P]);
    const Vt = empty(device, [...batch, P, N]);
    const params = { M, N, P, B: 0, C: P, K: P, count, zero: 0, poison: NaN };
    svdKernel("orient", { u, v, info, uOut: U, vOut: Vt }, params, [Math.ceil(P / WG), count]);
    return { U, S: S.view([...batch, P]), Vt };
  });
}
