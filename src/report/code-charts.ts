import { pointsChart } from "./points.ts";
import type { CoordinateSeries, DrawnCodes } from "./report-data.ts";

/** A value for each coordinate of codes, as lines over the coordinates; a dashed line at `level`, if one is given. */
export function coordinatesChart(series: readonly CoordinateSeries[], what: string, level?: number): string {
  return pointsChart({
    series: series.map(({ label, values }) => ({
      label,
      isLine: true,
      points: Array.from(values, (value, i) => ({ x: i + 1, y: value })),
    })),
    x: { label: "number of the code" },
    y: { label: what },
    level,
  });
}

/** Clouds of codes by their first two coordinates, each in its colour; of codes of one number, its value beside its place. */
export function codesChart({ clouds, k }: DrawnCodes): string {
  return pointsChart({
    series: clouds.map(({ label, points }) => ({
      label,
      points: Array.from({ length: points.length / k }, (_, i) => ({
        x: k > 1 ? points[i * k]! : i,
        y: points[i * k + (k > 1 ? 1 : 0)]!,
      })),
    })),
    x: { label: k > 1 ? "α₁" : "which" },
    y: { label: k > 1 ? "α₂" : "α₁" },
  });
}
