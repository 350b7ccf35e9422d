import * as Plot from "@observablehq/plot";
import { html, type Html } from "../report/html.ts";
import { chart, logTick, palette } from "../report/svg.ts";

/** A run's settings and its error, as far as it is known. */
export interface Scored {
  name: string;
  settings: Readonly<Record<string, unknown>>;
  testError: number;
  isDone: boolean;
}

const [width, height] = [120, 30];
const mostPoints = 60;
/** Numbers that take no more values than this stand side by side. */
const mostWords = 6;

/** The course of a loss as a line as high as a row of text, logarithmic where it can be. */
export function sparkline(losses: readonly number[]): Html | undefined {
  const finite = losses.filter(Number.isFinite);
  if (finite.length < 2) return undefined;
  const step = Math.max(1, Math.ceil(finite.length / mostPoints));
  const kept = finite.filter((_, i) => i % step === 0 || i === finite.length - 1);
  const shown = kept.every((loss) => loss > 0) ? kept.map(Math.log) : kept;
  const [low, high] = [Math.min(...shown), Math.max(...shown)];
  const points = shown.map((value, i) => {
    const x = 2 + ((width - 4) * i) / (shown.length - 1);
    const y = high === low ? height / 2 : 2 + ((height - 4) * (high - value)) / (high - low);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const label = `Loss from ${finite[0]!.toPrecision(3)} to ${finite.at(-1)!.toPrecision(3)}`;
  return html`<svg class="spark" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">
    <polyline points="${points.join(" ")}" />
  </svg>`;
}

/** Values of a setting that are all numbers, apart so far that their logarithms tell more. */
const isLogarithmic = (values: readonly number[]) =>
  Math.min(...values) > 0 && Math.max(...values) > 8 * Math.min(...values);

/** The error of each run over one setting: a dot a run, filled for those that are done. */
export function scatter(setting: string, runs: readonly Scored[]): string {
  const own = runs.filter(({ settings }) => settings[setting] !== undefined);
  const values = own.map(({ settings }) => settings[setting]);
  const areNumbers =
    values.every((value) => typeof value === "number") &&
    (new Set(values).size > mostWords || !values.every(Number.isInteger));
  const points = own.map(({ testError, isDone }, i) => ({
    x: areNumbers ? (values[i] as number) : wordOf(values[i]),
    y: testError,
    fill: isDone ? palette.blue : "none",
  }));
  return chart({
    ariaLabel: `Test error of ${own.length} runs over ${setting}.`,
    x: {
      label: setting,
      ...(areNumbers
        ? isLogarithmic(values)
          ? { type: "log", ticks: 4, tickFormat: logTick, inset: 8 }
          : { ticks: 6, inset: 8 }
        : { type: "point", padding: 0.5, domain: domainOf(values) }),
    },
    y: { label: "test error, %", grid: true, ticks: 6, inset: 8 },
    marks: [
      Plot.dot(points, {
        x: "x",
        y: "y",
        fill: "fill",
        stroke: palette.blue,
        strokeWidth: 1.4,
        r: 4,
        fillOpacity: 0.75,
      }),
    ],
  });
}

/** All settings and the error side by side, a line a run, from blue for the least error to red. */
export function parallel(settings: readonly string[], runs: readonly Scored[]): string {
  const axes = [...settings.map((name) => axisOf(name, runs)), errorAxis(runs)];
  const own = runs.filter((run) => axes.every((axis) => axis.at(run) !== undefined));
  const lines = own.flatMap((run) =>
    axes.map((axis) => ({ axis: axis.label, at: axis.at(run)!, run: run.name, error: run.testError })),
  );
  const ends = axes.flatMap(({ label, ticks }) => ticks.map(({ at, text }) => ({ axis: label, at, text })));
  return chart({
    color: { type: "linear", range: [palette.blue, palette.red] },
    ariaLabel: `${settings.join(", ")} and test error of ${own.length} runs, a line for each.`,
    width: Math.max(480, 150 * axes.length),
    height: 360,
    marginLeft: 70,
    marginRight: 90,
    marginTop: 30,
    x: { axis: "top", tickSize: 0, type: "point", domain: axes.map(({ label }) => label), label: null },
    y: { axis: null, domain: [0, 1] },
    marks: [
      Plot.ruleX(
        axes.map(({ label }) => label),
        { stroke: "currentColor", strokeOpacity: 0.4 },
      ),
      Plot.line(lines, {
        x: "axis",
        y: "at",
        z: "run",
        stroke: "error",
        strokeWidth: 1.6,
        strokeOpacity: 0.75,
        curve: "monotone-x",
      }),
      Plot.text(ends, {
        x: "axis",
        y: "at",
        text: "text",
        dx: 6,
        textAnchor: "start",
        fill: "currentColor",
        stroke: "#ffffff",
        strokeWidth: 4,
        className: "halo",
      }),
    ],
  });
}

interface ParallelAxis {
  label: string;
  at: (run: Scored) => number | undefined;
  ticks: { at: number; text: string }[];
}

function axisOf(name: string, runs: readonly Scored[]): ParallelAxis {
  const all = runs.map(({ settings }) => settings[name]).filter((value) => value !== undefined);
  if (all.every((value) => typeof value === "number"))
    return numberAxis(name, all, ({ settings }) => settings[name] as number | undefined);
  const words = domainOf(all);
  const place = (word: string) => (words.length === 1 ? 0.5 : words.indexOf(word) / (words.length - 1));
  return {
    label: name,
    at: ({ settings }) => (settings[name] === undefined ? undefined : place(wordOf(settings[name]))),
    ticks: words.map((word) => ({ at: place(word), text: word })),
  };
}

function errorAxis(runs: readonly Scored[]): ParallelAxis {
  return numberAxis(
    "test error, %",
    runs.map(({ testError }) => testError),
    ({ testError }) => testError,
  );
}

function numberAxis(
  label: string,
  values: readonly number[],
  of: (run: Scored) => number | undefined,
): ParallelAxis {
  const scale = isLogarithmic(values) ? Math.log : (value: number) => value;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const place = (value: number) =>
    high === low ? 0.5 : (scale(value) - scale(low)) / (scale(high) - scale(low));
  return {
    label,
    at: (run) => {
      const value = of(run);
      return value === undefined ? undefined : place(value);
    },
    ticks: [...new Set([low, high])].map((value) => ({
      at: place(value),
      text: String(Number(value.toPrecision(3))),
    })),
  };
}

/** Words in the order of the alphabet, numbers in theirs. */
function domainOf(values: readonly unknown[]): string[] {
  const areNumbers = values.every((value) => typeof value === "number");
  const ordered = areNumbers ? [...values].sort((a, b) => a - b).map(wordOf) : values.map(wordOf).sort();
  return [...new Set(ordered)];
}

/** A setting's value in a word. */
export function wordOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
