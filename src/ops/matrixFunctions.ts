import { checkNumber } from "../device/arguments.ts";
import { ShapeError } from "../device/errors.ts";
import { show } from "../tensor/shape.ts";
import { saveFor, track } from "../tensor/tape.ts";
import { checkTensors, type Tensor } from "../tensor/tensor.ts";
import { add, div, max, mul, pow, sub, where } from "./arithmetic.ts";
import { eye } from "./create.ts";
import { abs, ceil, clamp, log, sqrt } from "./elementwise.ts";
import { exp2, log2 } from "./functions.ts";
import { composed } from "./lib/composed.ts";
import { eigh } from "./linear.ts";
import { less, lessEqual } from "./logic.ts";
import { matmul } from "./products.ts";
import { reshape, transpose } from "./rearrange.ts";
import { amax, sum } from "./reduce.ts";

function checkSquare(op: string, a: Tensor): number {
  checkTensors(op, a);
  const [M, N] = a.shape.slice(-2);
  if (N === undefined || M !== N)
    throw new ShapeError(`${op}: a is ${show(a.shape)}; expected a square matrix, or a batch of them`);
  return N;
}

/** A function of numbers, and what its gradient needs of it. */
interface Spectral {
  f: (x: Tensor) => Tensor;
  slope: (x: Tensor) => Tensor;
  /** (f(x) - f(y)) / (x - y), where it is known without a difference. */
  quotient?: ((x: Tensor, y: Tensor) => Tensor) | undefined;
}

/**
 * V f(Λ) Vᵀ of the symmetric part V Λ Vᵀ of a. Its gradient is V (K ∘ Vᵀ g V) Vᵀ with K_ij = (f(λ_i) - f(λ_j)) / (λ_i - λ_j),
 * and the slope between the two where they are close. Source: Daleckii and Krein, 1965; Higham, Functions of Matrices, 2008,
 * corollary 3.12.
 */
function spectral(op: string, a: Tensor, { f, slope, quotient }: Spectral): Tensor {
  const N = checkSquare(op, a);
  const { device } = a;
  const rowOf = (x: Tensor) => reshape(x, [...x.shape.slice(0, -1), 1, N]);
  const { y, values, vectors } = device.scope(() =>
    device.noGrad(() => {
      const { values, vectors } = eigh(a);
      const y = matmul(mul(vectors, rowOf(f(values))), vectors, { transposeB: true });
      return { y, values, vectors };
    }),
  );
  const release = saveFor([y], [a], [values, vectors]);
  return track(y, [a], (dy) => {
    const da = device.scope(() => {
      const row = rowOf(values);
      const column = transpose(row);
      const far = (x: Tensor, z: Tensor) => {
        const gap = sub(x, z);
        const near = lessEqual(abs(gap), mul(add(abs(x), abs(z)), 2e-3));
        return where(near, slope(mul(add(x, z), 0.5)), div(sub(f(x), f(z)), gap));
      };
      const turned = matmul(matmul(vectors, dy, { transposeA: true }), vectors);
      const inner = mul(turned, (quotient ?? far)(row, column));
      const g = matmul(matmul(vectors, inner), vectors, { transposeB: true });
      return mul(add(g, transpose(g)), 0.5);
    });
    release();
    return [da];
  });
}

/** The square root of symmetric matrices a (…,N,N) without negative eigenvalues; such as come by rounding count as 0. */
export function matrixSqrt(a: Tensor): Tensor {
  const root = (x: Tensor) => sqrt(max(x, 0));
  return spectral("matrixSqrt", a, {
    f: root,
    slope: (x) => div(0.5, root(x)),
    quotient: (x, y) => div(1, add(root(x), root(y))),
  });
}

/** The logarithm of symmetric matrices a (…,N,N) with positive eigenvalues; NaN of others. */
export function matrixLog(a: Tensor): Tensor {
  return spectral("matrixLog", a, { f: log, slope: (x) => div(1, x) });
}

/** Symmetric matrices a (…,N,N) to the power of any number: their eigenvalues are; NaN where a negative one has no such power. */
export function symmetricPower(a: Tensor, exponent: number): Tensor {
  checkNumber("symmetricPower: the exponent", exponent);
  return spectral("symmetricPower", a, {
    f: (x) => pow(x, exponent),
    slope: (x) => mul(pow(x, exponent - 1), exponent),
  });
}

/** Terms of the series of the exponential, for matrices whose norm is at most ½. */
const TERMS = 10;
/** Most times that a matrix is halved. */
const HALVINGS = 12;

/**
 * e^a = Σ aᵏ / k! of square matrices a (…,N,N), whose 1-norms are at most 2048: by its series for a / 2^s of a norm of at most ½,
 * squared s times. Source: Moler and Van Loan, SIAM Review 45, 2003, method 3.
 *
 * @throws ShapeError where a is not square.
 */
export function matrixExp(a: Tensor): Tensor {
  const N = checkSquare("matrixExp", a);
  const { device } = a;
  return composed([a], () => {
    const halvings = device.noGrad(() => {
      const norm = amax(sum(abs(a), -2, true), -1, true);
      return clamp(add(ceil(log2(norm)), 1), 0, HALVINGS);
    });
    const scaled = mul(
      a,
      device.noGrad(() => exp2(mul(halvings, -1))),
    );
    const one = eye(device, N);
    let power = add(one, mul(scaled, 1 / TERMS));
    for (let k = TERMS - 1; k > 0; k--) power = add(one, mul(matmul(scaled, power), 1 / k));
    for (let k = 0; k < HALVINGS; k++)
      power = where(
        device.noGrad(() => less(k, halvings)),
        matmul(power, power),
        power,
      );
    return power;
  });
}
