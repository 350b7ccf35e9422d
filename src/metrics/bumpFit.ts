import { checkNumber, checkPositive, checkWhole } from "../device/arguments.ts";
import { ShapeError } from "../device/errors.ts";
import { requireFinite } from "../latent/points.ts";

const width = 0.2;
const gridSteps = 40;
const mostSteps = 50;

/** How the pixels of a bump became the values of a sample: value = (pixel − mean) / std. */
export interface BumpScale {
  /** Pixels along each side; they span [−1, 1], x along the columns, y along the rows. */
  size: number;
  /** The training set's mean and standard deviation. */
  mean: number;
  std: number;
}

/** How far samples are from being bumps. */
export interface BumpFit {
  /** Mean of `errors`, in percent. */
  percent: number;
  /** 100 · ‖x̂ − ĝ‖ / ‖ĝ‖ for each sample x̂, ĝ being the bump nearest to it, standardised. */
  errors: Float64Array;
  /** [count, 2]: the centre (x, y) of each ĝ, in [−1, 1]². */
  centres: Float64Array;
}

/**
 * The random-generation error on bumps (VRRAE paper, §4.1): each sample is compared to the bump of amplitude 1 and
 * σ = 0.2 nearest to it. Only the centre is fitted, within the image: from the best of 41 × 41 places by Gauss–Newton.
 *
 * @param samples [count, size, size], standardised.
 * @throws ShapeError unless these are one or more whole samples, NumericalError for one that is not finite, ArgumentError
 * for a scale that cannot be.
 */
export function bumpFitError(samples: Float32Array, { size, mean, std }: BumpScale): BumpFit {
  checkWhole("bumpFitError: size", size, 2);
  checkNumber("bumpFitError: mean", mean);
  checkPositive("bumpFitError: std", std);
  const pixels = size * size;
  const count = samples.length / pixels;
  if (!Number.isInteger(count) || count === 0)
    throw new ShapeError(`bumpFitError: ${samples.length} values are not whole samples of ${size} × ${size}`);
  requireFinite("bumpFitError: samples", samples, pixels);

  const fitter = new Fitter(size);
  const errors = new Float64Array(count);
  const centres = new Float64Array(2 * count);
  for (let sample = 0; sample < count; sample++) {
    const image = Float64Array.from(
      samples.subarray(sample * pixels, (sample + 1) * pixels),
      (v) => v * std + mean,
    );
    const centre = fitter.fit(image);
    centres.set(centre, 2 * sample);
    errors[sample] = fitter.error(image, centre, mean);
  }
  return { percent: errors.reduce((sum, error) => sum + error, 0) / count, errors, centres };
}

type Centre = readonly [x: number, y: number];

/** Fits bumps g(x, y) = a(x) a(y)ᵀ to images of one size, in the scale of the bumps themselves. */
class Fitter {
  readonly #size: number;
  readonly #grid: { at: number; profile: Float64Array; energy: number }[];

  constructor(size: number) {
    this.#size = size;
    this.#grid = Array.from({ length: gridSteps + 1 }, (_, i) => {
      const at = (2 * i) / gridSteps - 1;
      const profile = this.#profile(at);
      return { at, profile, energy: dot(profile, profile) };
    });
  }

  /** The centre in [−1, 1]² whose bump is nearest to `image`. */
  fit(image: Float64Array): Centre {
    let centre = this.#start(image);
    let best = this.#distance(image, centre);
    for (let step = 0; step < mostSteps; step++) {
      const [dx, dy] = this.#step(image, centre);
      let next: Centre = centre;
      let distance = Infinity;
      let part = 1;
      for (; part > 1e-6 && !(distance < best); part /= 2) {
        next = [clamp(centre[0] + part * dx), clamp(centre[1] + part * dy)];
        distance = this.#distance(image, next);
      }
      if (!(distance < best)) break;
      centre = next;
      best = distance;
    }
    return centre;
  }

  /** 100 · ‖image − g‖ / ‖g − mean‖: standardising divides both by the same number. */
  error(image: Float64Array, centre: Centre, mean: number): number {
    const [a, b] = centre.map((at) => this.#profile(at)) as [Float64Array, Float64Array];
    let norm = 0;
    for (const row of b) for (const column of a) norm += (row * column - mean) ** 2;
    return 100 * Math.sqrt(this.#distance(image, centre) / norm);
  }

  /** The best place of the grid: ‖image − g‖² = ‖image‖² − 2 a(y)ᵀ image a(x) + ‖a(x)‖² ‖a(y)‖². */
  #start(image: Float64Array): Centre {
    let best = Infinity;
    let centre: Centre = [0, 0];
    for (const x of this.#grid) {
      const column = this.#rows(image, x.profile);
      for (const y of this.#grid) {
        const value = x.energy * y.energy - 2 * dot(column, y.profile);
        if (value < best) {
          best = value;
          centre = [x.at, y.at];
        }
      }
    }
    return centre;
  }

  /** The step of Gauss and Newton; at an edge of the image, one that leads outwards runs along that edge. */
  #step(image: Float64Array, [x, y]: Centre): [number, number] {
    const size = this.#size;
    const [a, b] = [this.#profile(x), this.#profile(y)];
    let [gx, gy, xx, xy, yy] = [0, 0, 0, 0, 0];
    for (let row = 0; row < size; row++) {
      const v = (place(row, size) - y) / width ** 2;
      for (let column = 0; column < size; column++) {
        const g = a[column]! * b[row]!;
        const jx = (g * (place(column, size) - x)) / width ** 2;
        const jy = g * v;
        const residual = image[row * size + column]! - g;
        gx += jx * residual;
        gy += jy * residual;
        xx += jx * jx;
        xy += jx * jy;
        yy += jy * jy;
      }
    }
    const tiny = Number.MIN_VALUE + 1e-12 * (xx + yy);
    if (Math.abs(x) === 1 && gx * x >= 0) return [0, gy / (yy + tiny)];
    if (Math.abs(y) === 1 && gy * y >= 0) return [gx / (xx + tiny), 0];
    const determinant = (xx + tiny) * (yy + tiny) - xy * xy;
    return [(gx * (yy + tiny) - gy * xy) / determinant, (gy * (xx + tiny) - gx * xy) / determinant];
  }

  #distance(image: Float64Array, [x, y]: Centre): number {
    const [a, b] = [this.#profile(x), this.#profile(y)];
    const size = this.#size;
    let sum = 0;
    for (let row = 0; row < size; row++) {
      for (let column = 0; column < size; column++) {
        const difference = image[row * size + column]! - a[column]! * b[row]!;
        sum += difference * difference;
      }
    }
    return sum;
  }

  /** The product of every row with `profile`. */
  #rows(image: Float64Array, profile: Float64Array): Float64Array {
    const size = this.#size;
    return profile.map((_, row) => dot(image.subarray(row * size, (row + 1) * size), profile));
  }

  /** The bump's values along one axis, its centre at `at`. */
  #profile(at: number): Float64Array {
    return Float64Array.from({ length: this.#size }, (_, i) =>
      Math.exp(-0.5 * ((place(i, this.#size) - at) / width) ** 2),
    );
  }
}

function place(index: number, size: number): number {
  return (2 * index) / (size - 1) - 1;
}

function clamp(value: number): number {
  return Math.min(1, Math.max(-1, value));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
