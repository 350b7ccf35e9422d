import * as Plot from "@observablehq/plot";
import { partTitle } from "../models/known.ts";
import { OF_PHASE } from "../train/losses.ts";
import { chart, halo, messageCard, palette } from "./svg.ts";

/** One logged step of a training run. Errors are in percent; rows may leave them out. */
export interface HistoryRow {
  readonly step: number;
  readonly loss: number;
  /** The terms that the loss is the sum of, by name. */
  readonly parts: Readonly<Record<string, number>>;
  readonly trainError?: number | undefined;
  readonly testError?: number | undefined;
  /** The stage of training, in a run of several. */
  readonly stage?: string | undefined;
}

/**
 * The history of each loss: of each stage, and there of each phase, with the parts that are its own. One without a name
 * where there is one stage of one phase.
 */
export function lossHistories(history: readonly HistoryRow[]): { name: string; rows: HistoryRow[] }[] {
  const stages = [...new Set(history.map(({ stage }) => stage))];
  return stages.flatMap((stage) => {
    const rows = history.filter((row) => row.stage === stage);
    const phases = [...new Set(rows.flatMap(({ parts }) => Object.keys(parts)))]
      .filter((name) => name.endsWith(OF_PHASE))
      .map((name) => name.slice(0, -OF_PHASE.length));
    const name = stages.length > 1 ? (stage ?? "") : "";
    if (phases.length === 0) return [{ name, rows }];
    return phases.map((phase) => ({
      name: name === "" ? phase : `${name}, ${phase}`,
      rows: rows.map((row) => ofPhase(row, phase)),
    }));
  });
}

function ofPhase({ step, parts }: HistoryRow, phase: string): HistoryRow {
  const own = Object.entries(parts).flatMap(([name, value]): [string, number][] =>
    name.startsWith(`${phase}.`) ? [[name.slice(phase.length + 1), value]] : [],
  );
  const { loss = NaN, ...rest } = Object.fromEntries(own);
  return { step, loss, parts: rest };
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
    label: partTitle(name),
    colour: partColours[i] ?? palette.grey,
    points: series(history, (row) => row.parts[name]),
  }));
  const axis = verticalAxis([loss, ...parts.map((part) => part.points)], loss);
  return chart({
    ariaLabel: `Training loss: ${format(loss[0]?.value)} at first, ${format(loss.at(-1)?.value)} at last.`,
    legend: [{ label: "loss", colour: palette.blue }, ...parts],
    x: stepAxis,
    y: { ...axis.scale, label: null },
    marks: [
      ...curve(axis.fit(thin(loss)), palette.blue, 2.4),
      ...parts.flatMap(({ points, colour }) => curve(axis.fit(thin(points)), colour, 1.6)),
      Plot.ruleY([axis.floor]),
    ],
  });
}

/** A line; where there are many points, a pale one, and over it a line through their running means. */
function curve(points: readonly Point[], stroke: string, strokeWidth: number): Plot.Markish[] {
  const k = Math.ceil(points.length / 25);
  if (k <= 2) return [Plot.line(points, { ...xy, stroke, strokeWidth })];
  const means = Plot.windowY({ k, anchor: "middle", strict: false }, { ...xy, stroke, strokeWidth });
  return [
    Plot.line(points, { ...xy, stroke, strokeWidth: 1, strokeOpacity: 0.35 }),
    Plot.line(points, means),
  ];
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
    marginRight: last.length > 0 ? 58 : 14,
    x: stepAxis,
    y: { ...axis.scale, label: null, tickFormat: (value: number) => `${tick(value)} %` },
    marks: [
      Plot.ruleY(axis.fit(bound), {
        y: "value",
        stroke: "currentColor",
        strokeDasharray: "5 4",
        strokeOpacity: 0.7,
      }),
      Plot.text(axis.fit(bound), {
        y: "value",
        text: ({ label, value }: ReferenceLine) => `${label} ${format(value)} %`,
        frameAnchor: "right",
        textAnchor: "end",
        dy: -9,
        ...halo,
      }),
      ...shown.flatMap(({ points, colour }) => [
        Plot.line(axis.fit(thin(points)), { ...xy, stroke: colour, strokeWidth: 2.2 }),
        Plot.dot(points.length <= 30 ? axis.fit(points) : [], { ...xy, fill: colour, r: 3.2 }),
      ]),
      Plot.dot(axis.fit(last), { ...xy, fill: palette.orange, r: 4.5 }),
      Plot.text(axis.fit(last), {
        ...xy,
        text: ({ value }: Point) => `${format(value)} %`,
        dx: 9,
        textAnchor: "start",
        fontWeight: 600,
      }),
      Plot.ruleY([axis.floor]),
    ],
  });
}

const xy = { x: "step", y: "value" } as const;
const stepAxis = { label: "step", tickFormat: tick, ticks: 6 } as const;

/** A tick with thousands as k. */
function tick(value: number): string {
  return Math.abs(value) >= 1000
    ? `${Number((value / 1000).toPrecision(6))}k`
    : String(Number(value.toPrecision(6)));
}

/** Three significant digits, as a person would write them. */
function format(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return "unknown";
  return value.toLocaleString("en", { maximumSignificantDigits: 3 });
}

/** The finite values of one column. */
function series(history: readonly HistoryRow[], pick: (row: HistoryRow) => number | undefined): Point[] {
  return history
    .map((row) => ({ step: row.step, value: pick(row) ?? NaN }))
    .filter(({ step, value }) => Number.isFinite(step) && Number.isFinite(value));
}

/** Means over equal stretches where there are more points than can be told apart. */
function thin(points: readonly Point[]): readonly Point[] {
  const stretch = Math.ceil(points.length / MOST_POINTS);
  if (stretch <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / stretch) }, (_, i) => {
    const part = points.slice(i * stretch, (i + 1) * stretch);
    const mean = (key: "step" | "value") => part.reduce((sum, point) => sum + point[key], 0) / part.length;
    return { step: mean("step"), value: mean("value") };
  });
}

/**
 * The scale for all lines: logarithmic where `main` is positive and falls or grows more than eightfold, else linear
 * and from zero where no value is negative. The logarithmic one ends three decades under the least of `main` and five
 * above it; what lies outside is drawn at its edge. `fit` keeps what the scale can show at all.
 */
function verticalAxis(lines: readonly (readonly Point[])[], main: readonly Point[]) {
  const values = lines.flatMap((line) => line.map(({ value }) => value));
  const [low, high] = extent(values);
  const [mainLow, mainHigh] = extent(main.map(({ value }) => value));
  if (mainLow > 0 && mainHigh > 8 * mainLow) {
    const floor = Math.max(extent(values.filter((value) => value > 0))[0], mainLow / 1e3) / 1.15;
    const top = 1.15 * Math.min(high, mainLow * 1e5);
    const scale: Plot.ScaleOptions = { type: "log", domain: [floor, top], clamp: true };
    const fit = <T extends { value: number }>(data: readonly T[]) => data.filter(({ value }) => value > 0);
    return { scale: { ...scale, ticks: 5, tickFormat: tick, grid: true }, floor, fit };
  }
  const floor = Math.min(0, low);
  const top = high > floor ? high + 0.06 * (high - floor) : floor + 1;
  const scale: Plot.ScaleOptions = { domain: [floor, top] };
  const fit = <T>(data: readonly T[]) => [...data];
  return { scale: { ...scale, ticks: 6, tickFormat: tick, grid: true }, floor, fit };
}

function extent(values: readonly number[]): [low: number, high: number] {
  return values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
}
