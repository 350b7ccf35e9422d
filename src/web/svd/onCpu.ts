import { ArgumentError } from "../../device/errors.ts";
import { svdOnCpu, type Factors } from "../shared/svdOnCpu.ts";

/** A matrix that this processor has decomposed, for browsers without WebGPU. */
export class CpuMatrix {
  readonly #rows: number;
  readonly #columns: number;
  #factors: Factors | undefined;

  constructor(rows: number, columns: number) {
    this.#rows = rows;
    this.#columns = columns;
  }

  /** The singular values of the matrix, largest first, and the milliseconds that they took. */
  decompose(values: Float32Array): { values: Float32Array; ms: number } {
    const start = performance.now();
    this.#factors = svdOnCpu(values, this.#rows, this.#columns);
    return { values: Float32Array.from(this.#factors.S), ms: performance.now() - start };
  }

  /** The nearest matrix of rank k. */
  atRank(k: number): Float32Array {
    return this.#sum(k, (p) => this.#need().S[p]!);
  }

  /** The gradient of singular value i, counted from 0, by every entry: u_i v_iᵀ. */
  gradient(i: number): Float32Array {
    return this.#sum(i + 1, (p) => Number(p === i));
  }

  /** Σ weight(p) u_p v_pᵀ over p < k. */
  #sum(k: number, weight: (p: number) => number): Float32Array {
    const { U, S, Vt } = this.#need();
    const [rows, columns, P] = [this.#rows, this.#columns, S.length];
    const out = new Float32Array(rows * columns);
    for (let p = 0; p < k; p++) {
      const by = weight(p);
      if (by === 0) continue;
      for (let row = 0; row < rows; row++) {
        const times = by * U[row * P + p]!;
        for (let column = 0; column < columns; column++)
          out[row * columns + column]! += times * Vt[p * columns + column]!;
      }
    }
    return out;
  }

  #need(): Factors {
    if (!this.#factors) throw new ArgumentError("no picture was decomposed yet: choose one");
    return this.#factors;
  }
}
