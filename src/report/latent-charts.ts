import * as Plot from "@observablehq/plot";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { chart, logTick, messageCard, palette } from "./svg.ts";

/** Latent coordinates of a data set and, if wanted, a way through them. */
export interface LatentPoints {
  /** N points of k coordinates, `(N, k)`, row-major. */
  readonly points: Float32Array;
  /** Coordinates per point. */
  readonly k: number;
  /** A number per point, for instance its class; without it all points have one colour. */
  readonly labels?: ArrayLike<number> | undefined;
  /** What the numbers are, where they make a colour scale; "label" by default. */
  readonly labelName?: string | undefined;
  /** P points `(P, k)` of a way through the latent space, drawn in red. */
  readonly path?: Float32Array | undefined;
  /** What the path is; "path" by default. */
  readonly pathLabel?: string | undefined;
}

interface Spot {
  readonly x: number;
  readonly y: number;
  readonly label: number;
}

const MOST_SPOTS = 2500;
const MOST_CLASSES = 12;

/**
 * The first two latent coordinates of every point, as an SVG file; where k is 1, a strip with the points spread
 * vertically so that they do not hide each other. Up to twelve different labels are classes with a colour and a
 * badge each; more are a colour scale. Points that are not finite are left out.
 *
 * @throws ShapeError where points, path or labels do not fit k.
 */
export function latentScatter(latent: LatentPoints): string {
  const { points, k, labels, labelName = "label", path, pathLabel = "path" } = latent;
  check(latent);
  const spots = thin(spotsOf(points, k, labels));
  if (spots.length === 0) return messageCard("No latent coordinate is finite.");
  const way =
    path === undefined ? [] : spotsOf(path, k).map((spot) => (k === 1 ? { ...spot, y: 0.5 } : spot));
  const classes = [...new Set(spots.map(({ label }) => label))].sort((a, b) => a - b);
  const inClasses = labels !== undefined && classes.length <= MOST_CLASSES;
  const isScale = labels !== undefined && !inClasses;
  const names = [
    ...(isScale ? [{ label: `colour: ${labelName}, dark to light`, colour: "#21918c" }] : []),
    ...(way.length > 0 ? [{ label: pathLabel, colour: palette.red }] : []),
  ];
  return chart({
    ariaLabel: `Latent coordinates of ${points.length / k} points${inClasses ? ` in ${classes.length} classes` : ""}.`,
    legend: names,
    x: { label: "α₁", ticks: 6, nice: true, grid: true, ...domain([...spots, ...way].map(({ x }) => x)) },
    y:
      k === 1
        ? { axis: null, domain: [0, 1] }
        : { label: "α₂", ticks: 6, nice: true, grid: true, ...domain([...spots, ...way].map(({ y }) => y)) },
    color: inClasses
      ? { type: "ordinal", domain: classes, scheme: classes.length > 10 ? "paired" : "observable10" }
      : { type: "linear", scheme: "viridis", range: [0.25, 0.95] },
    marks: [
      Plot.dot(spots, {
        x: "x",
        y: "y",
        fill: labels ? "label" : palette.blue,
        r: spots.length > 800 ? 1.8 : 2.6,
        fillOpacity: 0.75,
      }),
      Plot.line(way, { x: "x", y: "y", stroke: palette.red, strokeWidth: 2.2 }),
      Plot.dot(way.length <= 24 ? way : [], { x: "x", y: "y", fill: palette.red, r: 3.2 }),
      ...(inClasses && k > 1 ? badges(spots, classes) : []),
    ],
  });
}

function check({ points, k, labels, path }: LatentPoints): void {
  if (!Number.isInteger(k) || k < 1)
    throw new ArgumentError(`latentScatter: k is ${k}; give a whole number, 1 or more`);
  if (points.length % k !== 0)
    throw new ShapeError(
      `latentScatter: points has ${points.length} values, which is no multiple of k = ${k}`,
    );
  if (path !== undefined && path.length % k !== 0)
    throw new ShapeError(`latentScatter: path has ${path.length} values, which is no multiple of k = ${k}`);
  if (labels !== undefined && labels.length !== points.length / k)
    throw new ShapeError(
      `latentScatter: ${labels.length} labels for ${points.length / k} points; give one for each`,
    );
}

function spotsOf(points: Float32Array, k: number, labels?: ArrayLike<number>): Spot[] {
  return Array.from({ length: points.length / k }, (_, i) => ({
    x: points[i * k] ?? NaN,
    y: k === 1 ? spread(i) : (points[i * k + 1] ?? NaN),
    label: labels?.[i] ?? 0,
  })).filter(({ x, y, label }) => Number.isFinite(x) && Number.isFinite(y) && Number.isFinite(label));
}

/** Heights in [0.05, 0.95] that stay evenly spread for any number of points: multiples of the golden ratio. */
function spread(i: number): number {
  return 0.05 + 0.9 * ((i * 0.6180339887498949) % 1);
}

function thin(spots: Spot[]): Spot[] {
  const stride = Math.ceil(spots.length / MOST_SPOTS);
  return spots.filter((_, i) => i % stride === 0);
}

/** An explicit domain where all values are equal, which leaves a scale nothing to stretch. */
function domain(values: readonly number[]): { domain?: [number, number] } {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low === high ? { domain: [low - 1, low + 1] } : {};
}

/** The name of each class on a disc of its colour, at the mean of its points. */
function badges(spots: readonly Spot[], classes: readonly number[]): Plot.Markish[] {
  const means = classes.map((label) => {
    const own = spots.filter((spot) => spot.label === label);
    const mean = (key: "x" | "y") => own.reduce((sum, spot) => sum + spot[key], 0) / own.length;
    return { x: mean("x"), y: mean("y"), label };
  });
  return [
    Plot.dot(means, { x: "x", y: "y", fill: "label", r: 9, stroke: "white", strokeWidth: 1.5 }),
    Plot.text(means, {
      x: "x",
      y: "y",
      text: (spot: Spot) => String(spot.label),
      fill: "#14171c",
      fontWeight: 700,
    }),
  ];
}

/**
 * Singular values, largest first, on a logarithmic axis, as an SVG file; the `kept` first ones stand out. Values
 * under 1e-8 of the largest, zeros included, are drawn at the foot of the axis. Values that are not finite are left out.
 *
 * @throws ArgumentError where `kept` is no count of the values.
 */
export function singularValuesChart(values: ArrayLike<number>, { kept }: { kept: number }): string {
  if (!Number.isInteger(kept) || kept < 0 || kept > values.length)
    throw new ArgumentError(
      `singularValuesChart: kept is ${kept}; give a whole number from 0 to ${values.length}`,
    );
  const finite = Array.from(values, (value, i) => ({ index: i + 1, value })).filter(({ value }) =>
    Number.isFinite(value),
  );
  const high = Math.max(0, ...finite.map(({ value }) => value));
  if (high === 0) return messageCard("No singular value is finite and above zero.");
  const bars = finite.map(({ index, value }) => ({
    index,
    value: Math.max(value, high * 1e-8),
    colour: index <= kept ? palette.blue : palette.grey,
  }));
  const energy = (part: typeof finite) => part.reduce((sum, { value }) => sum + (value / high) ** 2, 0);
  const share = percentOf(energy(finite.filter(({ index }) => index <= kept)), energy(finite));
  const low = Math.min(...bars.map(({ value }) => value), high / 10) / 1.6;
  const few = values.length <= 48;
  const range = [0.5, values.length + 0.5];
  return chart({
    ariaLabel: `Singular values; the first ${kept} of ${values.length} hold ${share} of the energy.`,
    legend: [
      {
        label: `kept: ${kept} of ${values.length}, ${share} of the energy`,
        colour: palette.blue,
      },
      ...(kept < values.length ? [{ label: "cut", colour: palette.grey }] : []),
    ],
    x: { label: "index", domain: range, ticks: Math.min(values.length, 10), tickFormat: "~d" },
    y: { label: null, type: "log", domain: [low, high * 1.4], ticks: 5, tickFormat: logTick, grid: true },
    marks: [
      few
        ? Plot.ruleX(bars, {
            x: "index",
            y1: low,
            y2: "value",
            stroke: "colour",
            strokeWidth: 2,
            strokeOpacity: 0.55,
          })
        : null,
      kept > 0 && kept < values.length
        ? Plot.ruleX([kept + 0.5], { stroke: "currentColor", strokeDasharray: "4 4", strokeOpacity: 0.6 })
        : null,
      Plot.dot(
        bars.filter(({ index }) => index > kept),
        { x: "index", y: "value", fill: "colour", r: few ? 4 : 2.2 },
      ),
      Plot.dot(
        bars.filter(({ index }) => index <= kept),
        { x: "index", y: "value", fill: "colour", r: few ? 5 : 3.2 },
      ),
      Plot.ruleY([low]),
    ],
  });
}

/** A share in percent that says "100.0 %" of the whole alone. */
function percentOf(part: number, whole: number): string {
  const share = (100 * part) / whole;
  return part < whole && share >= 99.95 ? "over 99.9 %" : `${share.toFixed(1)} %`;
}
