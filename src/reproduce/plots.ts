import { pointsChart, type PlotPoint, type PointSeries } from "../report/points.ts";
import type { Axis, Outcome, Plot, Row } from "./experiment.ts";
import { titleOf } from "./metrics.ts";
import { meanAndDeviation } from "./table.ts";
import { momentsOf } from "./through.ts";

/** The plot of what is known so far, as an SVG file. */
export function plotOf(outcome: Outcome, { shows, x, y, diagonal, level }: Plot): string {
  const series = shows === "training" ? linesThrough(outcome, y) : pointsOf(outcome, shows, x!, y);
  return pointsChart({
    series,
    x: { label: shows === "training" ? "step" : labelOf(x!), log: x?.log },
    y: { label: labelOf(y), log: y.log },
    diagonal,
    level,
  });
}

const labelOf = ({ of, label }: Axis) => label ?? (typeof of === "string" ? titleOf(of) : "");

/** Points of each series: of every run, or of each row. */
function pointsOf({ experiment, runs }: Outcome, shows: "runs" | "rows", x: Axis, y: Axis): PointSeries[] {
  const groups = new Map<string, PlotPoint[]>();
  const add = (row: Row, points: PlotPoint[]) => {
    const { series = row.label } = row;
    groups.set(series, [...(groups.get(series) ?? []), ...points]);
  };
  for (const row of experiment.rows) {
    const points = runs
      .filter((run) => run.row.label === row.label)
      .flatMap(({ scores }): PlotPoint[] => {
        const at = ({ of }: Axis) => (typeof of === "string" ? scores.metrics[of] : of(row));
        const [own, value] = [at(x), at(y)];
        return own === undefined || value === undefined ? [] : [{ x: own, y: value }];
      });
    if (shows === "runs" || points.length === 0) add(row, points);
    else {
      const { mean, deviation } = meanAndDeviation(points.map((point) => point.y));
      add(row, [{ x: meanAndDeviation(points.map((point) => point.x)).mean!, y: mean!, spread: deviation }]);
    }
  }
  return [...groups].map(([label, points]) => ({ label, points, isLine: shows === "rows" }));
}

/** The mean of a row's seeds at each step. */
function linesThrough({ experiment, runs }: Outcome, { of }: Axis): PointSeries[] {
  return experiment.rows.flatMap(({ label, trained }) => {
    if (trained !== undefined) return [];
    const values = new Map<number, number[]>();
    for (const { folder } of runs.filter(({ row }) => row.label === label))
      for (const { step, metrics } of momentsOf(folder)) {
        const value = typeof of === "string" ? metrics[of] : undefined;
        if (value !== undefined) values.set(step, [...(values.get(step) ?? []), value]);
      }
    const points = [...values].map(([x, all]) => ({ x, y: meanAndDeviation(all).mean! }));
    return points.length > 0 ? [{ label, points, isLine: true, isBare: points.length > 40 }] : [];
  });
}
