import { checkSeed, checkWhole } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import { countPoints, requireFinite } from "../latent/points.ts";
import { Dataset } from "./dataset.ts";
import { mostValues, streams, uniform } from "./random.ts";

const width = 0.2;
const meshPoints = 10;
const reach = 0.5;

/** What `bumps` makes; each set is standardised by its own mean and deviation and keeps its bumps' centres. */
export interface Bumps {
  /** 100 images: centres on a 10 × 10 mesh over [−½, ½]². */
  train: Dataset;
  /** Centres drawn uniformly from [−½, ½]². */
  test: Dataset;
  /** Centres drawn uniformly from the diagonal x = y of that square: the test set that the paper's tables measure. */
  diagonal: Dataset;
}

/** Options of `bumps`. */
export interface BumpsOptions {
  /** Pixels along each side; 64 by default, as in the paper. */
  size?: number | undefined;
  /** Images in each test set; 1,000 by default, 10,000 in the paper. */
  testCount?: number | undefined;
  /** Fixes the test sets' centres. */
  seed?: number | undefined;
}

/**
 * The two-dimensional Gaussian bumps of the VRRAE paper (§4.1): images of shape [size, size, 1] over [−1, 1]², one bump
 * of amplitude 1 and σ = 0.2 in each; x runs along the columns, y along the rows.
 *
 * @throws ArgumentError for a size or count that is none, or that makes a set of more than 2²⁸ values.
 */
export function bumps({ size = 64, testCount = 1000, seed = 0 }: BumpsOptions = {}): Bumps {
  checkWhole("bumps: size", size, 2);
  checkWhole("bumps: testCount", testCount, 1);
  const values = Math.max(testCount, meshPoints ** 2) * size * size;
  if (values > mostValues)
    throw new ArgumentError(
      `bumps: a test set of ${testCount} images of ${size} × ${size} has ${values} values, more than ${mostValues}; ` +
        `lower size or testCount`,
    );
  checkSeed("bumps: seed", seed);
  const between = (stream: number, i: number) => reach * (2 * uniform(seed, stream, 0, i) - 1);
  const independent = Float32Array.from({ length: 2 * testCount }, (_, i) => between(streams.independent, i));
  const diagonal = Float32Array.from({ length: 2 * testCount }, (_, i) => between(streams.diagonal, i >> 1));
  return {
    train: bumpsAt("bumps train", meshCentres(), size),
    test: bumpsAt("bumps test", independent, size),
    diagonal: bumpsAt("bumps diagonal", diagonal, size),
  };
}

/**
 * One standardised image for each centre of `centres`, [count, 2] as (x, y). Throws ArgumentError for a size below 2,
 * ShapeError or NumericalError for centres that are not whole or not finite.
 */
export function bumpsAt(name: string, centres: Float32Array, size: number): Dataset {
  checkWhole(`${name}: size`, size, 2);
  const count = countPoints(`${name}: centres`, centres, 2);
  requireFinite(`${name}: centres`, centres, 2);
  const stored = new Float32Array(count * size * size);
  for (let image = 0; image < count; image++) {
    const pixels = stored.subarray(image * size * size, (image + 1) * size * size);
    drawBump(pixels, size, centres[2 * image]!, centres[2 * image + 1]!);
  }
  return new Dataset({ name, shape: [size, size, 1], stored, centres }).standardised();
}

/** Where x0 and y0 run over ten even steps, x0 the slower. */
function meshCentres(): Float32Array {
  const step = (i: number) => reach * ((2 * i) / (meshPoints - 1) - 1);
  const points = Array.from({ length: meshPoints }, (_, i) => step(i));
  return Float32Array.from(points.flatMap((x) => points.flatMap((y) => [x, y])));
}

/** Evaluates exp(−|p|²/2) at every pixel's place p in the bump's own frame: its centre the origin, σ the unit. */
function drawBump(pixels: Float32Array, size: number, x: number, y: number): void {
  const step = (2 / (size - 1)) * (1 / width);
  const [left, first] = [(1 / width) * (-1 - x), (1 / width) * (-1 - y)];
  for (let row = 0; row < size; row++) {
    const down = row * step + first;
    for (let column = 0; column < size; column++) {
      const across = column * step + left;
      pixels[row * size + column] = Math.exp(-0.5 * (across * across + down * down));
    }
  }
}
