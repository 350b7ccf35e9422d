import type { EngineName } from "./engine.ts";
import { comparisons, ratio, summary, type Comparison, type Results } from "./results.ts";

/** Whom hestenes is compared with, in the order of the columns. */
export const peers: readonly EngineName[] = ["tfjs-webgpu", "jax-js", "torch"];

/** All results as text: a table of the cases with ratio columns, then launches and ceilings. */
export function resultsTable(results: Results): string {
  const list = comparisons(results);
  const there = peers.filter((peer) => list.some(({ rows, failed }) => rows.has(peer) || failed.has(peer)));
  const head = ["case", "op", "ms", "min", "n", "GFLOP/s", "GB/s", ...there.flatMap((peer) => [peer, "×"])];
  const lines = list.map((comparison) => [
    comparison.case,
    comparison.op,
    ...ownCells(comparison),
    ...there.flatMap((peer) => peerCells(comparison, peer)),
  ]);
  const parts = [`${results.adapter} · ${results.commit} · ${results.date}`];
  if (lines.length > 0) parts.push(align([head, ...lines]));
  for (const peer of there) {
    const found = summary(list, peer);
    if (found)
      parts.push(
        `against ${peer}: median ${times(found.median)}, least ${times(found.least)} ` +
          `(${found.worst.case} ${found.worst.op}), of ${found.count}`,
      );
  }
  if (results.failed.length > 0) parts.push("failed:\n" + failures(results));
  if (results.launches.length > 0) parts.push(launchTable(results));
  if (results.ceilings) parts.push(ceilingLines(results.ceilings).join("\n"));
  return parts.join("\n\n") + "\n";
}

function ownCells({ rows, failed }: Comparison): string[] {
  const own = rows.get("hestenes");
  if (!own) return [failed.has("hestenes") ? "failed" : "", "", "", "", ""];
  return [figure(own.ms), figure(own.min), String(own.n), figure(own.gflops), figure(own.gbps)];
}

function peerCells(comparison: Comparison, peer: EngineName): [string, string] {
  const row = comparison.rows.get(peer);
  if (!row) return [comparison.failed.has(peer) ? "failed" : "", ""];
  return [figure(row.ms), times(ratio(comparison, peer))];
}

function failures({ failed }: Results): string {
  return failed
    .map(({ engine, case: name, op, reason }) => `  ${engine}, ${name} ${op}: ${reason}`)
    .join("\n");
}

function launchTable({ launches }: Results): string {
  const lines = launches.map(({ what, microseconds, min, n }) => [
    what,
    figure(microseconds),
    figure(min),
    String(n),
  ]);
  return align([["JavaScript per launch", "µs", "min", "n"], ...lines]);
}

/** The ceilings in words. */
export function ceilingLines({ copy, gflops }: NonNullable<Results["ceilings"]>): string[] {
  return [
    ...copy.map(({ bytes, gbps }) => `copy of ${bytes / 2 ** 20} MiB: ${figure(gbps)} GB/s`),
    `multiply and add: ${figure(gflops)} GFLOP/s`,
  ];
}

/** Three significant digits. */
export function figure(value: number | undefined): string {
  if (value === undefined) return "";
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

export function times(value: number | undefined): string {
  return value === undefined ? "" : `${value >= 9.95 ? value.toFixed(0) : value.toFixed(1)}×`;
}

/** Columns as wide as they need to be; all but the first two are numbers. */
function align(table: readonly (readonly string[])[]): string {
  const words = table[0]!.indexOf("op") < 0 ? 1 : 2;
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table
    .map((row) =>
      row
        .map((cell, column) =>
          column < words ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
