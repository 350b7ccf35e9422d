import { Matrix, QrDecomposition, SingularValueDecomposition } from "ml-matrix";
import { values } from "../check.ts";

/** Rows of numbers, in float64. */
export interface Dense {
  M: number;
  N: number;
  data: number[];
}

/** M × N numbers in [-1, 1). */
export function random(M: number, N: number, seed = 1): Dense {
  return { M, N, data: values(M * N, seed) };
}

/** A matrix of which only the entries are known. */
export function from(M: number, N: number, entry: (i: number, j: number) => number): Dense {
  return { M, N, data: Array.from({ length: M * N }, (_, e) => entry(Math.floor(e / N), e % N)) };
}

/** `rows` × `columns` with orthonormal columns. */
export function orthonormal(rows: number, columns: number, seed: number): Matrix {
  const { data } = random(rows, columns, seed);
  return new QrDecomposition(Matrix.from1DArray(rows, columns, data)).orthogonalMatrix;
}

/** A random M × N matrix of these singular values, min(M, N) of them. */
export function withSpectrum(M: number, N: number, spectrum: readonly number[], seed = 1): Dense {
  const r = spectrum.length;
  const left = orthonormal(M, r, seed + 1).mul(Matrix.ones(M, 1).mmul(Matrix.rowVector([...spectrum])));
  return { M, N, data: left.mmul(orthonormal(N, r, seed + 2).transpose()).to1DArray() };
}

/** Hilbert's matrix, whose condition number grows as e^{3.5 n}. */
export const hilbert = (n: number): Dense => from(n, n, (i, j) => 1 / (i + j + 1));

/** Kahan's: triangular, and much closer to singular than its diagonal shows. */
export function kahan(n: number, angle = 1.2): Dense {
  const [s, c] = [Math.sin(angle), Math.cos(angle)];
  return from(n, n, (i, j) => s ** i * (i === j ? 1 : i < j ? -c : 0));
}

/** Thin factors in float64. */
export interface Factors {
  /** M × r */
  U: Matrix;
  S: number[];
  /** N × r */
  V: Matrix;
}

/** By Golub and Reinsch's method, with the largest entry of each column of `signed` positive. */
export function svdReference({ M, N, data }: Dense, signed: "U" | "V" = "U"): Factors {
  const found = new SingularValueDecomposition(Matrix.from1DArray(M, N, data), { autoTranspose: true });
  const r = Math.min(M, N);
  const U = found.leftSingularVectors.subMatrixColumn(Array.from({ length: r }, (_, j) => j));
  const V = found.rightSingularVectors.subMatrixColumn(Array.from({ length: r }, (_, j) => j));
  const lead = signed === "U" ? U : V;
  for (let j = 0; j < r; j++) {
    const column = lead.getColumn(j);
    const most = column.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0);
    if (most < 0) for (const m of [U, V]) m.mulColumn(j, -1);
  }
  return { U, S: found.diagonal.slice(0, r), V };
}

const EPS = 2 ** -23;

/**
 * LAPACK's test ratios, which its own tests want below 30: ‖A − U S Vᵀ‖ / (‖A‖ max(M, N) ε), ‖UᵀU − I‖ / (M ε) and
 * ‖VᵀV − I‖ / (N ε), as dbdt01 and dort01 reckon them, in Frobenius norms, which are never below theirs by much.
 */
export function ratios(a: Dense, U: ArrayLike<number>, S: ArrayLike<number>, Vt: ArrayLike<number>) {
  const { M, N, data } = a;
  const r = Math.min(M, N);
  const rows = (list: ArrayLike<number>, m: number, n: number) =>
    Array.from({ length: m }, (_, i) => Float64Array.from({ length: n }, (_, j) => list[i * n + j]!));
  const left = rows(U, M, r);
  const right = rows(Vt, r, N);
  let residual = 0;
  let norm = 0;
  for (let i = 0; i < M; i++) {
    const row = Float64Array.from(data.slice(i * N, (i + 1) * N));
    for (const x of row) norm += x * x;
    for (let k = 0; k < r; k++) {
      const factor = left[i]![k]! * S[k]!;
      const other = right[k]!;
      for (let j = 0; j < N; j++) row[j]! -= factor * other[j]!;
    }
    for (const x of row) residual += x * x;
  }
  const columns = Array.from({ length: r }, (_, j) => Float64Array.from(left, (row) => row[j]!));
  return {
    residual: Math.sqrt(norm > 0 ? residual / norm : residual) / (Math.max(M, N) * EPS),
    U: defect(columns) / (M * EPS),
    V: defect(right) / (N * EPS),
  };
}

/** ‖G − I‖ of the Gram matrix G of these vectors. */
function defect(vectors: Float64Array[]): number {
  let sum = 0;
  for (let i = 0; i < vectors.length; i++)
    for (let j = 0; j <= i; j++) {
      const [x, y] = [vectors[i]!, vectors[j]!];
      let product = 0;
      for (let e = 0; e < x.length; e++) product += x[e]! * y[e]!;
      sum += (i === j ? 1 : 2) * (product - (i === j ? 1 : 0)) ** 2;
    }
  return Math.sqrt(sum);
}
