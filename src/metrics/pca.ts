import { EigenvalueDecomposition, Matrix, QrDecomposition } from "ml-matrix";
import type { Dataset } from "../data/dataset.ts";
import { checkWhole } from "../device/arguments.ts";
import { NumericalError } from "../device/errors.ts";
import { threefry2x32 } from "../ops/lib/threefry.ts";

/** Gram matrices up to this many rows are decomposed whole; larger ones by subspace iteration. */
const wholeUpTo = 256;

/**
 * The linear bound: 100 · ‖X − X_k‖ / ‖X‖, X_k the best rank-k approximation of the samples as rows, uncentred.
 * No linear autoencoder with k latent coordinates can do better on these samples (Eckart–Young).
 *
 * The smaller Gram matrix's eigenvalues are the squared singular values. Of a large set `samples` (1,000 by default)
 * evenly spaced ones stand for all.
 *
 * @throws ArgumentError for k that is not a whole number from 1 to the least of samples and values per sample, or for
 * `samples` that is none from 1 on; NumericalError for a value that is not finite.
 */
export function pcaError(
  dataset: Dataset,
  k: number,
  { samples = 1000 }: { samples?: number | undefined } = {},
): number {
  checkWhole("pcaError: samples", samples, 1);
  const rows = Math.min(dataset.count, samples);
  checkWhole(`pcaError: for ${dataset.name}, k`, k, 1, Math.min(rows, dataset.size));
  const values = new Float32Array(rows * dataset.size);
  const chosen = Uint32Array.from({ length: rows }, (_, i) => Math.floor((i * dataset.count) / rows));
  dataset.copyRows(chosen, values);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new NumericalError(
      `pcaError: value ${bad % dataset.size} of sample ${chosen[Math.floor(bad / dataset.size)]} of ` +
        `${dataset.name} is ${values[bad]}`,
    );
  const gram = gramMatrix(values, rows, dataset.size);
  const kept = gram.rows <= wholeUpTo ? largest(gram, k) : largestByIteration(gram, k);
  const energy = gram.trace();
  return energy > 0 ? 100 * Math.sqrt(Math.max(0, 1 - kept / energy)) : 0;
}

/** X Xᵀ or Xᵀ X, whichever is smaller, for X [rows, columns]; in tiles of two by two. */
function gramMatrix(values: Float32Array, rows: number, columns: number): Matrix {
  const wide = rows <= columns;
  const [n, length] = wide ? [rows, columns] : [columns, rows];
  const even = n + (n % 2);
  const vectors = new Float64Array(even * length);
  if (wide) vectors.set(values);
  else
    for (let i = 0; i < values.length; i++)
      vectors[(i % columns) * rows + Math.floor(i / columns)] = values[i]!;
  const gram = new Matrix(even, even);
  for (let i = 0; i < even; i += 2) {
    for (let j = 0; j <= i; j += 2) {
      dotTile(vectors, i * length, j * length, length).forEach((product, at) => {
        gram.set(i + (at >> 1), j + (at & 1), product);
        gram.set(j + (at & 1), i + (at >> 1), product);
      });
    }
  }
  return gram.subMatrix(0, n - 1, 0, n - 1);
}

/** The four products of the vectors at a and a + length with those at b and b + length. */
function dotTile(
  vectors: Float64Array,
  a: number,
  b: number,
  length: number,
): [number, number, number, number] {
  let [s00, s01, s10, s11] = [0, 0, 0, 0];
  for (let i = 0; i < length; i++) {
    const a0 = vectors[a + i]!;
    const a1 = vectors[a + length + i]!;
    const b0 = vectors[b + i]!;
    const b1 = vectors[b + length + i]!;
    s00 += a0 * b0;
    s01 += a0 * b1;
    s10 += a1 * b0;
    s11 += a1 * b1;
  }
  return [s00, s01, s10, s11];
}

/** Sum of the k largest eigenvalues of a symmetric matrix. */
function largest(symmetric: Matrix, k: number): number {
  const { realEigenvalues } = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
  return realEigenvalues
    .sort((a, b) => b - a)
    .slice(0, k)
    .reduce((sum, value) => sum + value, 0);
}

/** The same by subspace iteration with Rayleigh–Ritz values, to a relative change of 1e-9 per sweep. */
function largestByIteration(gram: Matrix, k: number): number {
  const columns = Math.min(gram.rows, k + 10);
  let basis = new Matrix(gram.rows, columns);
  for (let i = 0; i < gram.rows; i++) {
    for (let j = 0; j < columns; j++) basis.set(i, j, threefry2x32(0, 0, i, j)[0] / 2 ** 31 - 1);
  }
  let sum = 0;
  for (let sweep = 0; sweep < 200; sweep++) {
    basis = new QrDecomposition(basis).orthogonalMatrix;
    const image = gram.mmul(basis);
    const next = largest(basis.transpose().mmul(image), k);
    if (Math.abs(next - sum) <= 1e-9 * next) return next;
    sum = next;
    basis = image;
  }
  return sum;
}
