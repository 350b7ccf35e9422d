import { datasetNamed } from "../data/known.ts";
import { dataOf, type Experiment, type Row } from "./experiment.ts";
import type { Published } from "./published.ts";
import { metricNamed, titleOf, type Metric } from "./metrics.ts";
import type { Outcome } from "./experiment.ts";

/** What the runs of a row gave for one metric, beside the paper's figure. */
export interface Cell {
  metric: Metric;
  /** One value per seed. */
  values: number[];
  mean?: number;
  /** Standard deviation over the seeds, over n − 1; from two seeds on. */
  deviation?: number;
  published?: Published;
}

/** A row of the results. */
export interface Line {
  label: string;
  seeds: number[];
  cells: Cell[];
}

/** The results of an experiment so far, a line for each of its rows. */
export function linesOf({ experiment, runs }: Outcome): Line[] {
  return experiment.rows.map((row) => {
    const own = runs.filter((run) => run.row.label === row.label);
    const cells = experiment.metrics.map((metric) =>
      cell(
        metric,
        row,
        own.map(({ scores }) => scores.metrics[metric]).filter((value) => value !== undefined),
      ),
    );
    return { label: row.label, seeds: own.map(({ seed }) => seed), cells };
  });
}

function cell(metric: Metric, row: Row, values: number[]): Cell {
  const known = row.published[metric];
  return { metric, values, ...meanAndDeviation(values), ...(known ? { published: known } : {}) };
}

/** The mean of values, and their deviation over n − 1, where there are enough of them. */
export function meanAndDeviation(values: readonly number[]): Pick<Cell, "mean" | "deviation"> {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { ...(n > 0 ? { mean } : {}), ...(n > 1 ? { deviation: Math.sqrt(squares / (n - 1)) } : {}) };
}

/** Whether less is better. */
export function isError(metric: Metric): boolean {
  return metricNamed(metric).better !== "neither";
}

/**
 * The order of the rows by a metric, least first, ours and the paper's. Ours has a "<" where the means of neighbours
 * lie further apart than the root of the sum of their squared deviations, a "≈" where they do not, a "," where a single
 * seed tells no deviation. Undefined where there is nothing to compare.
 */
export function orderOf(
  lines: readonly Line[],
  metric: Metric,
): { ours: string; paper?: string } | undefined {
  const entries = lines.flatMap(({ label, cells }) => {
    const found = cells.find((one) => one.metric === metric);
    return found?.mean === undefined ? [] : [{ label, ...found, mean: found.mean }];
  });
  if (!isError(metric) || entries.length < 2) return undefined;
  entries.sort((a, b) => a.mean - b.mean);
  const ours = entries.map((entry, at) => {
    const before = entries[at - 1];
    return before ? between(before, entry) + entry.label : entry.label;
  });
  const known = entries.flatMap(({ label, published }) => (published ? [{ label, mean: published[0] }] : []));
  known.sort((a, b) => a.mean - b.mean);
  return {
    ours: ours.join(""),
    ...(known.length > 1 ? { paper: known.map(({ label }) => label).join(" < ") } : {}),
  };
}

/** What the signs of `orderOf` mean. */
export const orderLead =
  "Least first. A “<” stands between means further apart than the root of the sum of their squared deviations, " +
  "a “≈” between others, a comma where a single seed tells none.";

/** The orders by all metrics of an experiment that have one. */
export function ordersOf(
  { metrics }: Experiment,
  lines: readonly Line[],
): { title: string; ours: string; paper?: string }[] {
  return metrics.flatMap((metric) => {
    const order = orderOf(lines, metric);
    return order ? [{ title: titleOf(metric), ...order }] : [];
  });
}

function between(less: Cell, more: Cell): string {
  if (less.deviation === undefined || more.deviation === undefined) return ", ";
  return isApart(less, more) ? " < " : " ≈ ";
}

/** Whether two means lie further apart than the root of the sum of their squared deviations. */
export function isApart(less: Cell, more: Cell): boolean {
  return more.mean! - less.mean! > Math.hypot(less.deviation ?? 0, more.deviation ?? 0);
}

/** A metric's name with its value and its unit. */
export function titled(metric: Metric, value: string, between = " "): string {
  const { name, unit } = titleParts(metric);
  return name + between + value + unit;
}

/** A metric's name, and its unit, if it has one, after a space. */
export function titleParts(metric: Metric): { name: string; unit: string } {
  const [, name, unit = ""] = /^(.*?)( %)?$/.exec(titleOf(metric))!;
  return { name: name!, unit };
}

/** Rows of words for a table: a heading, then a line for each row; the paper's figures stand beside ours. */
export function wordsOf(outcome: Outcome): string[][] {
  const { metrics } = outcome.experiment;
  const head = [
    "",
    "seeds",
    ...metrics.flatMap((metric) => [titleOf(metric), `paper: ${shortTitle(metric)}`]),
  ];
  const rows = linesOf(outcome).map(({ label, seeds, cells }) => [
    label,
    String(seeds.length),
    ...cells.flatMap((one) => [oursOf(one), paperOf(one)]),
  ]);
  return withoutEmpty([head, ...rows]);
}

function shortTitle(metric: Metric): string {
  return titleOf(metric).replace(/( test)? error %$/, "");
}

/** Mean ± deviation, as it is shown. */
export function oursOf({ mean, deviation }: Cell): string {
  return mean === undefined ? "–" : spread(mean, deviation);
}

/** The paper's figure, or nothing. */
export function paperOf({ published }: Cell): string {
  if (!published) return "";
  return spread(...published);
}

/** A mean with its deviation, if there is one, to as many decimals. */
function spread(mean: number, deviation?: number): string {
  return figure(mean) + (deviation === undefined ? "" : ` ± ${deviation.toFixed(decimalsOf(mean))}`);
}

/** A number with as many decimals as tell something. */
export function figure(value: number): string {
  return value.toFixed(decimalsOf(value));
}

function decimalsOf(value: number): number {
  const size = Math.abs(value);
  return size >= 100 ? 0 : size >= 0.1 || size === 0 ? 2 : 4;
}

/** Leaves out the columns that have nothing below the heading. */
function withoutEmpty(table: string[][]): string[][] {
  const kept = table[0]!.map((_, column) => table.slice(1).some((row) => row[column] !== ""));
  return table.map((row) => row.filter((_, column) => kept[column]));
}

/** A line on how images were compared, where they were. */
export function judgeWords({ runs, experiment }: Outcome): string | undefined {
  const words = dataOf(experiment).flatMap((data) => {
    const judge = runs.findLast(({ scores, config }) => scores.judge && config.data === data)?.scores.judge;
    if (!judge) return [];
    const { accuracy, floor, ceiling } = judge;
    const set = dataOf(experiment).length > 1 ? ` on ${datasetNamed(data).title}` : "";
    const by =
      accuracy === undefined
        ? `cFD${set} of the samples as they are`
        : `cFD${set} by a classifier that is right on ${(100 * accuracy).toFixed(1)} % of test images`;
    return [
      `${by}; unseen real ${accuracy === undefined ? "samples" : "images"} get ${floor.toFixed(2)}, noise ${ceiling.toFixed(0)}.`,
    ];
  });
  return words.length > 0 ? words.join(" ") : undefined;
}
