import * as Plot from "@observablehq/plot";
import { chart, logTick, messageCard, palette } from "./svg.ts";

/** A point of a plot; `spread` is the deviation of y, drawn to both sides. */
export interface PlotPoint {
  readonly x: number;
  readonly y: number;
  readonly spread?: number | undefined;
}

/** Points of one colour. */
export interface PointSeries {
  readonly label: string;
  readonly points: readonly PlotPoint[];
  /** A line through them, in their order. */
  readonly isLine?: boolean;
  /** Without dots, where there are many of them. */
  readonly isBare?: boolean;
}

export interface PlotAxis {
  readonly label: string;
  /** Logarithmic; values that are not positive are left out. */
  readonly log?: boolean | undefined;
}

export interface PointsOptions {
  readonly series: readonly PointSeries[];
  readonly x: PlotAxis;
  readonly y: PlotAxis;
  /** A line where y is x; both axes then reach as far. */
  readonly diagonal?: boolean | undefined;
  /** A dashed line at this height. */
  readonly level?: number | undefined;
  /** Without a legend, where names say nothing. */
  readonly isNameless?: boolean | undefined;
}

const colours = Object.values(palette);

/** Points and lines of several series, with deviations, as an SVG file. Points that are not finite are left out. */
export function pointsChart({ series, x, y, diagonal = false, level, isNameless }: PointsOptions): string {
  const isShown = (value: number, log?: boolean) => Number.isFinite(value) && (!log || value > 0);
  const drawn = series
    .map((one) => ({
      ...one,
      points: one.points.filter((point) => isShown(point.x, x.log) && isShown(point.y, y.log)),
    }))
    .filter(({ points }) => points.length > 0)
    .map((one, i) => ({ ...one, colour: colours[i % colours.length]! }));
  const all = drawn.flatMap(({ points }) => points);
  if (all.length === 0) return messageCard("No point is finite.");
  const ys = all.flatMap(({ y: value, spread = 0 }) =>
    [value - spread, value, value + spread].filter((one) => isShown(one, y.log)),
  );
  const xs = all.map((point) => point.x);
  const heights = [...ys, ...(level === undefined ? [] : [level])];
  const [across, up] = diagonal
    ? [domain([...xs, ...ys], x.log), domain([...xs, ...ys], y.log)]
    : [domain(xs, x.log), domain(heights, y.log)];
  const [low, high] = [Math.max(across[0], up[0]), Math.min(across[1], up[1])];
  return chart({
    ariaLabel: `${y.label} against ${x.label}: ${all.length} points of ${isNameless === true ? `${drawn.length} series` : drawn.map(({ label }) => label).join(", ")}.`,
    legend: drawn.length > 1 && isNameless !== true ? drawn : [],
    x: { ...axis(x, across), label: x.label },
    y: { ...axis(y, up), label: y.label },
    marks: [
      diagonal
        ? Plot.line([low, high], { x: (one: number) => one, y: (one: number) => one, ...dashed })
        : null,
      level === undefined ? null : Plot.ruleY([level], dashed),
      ...drawn.flatMap(({ points, colour, isLine, isBare }) => [
        isLine ? Plot.line(points, { x: "x", y: "y", stroke: colour, strokeWidth: 1.8 }) : null,
        Plot.ruleX(
          points.filter(({ spread = 0 }) => spread > 0),
          { x: "x", y1: bottom(up[0]), y2: top(up[1]), stroke: colour, strokeWidth: 1.4, strokeOpacity: 0.6 },
        ),
        isBare ? null : Plot.dot(points, { x: "x", y: "y", fill: colour, r: 3.6, fillOpacity: 0.85 }),
      ]),
    ],
  });
}

const dashed = { stroke: "currentColor", strokeDasharray: "5 4", strokeOpacity: 0.6 } as const;
const bottom = (least: number) => (point: PlotPoint) => Math.max(least, point.y - (point.spread ?? 0));
const top = (most: number) => (point: PlotPoint) => Math.min(most, point.y + (point.spread ?? 0));

function axis({ log }: PlotAxis, domain: readonly [number, number]): Plot.ScaleOptions {
  const shared = { domain: [...domain], grid: true, ticks: 6 };
  return log ? { ...shared, type: "log", tickFormat: logTick } : shared;
}

/** What an axis reaches over: a little more than its values, from zero on where that is near. */
function domain(values: readonly number[], log?: boolean): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (log) return [low / 1.25, high * 1.25];
  const room = 0.06 * (high - low || Math.abs(high) || 1);
  return [low >= 0 && low < 0.4 * high ? 0 : low - room, high + room];
}
