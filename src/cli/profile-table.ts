import type { ProfileRow } from "../device/profiler.ts";
import { columns } from "../device/columns.ts";

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
  return columns([["kernel", "calls", "ms", "share", "GFLOP/s", "GB/s"], ...cells], 1);
}
