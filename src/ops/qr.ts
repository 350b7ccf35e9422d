import { optionsOf } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { kernel, linearGrid } from "../device/kernel.ts";
import { show, sizeOf } from "../tensor/shape.ts";
import { saveFor, track, trackAll } from "../tensor/tape.ts";
import { checkTensors, empty, type Tensor } from "../tensor/tensor.ts";
import { add, mul, sub } from "./arithmetic.ts";
import { tril, triu } from "./create.ts";
import { cumprod } from "./cumulate.ts";
import { matmul } from "./matmul.ts";
import { concat, reshape, slice, transpose } from "./rearrange.ts";
import { svd } from "./svd.ts";
import { triangularSolve } from "./triangular.ts";

const qrKernel = kernel("qr");
const WG = 32;

export interface QrOptions {
  /** Whether Q is square and R as long as a; thin unless given, with min(M, N) columns of Q and rows of R. */
  full?: boolean | undefined;
}

/** An orthogonal and a triangular factor of a matrix. */
export interface QrFactors {
  Q: Tensor;
  R: Tensor;
}

/** The extents of a batch of matrices (…,M,N), in the letters of the kernel. */
interface Extents {
  B: number;
  M: number;
  N: number;
  P: number;
}

function extentsOf(op: string, a: Tensor, square = false): Extents {
  checkTensors(op, a);
  const [M, N] = a.shape.slice(-2);
  if (M === undefined || N === undefined || (square && M !== N))
    throw new ShapeError(
      `${op}: a is ${show(a.shape)}; expected a ${square ? "square " : ""}matrix, or a batch of them`,
    );
  return { B: sizeOf(a.shape.slice(0, -2)), M, N, P: Math.min(M, N) };
}

/** What is kept of a factorisation: R with the reflections below it, and their factors. */
interface Reflections {
  w: Tensor;
  taus: Tensor;
}

function reflect(a: Tensor, { B, M, N, P }: Extents): Reflections {
  const [w, taus] = [empty(a.device, [B, M, N]), empty(a.device, [B, P])];
  qrKernel("factor", { a, w, taus }, { B, M, N, P, K: P }, linearGrid(B, 1), {
    work: { flops: 2 * B * M * N * P },
  });
  return { w, taus };
}

/** Q (B,M,K), of K columns. */
function writeQ({ w, taus }: Reflections, { B, M, N, P }: Extents, K: number, out: Tensor): Tensor {
  const grid = [Math.ceil(K / WG), ...linearGrid(B, 1)] as const;
  qrKernel("orthogonal", { w, taus, out }, { B, M, N, P, K }, grid, { work: { flops: 2 * B * M * K * P } });
  return out;
}

/** R (B,K,N), of K rows. */
function writeR({ w }: Reflections, extents: Extents, K: number, out: Tensor): Tensor {
  qrKernel("triangle", { w, out }, { ...extents, K }, linearGrid(out.size, WG), {
    work: { bytes: 8 * out.size },
  });
  return out;
}

/** x R⁻ᵀ for an upper triangle R. */
const overTransposed = (x: Tensor, R: Tensor) => transpose(triangularSolve(R, transpose(x), { upper: true }));

/** The gradient of a (B,M,N), M ≥ N, from those of Q (B,M,N) and R (B,N,N). */
function tallGradient(Q: Tensor, R: Tensor, dQ: Tensor | undefined, dR: Tensor | undefined): Tensor {
  const ofR = dR && matmul(R, triu(dR), { transposeB: true });
  const ofQ = dQ && matmul(dQ, Q, { transposeA: true });
  const m = ofR && ofQ ? sub(ofR, ofQ) : (ofR ?? mul(ofQ!, -1));
  const mirrored = matmul(Q, add(tril(m), transpose(tril(m, -1))));
  return overTransposed(dQ ? add(dQ, mirrored) : mirrored, R);
}

/** The same where M < N, from those of Q (B,M,M) and R (B,M,N): the first M columns have Q, the others follow. */
function wideGradient(
  a: Tensor,
  Q: Tensor,
  R: Tensor,
  dQ: Tensor | undefined,
  dR: Tensor | undefined,
  { B, M, N }: Extents,
): Tensor {
  const columns = (x: Tensor, first: number, count: number) => slice(x, [0, 0, first], [B, M, count]);
  const square = columns(R, 0, M);
  if (!dR) return concat([tallGradient(Q, square, dQ, undefined), mul(columns(a, M, N - M), 0)], 2);
  const rest = columns(dR, M, N - M);
  const through = matmul(columns(a, M, N - M), rest, { transposeB: true });
  const first = tallGradient(Q, square, dQ ? add(dQ, through) : through, columns(dR, 0, M));
  return concat([first, matmul(Q, rest)], 2);
}

/**
 * a = Q R of matrices a (…,M,N) by Householder's reflections: Q (…,M,P) with orthonormal columns and R (…,P,N) upper triangular,
 * P = min(M, N); with `full` Q (…,M,M) and R (…,M,N). An entry on R's diagonal has the other sign than what its column began
 * with, also the last one. Both have gradients where the first P columns of a are independent; of a full Q there are none for
 * M > N. Source of the gradient: Walter and Lehmann, "Algorithmic differentiation of linear algebra functions", 2010, section 3.1.
 *
 * @throws ShapeError for less than two axes.
 */
export function qr(a: Tensor, options: QrOptions = {}): QrFactors {
  const extents = extentsOf("qr", a);
  const { full = false } = optionsOf("qr", options);
  const { B, M, N, P } = extents;
  const { device } = a;
  const K = full ? M : P;
  const batch = a.shape.slice(0, -2);
  const [Q, R] = [empty(device, [...batch, M, K]), empty(device, [...batch, K, N])];
  device.scope(() => {
    const kept = reflect(a, extents);
    writeQ(kept, extents, K, Q);
    writeR(kept, extents, K, R);
  });
  trackAll([Q, R], [a], ([dQ, dR]) => {
    if (K > N) throw new ArgumentError(`qr: the full Q of a ${show(a.shape)} has no gradient; make it thin`);
    return [
      device.scope(() => {
        const [q, r] = [Q.view([B, M, K]), R.view([B, K, N])];
        const [dq, dr] = [dQ?.view([B, M, K]), dR?.view([B, K, N])];
        return M < N ? wideGradient(a.view([B, M, N]), q, r, dq, dr, extents) : tallGradient(q, r, dq, dr);
      }),
    ];
  });
  return { Q, R };
}

/** Determinants as numbers, and as sign and logarithm: (B) each. */
function determinants(kept: Reflections, extents: Extents, shape: readonly number[]) {
  const { device } = kept.w;
  const [det, sign, logarithm] = [empty(device, shape), empty(device, shape), empty(device, shape)];
  const { B, P } = extents;
  qrKernel(
    "determinant",
    { w: kept.w, determinants: det, signs: sign, logarithms: logarithm },
    { ...extents, K: P },
    linearGrid(B, WG),
    {
      work: { bytes: 4 * B * P },
    },
  );
  return { det, sign, logarithm };
}

/**
 * The determinants (…) of square matrices a (…,N,N), by a QR factorisation. The gradient is the matrix of cofactors, by the
 * singular values, so that it is right also where a is singular: det(U V) U diag(Π_{j≠i} s_j) Vᵀ.
 *
 * @throws ShapeError where a is not square.
 */
export function det(a: Tensor): Tensor {
  const extents = extentsOf("det", a, true);
  const { device } = a;
  const shape = a.shape.slice(0, -2);
  const determinantOf = (x: Tensor) =>
    device.scope(() => determinants(reflect(x, extents), extents, shape).det);
  return track(determinantOf(a), [a], (dy) => [
    device.scope(() => {
      const { U, S, Vt } = svd(a);
      const others = mul(
        cumprod(S, -1, { exclusive: true }),
        cumprod(S, -1, { exclusive: true, reverse: true }),
      );
      const { B, N } = extents;
      const matrices = (x: Tensor) => x.view([B, N, N]);
      const turned = determinants(reflect(matmul(matrices(U), matrices(Vt)), extents), extents, shape).sign;
      const factors = mul(others, reshape(mul(turned, dy), [...shape, 1]));
      return matmul(matrices(mul(U, reshape(factors, [...shape, 1, N]))), matrices(Vt));
    }),
  ]);
}

/** A determinant as its sign, -1, 0 or 1, and the logarithm of its size, which cannot overflow: sign · e^logarithm. */
export interface SignedLogarithm {
  sign: Tensor;
  logarithm: Tensor;
}

/**
 * Signs and logarithms (…) of the determinants of square matrices a (…,N,N), by a QR factorisation: 0 and -Infinity where one
 * is singular. The logarithm has a gradient, a⁻ᵀ, which is not finite there.
 *
 * @throws ShapeError where a is not square.
 */
export function slogdet(a: Tensor): SignedLogarithm {
  const extents = extentsOf("slogdet", a, true);
  const { B, N } = extents;
  const { device } = a;
  const shape = a.shape.slice(0, -2);
  const kept = reflect(a, extents);
  const { det, sign, logarithm } = determinants(kept, extents, shape);
  det.dispose();
  const release = saveFor([logarithm], [a], [kept.w, kept.taus]);
  track(logarithm, [a], (dy) => {
    const da = device.scope(() => {
      const Q = writeQ(kept, extents, N, empty(device, [B, N, N]));
      const R = writeR(kept, extents, N, empty(device, [B, N, N]));
      return mul(overTransposed(Q, R), dy.view([B, 1, 1]));
    });
    release();
    return [da];
  });
  return { sign, logarithm };
}
