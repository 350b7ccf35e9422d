import { ArgumentError, ShapeError } from "../device/errors.ts";
import { add, clamp, div, exp, max, min, mul, neg, square, sub, where } from "../ops/elementwise.ts";
import { matmul } from "../ops/matmul.ts";
import { amax, mean, sum } from "../ops/reduce.ts";
import { reshape } from "../ops/rearrange.ts";
import { noGrad } from "../tensor/record.ts";
import { show } from "../tensor/shape.ts";
import { tensor, type Tensor } from "../tensor/tensor.ts";

export type MmdKernel = "imq" | "rbf";

/** Scales of the inverse multiquadratic kernels that are added up (Tolstikhin et al. 2018, their code). */
const SCALES = [0.1, 0.2, 0.5, 1, 2, 5, 10];

/**
 * The squared maximum mean discrepancy of two samples a and b, (n, d) each with n > 1, without bias, so that it may be
 * below 0 (Gretton et al. 2012, lemma 6):
 *
 *     [Σ_{i≠j} k(a_i, a_j) + Σ_{i≠j} k(b_i, b_j)] / n(n − 1) − 2/n² Σ_ij k(a_i, b_j)
 *
 * "imq": k(x, y) = Σ_s C_s / (C_s + ‖x − y‖²), C_s = 2 d s, s from 0.1 to 10, for b drawn from N(0, I) (Tolstikhin et al.,
 * "Wasserstein auto-encoders", 2018). "rbf": k(x, y) = exp(−‖x − y‖² / m), where m is the median of ‖a_i − b_j‖², which
 * counts as a constant.
 */
export function mmd(a: Tensor, b: Tensor, kernel: MmdKernel = "imq"): Tensor {
  const [n, d] = a.shape as [number, number];
  if (a.shape.length !== 2 || b.shape.join() !== a.shape.join() || n < 2)
    throw new ShapeError(`mmd: a is ${show(a.shape)} and b ${show(b.shape)}; give (n, d) twice, n from 2 on`);
  if (kernel !== "imq" && kernel !== "rbf")
    throw new ArgumentError(`mmd: a kernel is "imq" or "rbf", not "${String(kernel)}"`);
  const across = distances(a, b);
  const alike =
    kernel === "imq"
      ? (squares: Tensor) => multiquadratic(squares, d)
      : gaussianBy(noGrad(a.device, () => median(across)));
  const within = add(apart(alike(distances(a, a))), apart(alike(distances(b, b))));
  return sub(div(within, n * (n - 1)), mul(mean(alike(across)), 2));
}

/** ‖a_i − b_j‖², (n, n). */
function distances(a: Tensor, b: Tensor): Tensor {
  const [n] = a.shape as [number];
  const norms = add(reshape(sum(square(a), 1), [n, 1]), reshape(sum(square(b), 1), [1, n]));
  return clamp(sub(norms, mul(matmul(a, b, { transposeB: true }), 2)), 0, 3e38);
}

/** The sum of the elements that are not on the diagonal. */
function apart(x: Tensor): Tensor {
  const [n] = x.shape as [number];
  const mask = Float32Array.from({ length: n * n }, (_, at) => Number(at % (n + 1) !== 0));
  return sum(
    mul(
      x,
      noGrad(x.device, () => tensor(x.device, mask, [n, n])),
    ),
  );
}

function multiquadratic(squares: Tensor, d: number): Tensor {
  return SCALES.map((scale) => div(2 * d * scale, add(squares, 2 * d * scale))).reduce((total, one) =>
    add(total, one),
  );
}

const gaussianBy = (width: Tensor) => (squares: Tensor) => exp(neg(div(squares, width)));

/** The median to a part in a million of the largest, by halving: as many launches whatever the values are. */
function median(x: Tensor): Tensor {
  let [low, high] = [mul(amax(x), 0), amax(x)];
  for (let i = 0; i < 20; i++) {
    const middle = mul(add(low, high), 0.5);
    const isBelow = mean(where(max(sub(middle, x), 0), 1, 0)); // the share that is below the middle
    const over = max(sub(isBelow, 0.5), 0); // more than half: the median is below
    [low, high] = [where(over, low, middle), where(over, middle, high)];
  }
  return max(min(high, 3e38), 1e-30);
}
