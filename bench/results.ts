import type { EngineName } from "./engine.ts";

/** One engine's time for one operation of one case. */
export interface Row {
  engine: EngineName;
  case: string;
  /** `fwd`, `dx`, `dw`, `step`, or the name of an op's own benchmark. */
  op: string;
  /** Median over `n` runs, in milliseconds. */
  ms: number;
  min: number;
  n: number;
  gflops?: number;
  /** Gigabytes moved per second, where the benchmark of an op says its bytes. */
  gbps?: number;
}

/** What an engine could not do, and why. */
export interface Failure {
  engine: EngineName;
  case: string;
  op: string;
  reason: string;
}

/** JavaScript's part of a launch, in microseconds: median over `n` chains of launches. */
export interface LaunchCost {
  what: string;
  microseconds: number;
  min: number;
  n: number;
}

/** What loading pictures, or a step on them, took. */
export interface LoadingRow {
  what: string;
  ms: number;
  /** Pictures. */
  perSecond: number;
  /** Part of the time of a step for which it waits for its batch, 0 to 1. */
  waiting?: number;
}

/** The most that a small kernel got out of the adapter. */
export interface Ceilings {
  /** Gigabytes read and written per second by copies, by the bytes of the array. */
  copy: { bytes: number; gbps: number }[];
  /** Multiplications and additions per second on registers, in 10⁹. */
  gflops: number;
}

/** What the launches of one kernel's entry point cost in one training step. */
export interface OpShare {
  /** Shader and entry point. */
  op: string;
  launches: number;
  ms: number;
  /** Part of the time of all launches, 0 to 1. */
  share: number;
  gflops?: number;
  gbps?: number;
  /** Part of the adapter's ceiling, 0 to 1: of arithmetic or of copies, the larger one. */
  ofCeiling?: number;
}

/** A training step, taken apart. */
export interface StepProfile {
  case: string;
  /** Median of undisturbed runs, in milliseconds. */
  ms: number;
  min: number;
  launches: number;
  /** The most expensive first. */
  ops: OpShare[];
}

/** What `bench --json` writes. */
export interface Results {
  adapter: string;
  driver: string;
  machine: string;
  commit: string;
  date: string;
  versions: Record<string, string>;
  rows: Row[];
  failed: Failure[];
  launches: LaunchCost[];
  loading?: LoadingRow[];
  ceilings?: Ceilings;
  profiles?: StepProfile[];
}

/** What was measured of one operation of one case, by engine. */
export interface Comparison {
  case: string;
  op: string;
  rows: Map<EngineName, Row>;
  failed: Map<EngineName, string>;
}

/** The rows by case and operation, in the order in which they were measured. */
export function comparisons({ rows, failed }: Pick<Results, "rows" | "failed">): Comparison[] {
  const found = new Map<string, Comparison>();
  const of = (entry: { case: string; op: string }): Comparison => {
    const key = `${entry.case} ${entry.op}`;
    const there = found.get(key) ?? { case: entry.case, op: entry.op, rows: new Map(), failed: new Map() };
    found.set(key, there);
    return there;
  };
  for (const row of rows) of(row).rows.set(row.engine, row);
  for (const failure of failed) of(failure).failed.set(failure.engine, failure.reason);
  return [...found.values()];
}

/** How many times faster hestenes was than `engine`; undefined where one of them has no time. */
export function ratio({ rows }: Comparison, engine: EngineName): number | undefined {
  const [own, other] = [rows.get("hestenes"), rows.get(engine)];
  return own && other && other.ms / own.ms;
}

/** The median and the least of the ratios to `engine`, over `count` operations. */
export function summary(
  list: readonly Comparison[],
  engine: EngineName,
): { median: number; least: number; worst: Comparison; count: number } | undefined {
  const ratios = list
    .map((comparison) => ({ comparison, value: ratio(comparison, engine) }))
    .filter((entry): entry is { comparison: Comparison; value: number } => entry.value !== undefined)
    .sort((a, b) => a.value - b.value);
  const first = ratios[0];
  if (!first) return undefined;
  const values = ratios.map(({ value }) => value);
  return { median: median(values), least: first.value, worst: first.comparison, count: values.length };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
