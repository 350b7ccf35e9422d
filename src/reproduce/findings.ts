import type { Outcome } from "./experiment.ts";
import type { Metric } from "./metrics.ts";
import { isApart, linesOf, oursOf, type Cell } from "./table.ts";

/** What the runs of a row gave for a metric; undefined where nothing is measured yet. */
export function found(outcome: Outcome, label: string, metric: Metric): Cell | undefined {
  const cell = linesOf(outcome)
    .find((line) => line.label === label)
    ?.cells.find((one) => one.metric === metric);
  return cell?.mean === undefined ? undefined : cell;
}

type Place = readonly [label: string, metric: Metric];

/**
 * Whether one figure is below another, as a claim says, in a sentence that begins with the claim: by more than the seeds
 * differ, or not.
 */
export function claimed(outcome: Outcome, claim: string, less: Place, more: Place): string {
  const [a, b] = [found(outcome, ...less), found(outcome, ...more)];
  if (!a || !b) return `${claim}: not measured.`;
  const figures = `${oursOf(a)} against ${oursOf(b)}`;
  if (a.deviation === undefined || b.deviation === undefined)
    return `${claim}: ${a.mean! < b.mean! ? "yes" : "no"} in the one seed, ${figures}.`;
  if (isApart(a, b)) return `${claim}: yes, by more than the seeds differ, ${figures}.`;
  if (isApart(b, a)) return `${claim}: no, the other way round by more than the seeds differ, ${figures}.`;
  return `${claim}: not told apart by the seeds, ${figures}.`;
}
