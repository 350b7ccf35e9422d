import type { Colormap, ImageShape, Range } from "./colours.ts";
import type { HistoryRow, ReferenceLine } from "./curves.ts";
import type { LatentPoints } from "./latent-charts.ts";

/** The pictures of a report, each of which may be missing. */
export type PictureName =
  | "loss"
  | "error"
  | "reconstructions"
  | "samples"
  | "interpolation"
  | "latent"
  | "singularValues"
  | "covariance";

/** Everything a run report shows. All text is escaped; every picture is optional. */
export interface ReportData {
  /** The page's heading, for instance "VRRAE on bumps". */
  readonly title: string;
  /** The result in one line beneath the title, for instance "Test error 21.4 %; linear bound (rank-2 PCA) 78.4 %." */
  readonly verdict: string;
  readonly model: string;
  readonly dataset: string;
  /** The settings that matter to the model; nested objects become dotted names. */
  readonly config: object;
  readonly adapter: { readonly name: string; readonly driver: string; readonly kind: string };
  /** Logged steps in order; rows without errors are fine. Errors are in percent. */
  readonly history: readonly HistoryRow[];
  /** Cards with the key numbers, the most important first. */
  readonly numbers: readonly KeyNumber[];
  /** A line in the error chart to compare with, in percent, for instance the linear bound. */
  readonly reference?: ReferenceLine | undefined;
  /** Held-out images and their reconstructions; the first sixteen are drawn. */
  readonly images?: ReportImages | undefined;
  /** Generated images by sampler ("prior", "Gaussian mixture"); the first 64 of each are drawn. */
  readonly samples?: readonly ReportSamples[] | undefined;
  /** Images `(pairs, steps, H, W, C)` on the way from one image to another. */
  readonly interpolation?: ReportInterpolation | undefined;
  /** Latent coordinates of the data. */
  readonly latent?: LatentPoints | undefined;
  /** Latent coordinates of the data in a second stage, where the model has one. */
  readonly secondLatent?: LatentPoints | undefined;
  /** What each coordinate of held-out codes has of the variance law, where codes are drawn. */
  readonly varianceLaw?: readonly CoordinateSeries[] | undefined;
  /** Codes that a second stage draws, as they come and renormalised, beside those of samples. */
  readonly drawnCodes?: DrawnCodes | undefined;
  /** Singular values of the latent matrix, largest first, and how many are kept. */
  readonly singularValues?: { readonly values: ArrayLike<number>; readonly kept: number } | undefined;
  /** The covariance matrix of held-out codes, (side, side), of a model with a mask. */
  readonly covariance?: { readonly values: ArrayLike<number>; readonly side: number } | undefined;
  /** Why a picture is missing, in a sentence; a general reason is given otherwise. */
  readonly absent?: Partial<Record<PictureName, string>> | undefined;
  /** Colours for images of one channel; "grey" by default. */
  readonly colormap?: Colormap | undefined;
  /** Phases of the run in order; their sum is shown as the total. */
  readonly timings: readonly { readonly label: string; readonly seconds: number }[];
  readonly stepsPerSecond?: number | undefined;
  /** The command line that repeats the run. */
  readonly command: string;
  /** Version of hestenes. */
  readonly version: string;
  /** When the run ended, ready to show. */
  readonly date: string;
}

/** A number for each coordinate of a code. */
export interface CoordinateSeries {
  readonly label: string;
  readonly values: ArrayLike<number>;
}

export interface DrawnCodes {
  /** Coordinates of a code. */
  readonly k: number;
  /** What drawn codes are multiplied with to be renormalised. */
  readonly factor: number;
  /** Codes `(N, k)`. */
  readonly clouds: readonly { readonly label: string; readonly points: Float32Array }[];
  /** Their variances. */
  readonly spreads: readonly CoordinateSeries[];
}

export interface KeyNumber {
  readonly label: string;
  /** Ready to show, with its unit. */
  readonly value: string;
  /** A few words on what the number means. */
  readonly hint?: string | undefined;
}

export interface ReportImages {
  /** N images, `(N, H, W, C)`. */
  readonly originals: Float32Array;
  /** Their N reconstructions, `(N, H, W, C)`. */
  readonly reconstructions: Float32Array;
  readonly shape: ImageShape;
  /** Black and white of every picture in the report; those of the originals where it is "auto" or left out. */
  readonly range?: Range | undefined;
}

export interface ReportSamples {
  readonly title: string;
  /** N images, `(N, H, W, C)`. */
  readonly images: Float32Array;
  /** The shape of each; that of `ReportData.images` by default. */
  readonly shape?: ImageShape | undefined;
}

export interface ReportInterpolation {
  /** Images `(pairs, steps, H, W, C)`. */
  readonly images: Float32Array;
  readonly pairs: number;
  readonly steps: number;
  /** The shape of each; that of `ReportData.images` by default. */
  readonly shape?: ImageShape | undefined;
}

/** A drawing, or the reason why there is none. */
export type Drawn<T> = { readonly drawing: T } | { readonly missing: string };

/** PNG bytes and SVG text of everything a report shows. */
export interface ReportPictures {
  readonly loss: Drawn<string>;
  /** Of each stage and phase, where there are several. */
  readonly losses: readonly { readonly name: string; readonly svg: string }[];
  readonly error: Drawn<string>;
  readonly reconstructions: Drawn<Uint8Array>;
  readonly samples: Drawn<{ together: Uint8Array; groups: { title: string; png: Uint8Array }[] }>;
  readonly interpolation: Drawn<Uint8Array>;
  readonly latent: Drawn<string>;
  readonly secondLatent: string | undefined;
  readonly varianceLaw: string | undefined;
  readonly drawnCodes: { readonly clouds: string; readonly spreads: string } | undefined;
  readonly singularValues: Drawn<string>;
  readonly covariance: Drawn<Uint8Array>;
}
