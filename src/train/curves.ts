import * as Plot from "@observablehq/plot";
import { chart, messageCard, palette } from "./svg.ts";

/** One logged step of a training run. Errors are in percent; rows may leave them out. */
export interface HistoryRow {
  readonly step: number;
  readonly loss: number;
  /** The terms that the loss is the sum of, by name. */
  readonly parts: Readonly<Record<string, number>>;
  readonly trainError?: number | undefined;
  readonly testError?: number | undefined;
}

/** A value to compare a curve with, drawn as a dashed line. */
export interface ReferenceLine {
  readonly label: string;
  readonly value: number;
}

interface Point {
  readonly step: number;
  readonly value: number;
}

/** More points than this are averaged in equal stretches of the run before they are drawn. */
const MOST_POINTS = 600;

const partColours = [palette.orange, palette.teal, palette.violet, palette.red, palette.grey];

/**
 * The loss and its parts over the steps, as an SVG file. The axis is logarithmic where the loss falls by more than a
 * factor of eight; the loss is also drawn smoothed where there are many steps. Values that are not finite are gaps.
 */
export function lossChart(history: readonly HistoryRow[]): string {
  const loss = series(history, (row) => row.loss);
  if (loss.length === 0) return messageCard("No finite loss was logged.");
  const names = [...new Set(history.flatMap((row) => Object.keys(row.parts)))].slice(0, partColours.length);
  const parts = names.map((name, i) => ({
    label: name,
    colour: partColours[i] ?? palette.grey,
    points: series(history, (row) => row.parts[name]),
  }));
  const axis = verticalAxis([loss, ...parts.map((part) => part.points)], loss);
  const window = Math.ceil(loss.length / 25);
  const smooth = window > 2;
  return chart({
    ariaLabel: `Training loss: ${format(loss[0]?.value)} at first, ${format(loss.at(-1)?.value)} at last.`,
    legend: [{ label: smooth ? "loss (pale: as logged)" : "loss", colour: palette.blue }, ...parts],
    x: stepAxis,
    y: { ...axis.scale, label: null },
    marks: [
      Plot.gridY(),
      Plot.line(axis.fit(loss), {
        ...xy,
        stroke: palette.blue,
        strokeWidth: smooth ? 1 : 2,
        strokeOpacity: smooth ? 0.35 : 1,
      }),
      smooth
        ? Plot.line(
            axis.fit(loss),
            Plot.windowY(
              { k: window, anchor: "middle", strict: false },
              { ...xy, stroke: palette.blue, strokeWidth: 2.2 },
            ),
          )
        : null,
      ...parts.map(({ points, colour }) =>
        Plot.line(axis.fit(points), { ...xy, stroke: colour, strokeWidth: 1.4 }),
      ),
      Plot.ruleY([axis.floor]),
    ],
  });
}

/**
 * Errors on training and held-out data over the steps, in percent, as an SVG file, with the last held-out error
 * written at its end and an optional line to compare with.
 */
export function errorChart(history: readonly HistoryRow[], reference?: ReferenceLine): string {
  const train = series(history, (row) => row.trainError);
  const test = series(history, (row) => row.testError);
  const shown = [
    { label: "training data", colour: palette.blue, points: train },
    { label: "held-out data", colour: palette.orange, points: test },
  ].filter(({ points }) => points.length > 0);
  if (shown.length === 0) return messageCard("No finite error was logged.");
  const bound = reference !== undefined && Number.isFinite(reference.value) ? [reference] : [];
  const lines = [...shown.map(({ points }) => points), bound.map(({ value }) => ({ step: 0, value }))];
  const axis = verticalAxis(lines, test.length > 0 ? test : train);
  const last = test.slice(-1);
  return chart({
    ariaLabel: `Relative error in percent; on held-out data ${format(last[0]?.value)} at last.`,
    legend: shown,
    x: stepAxis,
    y: { ...axis.scale, label: "relative error, %" },
    marks: [
      Plot.gridY(),
      Plot.ruleY(axis.fit(bound), {
        y: "value",
        stroke: "currentColor",
        strokeDasharray: "5 4",
        strokeOpacity: 0.7,
      }),
      Plot.text(axis.fit(bound), {
        y: "value",
        text: ({ label, value }: ReferenceLine) => `${label} ${format(value)}`,
        frameAnchor: "right",
        textAnchor: "end",
        dy: -9,
      }),
      ...shown.map(({ points, colour }) =>
        Plot.line(axis.fit(points), {
          ...xy,
          stroke: colour,
          strokeWidth: 2.2,
          marker: points.length <= 30 ? "dot" : "none",
        }),
      ),
      Plot.dot(axis.fit(last), { ...xy, fill: palette.orange, r: 4.5 }),
      Plot.text(axis.fit(last), {
        ...xy,
        text: ({ value }: Point) => format(value),
        dy: -12,
        dx: 4,
        textAnchor: "end",
        fontWeight: 600,
      }),
      Plot.ruleY([axis.floor]),
    ],
  });
}

const xy = { x: "step", y: "value" } as const;
const stepAxis = { label: "step", tickFormat: "~s", ticks: 6, nice: false } as const;

/** Three significant digits, as a person would write them. */
function format(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return "unknown";
  return value.toLocaleString("en", { maximumSignificantDigits: 3 });
}

/** The finite values of one column, averaged where there are too many to be told apart. */
function series(
  history: readonly HistoryRow[],
  pick: (row: HistoryRow) => number | null | undefined,
): Point[] {
  const points = history
    .map((row) => ({ step: row.step, value: pick(row) ?? NaN }))
    .filter(({ step, value }) => Number.isFinite(step) && Number.isFinite(value));
  const stretch = Math.ceil(points.length / MOST_POINTS);
  if (stretch <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / stretch) }, (_, i) => {
    const part = points.slice(i * stretch, (i + 1) * stretch);
    const mean = (key: "step" | "value") => part.reduce((sum, point) => sum + point[key], 0) / part.length;
    return { step: mean("step"), value: mean("value") };
  });
}

/**
 * The scale for all lines: logarithmic, over four decades at most, where `main` is positive and falls or grows more
 * than eightfold; else linear and from zero where no value is negative. `fit` keeps what the scale can show.
 */
function verticalAxis(lines: readonly (readonly Point[])[], main: readonly Point[]) {
  const values = lines.flat().map(({ value }) => value);
  const mainValues = main.map(({ value }) => value);
  const high = Math.max(...values);
  if (Math.min(...mainValues) > 0 && Math.max(...mainValues) > 8 * Math.min(...mainValues)) {
    const floor = Math.max(Math.min(...values.filter((value) => value > 0)), high / 1e4) / 1.15;
    const scale: Plot.ScaleOptions = {
      type: "log",
      domain: [floor, high * 1.15],
      ticks: 5,
      tickFormat: "~s",
    };
    return {
      scale,
      floor,
      fit: <T extends { value: number }>(data: readonly T[]) => data.filter((d) => d.value >= floor),
    };
  }
  const floor = Math.min(0, ...values);
  const top = high > floor ? high + 0.06 * (high - floor) : floor + 1;
  const scale: Plot.ScaleOptions = { domain: [floor, top], ticks: 6, tickFormat: "~s" };
  return { scale, floor, fit: <T>(data: readonly T[]) => [...data] };
}
