import * as Plot from "@observablehq/plot";
import type { EngineName } from "../../../bench/engine.ts";
import { titles } from "../../../bench/families.ts";
import type { Failure, Row } from "../../../bench/results.ts";
import { times } from "../../../bench/table.ts";
import { frame, labelled, logTicks, show } from "../shared/charts.ts";

const colours: Record<EngineName, string> = {
  hestenes: "#3b82f6",
  "tfjs-webgpu": "#d97706",
  "jax-js": "#0d9488",
  "ml-matrix": "#8b5cf6",
  "svd-js": "#db2777",
  numeric: "#a16207",
  torch: "#808a96",
};

const labelOf = (row: Row) => `${row.case} ${row.op}`;

/** What is written beside the rightmost dot, and under an axis, takes so many pixels. */
const [besides, tickWidth] = [190, 50];
/** Half the width of a dot. */
const dot = 5;

/** The median times as dots, an operation a group: on a logarithmic axis the length of a bar would mean nothing. */
export function timesChart(host: HTMLElement, rows: readonly Row[]): void {
  const labels = [...new Set(rows.map(labelOf))];
  const engines = [...new Set(rows.map(({ engine }) => engine))];
  const own = new Map(
    rows.filter(({ engine }) => engine === "hestenes").map((row) => [labelOf(row), row.ms]),
  );
  const named = (row: Row): string => {
    const words = `${titles[row.engine]} ${shorten(row.ms)} ms`;
    const least = own.get(labelOf(row));
    return row.engine === "hestenes" || least === undefined ? words : `${words} · ${times(row.ms / least)}`;
  };
  const [label, line] = [22, 15];
  const width = Math.max(300, host.clientWidth);
  const ticks = logTicks(
    rows.map(({ ms }) => ms),
    Math.min(6, Math.max(1, Math.floor((width - besides) / tickWidth))),
  );
  const group = label + line * engines.length;
  const plot = Plot.plot({
    ...frame,
    width,
    height: 40 + labels.length * group,
    marginLeft: 8,
    marginRight: besides,
    marginTop: label,
    x: {
      type: "log",
      label: null,
      grid: true,
      ticks,
      insetLeft: 2 * dot,
    },
    y: { axis: null, domain: engines },
    fy: { domain: labels, axis: null, paddingInner: label / group, paddingOuter: 0 },
    marks: [
      Plot.axisX(ticks, labelled),
      Plot.dot(rows, {
        x: "ms",
        y: "engine",
        fy: labelOf,
        r: dot,
        fill: ({ engine }: Row) => colours[engine],
      }),
      Plot.text(rows, {
        x: "ms",
        y: "engine",
        fy: labelOf,
        text: named,
        dx: 2 * dot,
        textAnchor: "start",
      }),
      Plot.text(labels, {
        fy: (label: string) => label,
        text: (label: string) => label,
        frameAnchor: "top-left",
        dy: -14,
        fontWeight: 600,
      }),
    ],
  });
  show(
    host,
    plot,
    `Median milliseconds of ${labels.length} operations by ${engines.map((engine) => titles[engine]).join(", ")}`,
  );
}

function shorten(ms: number): string {
  return ms >= 100 ? ms.toFixed(0) : ms.toPrecision(3);
}

/** A row of the table. */
export function figures(row: Row): string[] {
  const { engine, ms, min, n, gflops } = row;
  return [
    labelOf(row),
    titles[engine],
    shorten(ms),
    shorten(min),
    String(n),
    gflops === undefined ? "" : gflops.toPrecision(3),
  ];
}

/** What engines cannot do, or did wrong, in words: a line for each reason. */
export function failures(failed: readonly Failure[]): string[] {
  const lines = new Map<string, string[]>();
  for (const { engine, case: name, op, reason } of failed) {
    const why = reason.startsWith(titles[engine]) ? reason : `${titles[engine]}: ${reason}`;
    lines.set(why, [...(lines.get(why) ?? []), `${name} ${op}`]);
  }
  return [...lines].map(([why, operations]) => `${why} (${operations.join(", ")})`);
}
