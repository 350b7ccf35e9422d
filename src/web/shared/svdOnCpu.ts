/** Factors of a matrix (M, N): its value is U S Vt, with P = min(M, N). Row-major. */
export interface Factors {
  /** (M, P). */
  U: Float64Array;
  /** Largest first. */
  S: Float64Array;
  /** (P, N). */
  Vt: Float64Array;
}

const mostSweeps = 40;
/** Rows whose cosine is smaller are at right angles. */
const enough = 1e-14;

/**
 * The singular value decomposition of `values` (M, N) in float64 on this processor, for small matrices: rows are turned
 * against each other, pair by pair, until all are at right angles (one-sided Jacobi; Hestenes, J. SIAM 6, 1958).
 */
export function svdOnCpu(values: ArrayLike<number>, M: number, N: number): Factors {
  if (M > N) {
    const { U, S, Vt } = svdOnCpu(transposed(values, M, N), N, M);
    return { U: transposed(Vt, N, M), S, Vt: transposed(U, N, N) };
  }
  const rows = Array.from({ length: M }, (_, i) =>
    Float64Array.from({ length: N }, (_, j) => values[i * N + j]!),
  );
  const turns = Array.from({ length: M }, (_, i) =>
    Float64Array.from({ length: M }, (_, j) => Number(i === j)),
  );
  for (let sweep = 0, turned = true; turned && sweep < mostSweeps; sweep++) {
    turned = false;
    for (let i = 0; i < M; i++) for (let j = i + 1; j < M; j++) if (turn(rows, turns, i, j)) turned = true;
  }
  const norms = rows.map((row) => Math.sqrt(dot(row, row)));
  const order = norms.map((_, i) => i).sort((a, b) => norms[b]! - norms[a]!);
  const [U, Vt] = [new Float64Array(M * M), new Float64Array(M * N)];
  order.forEach((row, p) => {
    for (let i = 0; i < M; i++) U[i * M + p] = turns[row]![i]!;
    const norm = norms[row]!;
    if (norm > 0)
      Vt.set(
        rows[row]!.map((value) => value / norm),
        p * N,
      );
  });
  return { U, S: Float64Array.from(order, (row) => norms[row]!), Vt };
}

/** Turns two rows, and what keeps count of the turns, so that they are at right angles; whether they were not. */
function turn(rows: Float64Array[], turns: Float64Array[], i: number, j: number): boolean {
  const [a, b] = [rows[i]!, rows[j]!];
  const [aa, bb, ab] = [dot(a, a), dot(b, b), dot(a, b)];
  if (Math.abs(ab) <= enough * Math.sqrt(aa * bb) || ab === 0) return false;
  const zeta = (bb - aa) / (2 * ab);
  const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
  const cos = 1 / Math.hypot(1, t);
  for (const [p, q] of [
    [a, b],
    [turns[i]!, turns[j]!],
  ] as const)
    p.forEach((value, n) => {
      const other = q[n]!;
      p[n] = cos * (value - t * other);
      q[n] = cos * (t * value + other);
    });
  return true;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let n = 0; n < a.length; n++) sum += a[n]! * b[n]!;
  return sum;
}

function transposed(values: ArrayLike<number>, M: number, N: number): Float64Array {
  return Float64Array.from({ length: M * N }, (_, at) => values[(at % M) * N + Math.floor(at / M)]!);
}
