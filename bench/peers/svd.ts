import { Matrix, SVD } from "ml-matrix";
import numeric from "numeric";
import { SVD as golubReinsch } from "svd-js";
import type { Engine, Inputs, Prepared, SvdLibrary } from "../engine.ts";
import type { Task } from "../tasks.ts";

/** U (m,p) and V (n,p) by rows, and the p values in whatever order a library leaves them in. */
interface Factors {
  U: readonly (readonly number[])[];
  S: readonly number[];
  V: readonly (readonly number[])[];
}

/** Decomposes one matrix, given by rows as the library wants them; what it makes of its result is not timed. */
type Decompose = (rows: number[][]) => () => Factors;

/** Each library as its documentation calls it; all want at least as many rows as columns. */
const libraries: Record<SvdLibrary, Decompose> = {
  "ml-matrix": (rows) => {
    const svd = new SVD(new Matrix(rows));
    return () => ({
      U: svd.leftSingularVectors.to2DArray(),
      S: svd.diagonal,
      V: svd.rightSingularVectors.to2DArray(),
    });
  },
  "svd-js": (rows) => {
    const { u, q, v } = golubReinsch(rows);
    return () => ({ U: u, S: q, V: v });
  },
  numeric: (rows) => {
    const { U, S, V } = numeric.svd(rows);
    return () => ({ U, S, V });
  },
};

/** The libraries that decompose matrices in JavaScript, as engines of the benchmark. */
export function svdLibraries(): Engine[] {
  return (Object.keys(libraries) as SvdLibrary[]).map((name) => new SvdEngine(name));
}

class SvdEngine implements Engine {
  readonly name: SvdLibrary;

  constructor(name: SvdLibrary) {
    this.name = name;
  }

  takes({ kind }: Task): boolean {
    return kind === "svd";
  }

  prepare(task: Task, { a }: Inputs): Promise<Prepared> {
    if (task.kind !== "svd") throw new Error(`${this.name} decomposes matrices only`);
    const { rows, cols, batch } = task.shape;
    const wide = rows < cols; // then the transpose is decomposed
    const matrices = Array.from({ length: batch }, (_, i) =>
      rowsOf(a!.data.subarray(i * rows * cols), rows, cols, wide),
    );
    const decompose = libraries[this.name];
    const all = () => matrices.map(decompose);
    return Promise.resolve({
      run: () => Promise.resolve(void all()),
      answer: () => Promise.resolve(inOrder(all(), wide)),
      dispose: () => undefined,
    });
  }

  close(): void {
    // nothing is held
  }
}

/** A matrix (rows, cols) as a list of its rows, or of its columns if it is `wide`. */
function rowsOf(data: Float32Array, rows: number, cols: number, wide: boolean): number[][] {
  const [outer, inner] = wide ? [cols, rows] : [rows, cols];
  return Array.from({ length: outer }, (_, i) =>
    Array.from({ length: inner }, (_, j) => data[wide ? j * cols + i : i * cols + j]!),
  );
}

/** U (B,M,P), S (B,P) and Vᵀ (B,P,N), the largest value first, as hestenes gives them. */
function inOrder(results: readonly (() => Factors)[], wide: boolean): Float32Array[] {
  const [left, values, right]: number[][] = [[], [], []];
  for (const result of results) {
    const { S, ...vectors } = result();
    const [U, V] = wide ? [vectors.V, vectors.U] : [vectors.U, vectors.V];
    const order = S.map((_, p) => p).sort((p, q) => S[q]! - S[p]!);
    for (const row of U) for (const p of order) left!.push(row[p]!);
    for (const p of order) values!.push(S[p]!);
    for (const p of order) for (const row of V) right!.push(row[p]!);
  }
  return [left!, values!, right!].map((list) => Float32Array.from(list));
}
