import { columns } from "../src/device/columns.ts";
import type { EngineName } from "./engine.ts";
import { byFamily, peersIn, titles } from "./families.ts";
import {
  comparisons,
  ratio,
  summary,
  type Ceilings,
  type Comparison,
  type LoadingRow,
  type OpShare,
  type Results,
  type StepProfile,
} from "./results.ts";

/** All results as text: tables of the cases with ratio columns, then profiles, launches and ceilings. */
export function resultsTable(results: Results): string {
  const list = comparisons(results);
  const parts = [`${results.adapter} · ${results.commit} · ${results.date}`];
  for (const family of byFamily(list)) parts.push(casesTable(family.list));
  for (const peer of peersIn(list)) {
    const found = summary(list, peer);
    if (found)
      parts.push(
        `against ${peer}: median ${times(found.median)}, least ${times(found.least)} ` +
          `(${found.worst.case} ${found.worst.op}), of ${found.count}`,
      );
  }
  if (results.failed.length > 0) parts.push("failed:\n" + failures(results));
  for (const profile of results.profiles ?? []) parts.push(profileTable(profile));
  if (results.launches.length > 0) parts.push(launchTable(results));
  if (results.loading) parts.push(loadingTable(results.loading));
  if (results.ceilings) parts.push(ceilingLines(results.ceilings).join("\n"));
  return parts.join("\n\n") + "\n";
}

/** What the ratios to the GPU's other engines come to, in a sentence. */
export function verdict(list: readonly Comparison[]): string {
  const parts = (["tfjs-webgpu", "jax-js", "torch"] as const).flatMap((peer) => {
    const found = summary(list, peer);
    if (!found) return [];
    return [`${times(found.median)} the speed of ${titles[peer]} (at least ${times(found.least)})`];
  });
  return parts.length > 0 ? `In the median, hestenes has ${parts.join(", ")}.` : "Times of hestenes alone.";
}

function casesTable(list: readonly Comparison[]): string {
  const there = peersIn(list);
  const head = ["case", "op", "ms", "min", "n", "GFLOP/s", "GB/s", ...there.flatMap((peer) => [peer, "×"])];
  const lines = list.map((comparison) => [
    comparison.case,
    comparison.op,
    ...ownCells(comparison),
    ...there.flatMap((peer) => peerCells(comparison, peer)),
  ]);
  return columns([head, ...lines], 2);
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
  return columns([["JavaScript per launch", "µs", "min", "n"], ...lines], 1);
}

function loadingTable(rows: readonly LoadingRow[]): string {
  const lines = rows.map(({ what, ms, perSecond, waiting }) => [
    what,
    figure(ms),
    figure(perSecond),
    waiting === undefined ? "" : percent(waiting, 2),
  ]);
  return columns([["loading of pictures", "ms", "pictures/s", "waiting"], ...lines], 1);
}

/** Ops below this part of a step are shown as one. */
const SMALL = 0.004;

/** Columns of `profileRows`. */
export const profileHead = ["op", "launches", "ms", "share", "GFLOP/s", "GB/s", "of ceiling"] as const;

/** A step's profile in cells, the most expensive op first; the smallest ones are added up. */
export function profileRows({ ops }: StepProfile): { share: number; cells: string[] }[] {
  const small = ops.filter(({ share }) => share < SMALL);
  const sum = (of: (op: OpShare) => number) => small.reduce((total, op) => total + of(op), 0);
  const others: OpShare = {
    op: `${small.length} others`,
    launches: sum(({ launches }) => launches),
    ms: sum(({ ms }) => ms),
    share: sum(({ share }) => share),
  };
  const rows = small.length > 1 ? [...ops.filter(({ share }) => share >= SMALL), others] : ops;
  return rows.map((row) => ({ share: row.share, cells: profileCells(row) }));
}

function profileCells({ op, launches, ms, share, gflops, gbps, ofCeiling }: OpShare): string[] {
  return [
    op,
    String(launches),
    figure(ms),
    percent(share, 1),
    figure(gflops),
    figure(gbps),
    ofCeiling === undefined ? "" : percent(ofCeiling, 0),
  ];
}

function profileTable(profile: StepProfile): string {
  return `${profileTitle(profile)}\n${columns([[...profileHead], ...profileRows(profile).map(({ cells }) => cells)], 1)}`;
}

/** What is said above a step's profile. */
export function profileTitle({ case: name, ms, launches, ops }: StepProfile): string {
  const alone = ops.reduce((sum, op) => sum + op.ms, 0);
  return `${name}: ${figure(ms)} ms in ${launches} launches; one by one they take ${figure(alone)} ms`;
}

/** The ceilings in words. */
export function ceilingLines({ copy, gflops }: Ceilings): string[] {
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

/** `12×`, `1.2×`, `0.12×`. */
export function times(value: number | undefined): string {
  if (value === undefined) return "";
  return `${value.toFixed(value >= 9.95 ? 0 : value >= 0.95 ? 1 : 2)}×`;
}

function percent(part: number, digits: number): string {
  return `${(100 * part).toFixed(digits)} %`;
}
