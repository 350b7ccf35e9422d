import type { ProfileRow } from "../device/profiler.ts";

/** The profile as a table: what each kernel cost, the most expensive first. */
export function formatProfile(rows: readonly ProfileRow[]): string {
  const rate = (value: number | undefined) => (value === undefined ? "" : value.toFixed(1));
  const cells = rows.map(({ label, calls, milliseconds, share, gflops, gigabytesPerSecond }) => [
    label,
    String(calls),
    milliseconds.toFixed(1),
    `${(100 * share).toFixed(1)} %`,
    rate(gflops),
    rate(gigabytesPerSecond),
  ]);
  const table = [["kernel", "calls", "ms", "share", "GFLOP/s", "GB/s"], ...cells];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
