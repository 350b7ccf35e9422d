type Plane = readonly [number, number, number, number];

/** How far two lists of N numbers go together, those of column `a` of codes (N, size) and of column `b` of others. */
function product(codes: Float32Array, a: number, others: Float32Array, b: number, size: number): number {
  let sum = 0;
  for (let row = 0; row < codes.length; row += size) sum += codes[row + a]! * others[row + b]!;
  return sum;
}

/**
 * How codes in a basis that is found anew at each look are turned and mirrored, so that those of the same samples stay
 * where they were: the first two numbers by the orthogonal map that does it best, each other one by its sign.
 */
export class Turn {
  /** The map of the first two numbers: [x, y] → [m0 x + m1 y, m2 x + m3 y]. */
  #plane: Plane = [1, 0, 0, 1];
  #signs: readonly number[] = [];
  #shown: Float32Array = new Float32Array();

  get plane(): Plane {
    return this.#plane;
  }

  /** Turns from now on so that `codes` (N, size) come to lie where the last ones did; those of other samples anew. */
  follow(codes: Float32Array, size: number): void {
    const shown = this.#shown;
    if (shown.length !== codes.length || this.#signs.length !== size || !codes.every(Number.isFinite)) {
      this.#plane = [1, 0, 0, 1];
      this.#signs = Array.from({ length: size }, () => 1);
    } else {
      const of = (a: number, b: number) => product(shown, a, codes, b, size);
      this.#signs = Array.from({ length: size }, (_, i) => (of(i, i) < 0 ? -1 : 1));
      if (size >= 2) this.#plane = nearest(of(0, 0), of(0, 1), of(1, 0), of(1, 1));
    }
    this.#shown = this.apply(codes, size);
  }

  /** Codes (N, size) as they are shown. */
  apply(codes: Float32Array, size: number): Float32Array {
    return this.#mapped(codes, size, this.#plane);
  }

  /** What `apply` made of codes, as it was before. */
  undo(codes: Float32Array, size: number): Float32Array {
    const [a, b, c, d] = this.#plane;
    return this.#mapped(codes, size, [a, c, b, d]);
  }

  #mapped(codes: Float32Array, size: number, [a, b, c, d]: Plane): Float32Array {
    const mapped = codes.slice();
    if (this.#signs.length !== size) return mapped;
    for (let row = 0; row < codes.length; row += size) {
      for (let i = size === 1 ? 0 : 2; i < size; i++) mapped[row + i]! *= this.#signs[i]!;
      if (size === 1) continue;
      const [x, y] = [codes[row]!, codes[row + 1]!];
      mapped[row] = a * x + b * y;
      mapped[row + 1] = c * x + d * y;
    }
    return mapped;
  }
}

/**
 * The rotation or reflection R of the plane for which Σ shownᵀ R code is largest, from the sums of the products of their
 * numbers: the orthogonal Procrustes problem (Schönemann, Psychometrika 31, 1966), in two dimensions.
 */
function nearest(xx: number, xy: number, yx: number, yy: number): Plane {
  const [turned, mirrored] = [Math.hypot(xx + yy, yx - xy), Math.hypot(xx - yy, yx + xy)];
  if (turned === 0 && mirrored === 0) return [1, 0, 0, 1];
  if (turned >= mirrored) {
    const [cos, sin] = [(xx + yy) / turned, (yx - xy) / turned];
    return [cos, -sin, sin, cos];
  }
  const [cos, sin] = [(xx - yy) / mirrored, (yx + xy) / mirrored];
  return [cos, sin, sin, -cos];
}
