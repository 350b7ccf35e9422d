import { metricTitles } from "./experiments.ts";
import { stepsAt, type Outcome } from "./reproduce.ts";
import { linesOf, oursOf, titled } from "./table.ts";

/** Fewer seeds tell too little of a deviation to rank models by. */
const enoughSeeds = 3;

/** What was run, in short facts: scale, steps, size, seeds and adapter. */
export function factsOf(outcome: Outcome): string[] {
  const { scale, adapter, runs, complete } = outcome;
  const config = runs[0]?.config;
  return [
    `scale ${scale}`,
    ...(config ? [`${config.steps} steps each`] : []),
    ...(config?.size === undefined ? [] : [`${config.size} × ${config.size} pixels`]),
    `${runs.length} runs${complete ? "" : " so far"}, ${counted(seedsOf(outcome))} each`,
    adapter,
  ];
}

/** Why the rows can not be ranked by these runs; undefined where there are seeds enough and all of the scale's steps. */
export function cautionOf(outcome: Outcome): string | undefined {
  const { experiment, scale, runs } = outcome;
  if (runs.length === 0) return undefined;
  const seeds = seedsOf(outcome);
  const steps = Math.min(...runs.map(({ config }) => config.steps));
  const full = stepsAt(scale, experiment.data);
  const reasons = [
    ...(seeds < enoughSeeds ? [counted(seeds)] : []),
    ...(steps < full ? [`${steps} of the scale's ${full} steps`] : []),
  ];
  return reasons.length === 0 ? undefined : `${reasons.join(" and ")} can not rank the models`;
}

/** Which row is the least by the error of reconstruction, and what the paper says of that; of scatters, how wide they are. */
export function verdict(outcome: Outcome): string {
  const { experiment } = outcome;
  const known = linesOf(outcome).flatMap(({ label, cells }) => cells.map((cell) => ({ label, ...cell })));
  const found = (metric: string) => known.filter((cell) => cell.metric === metric && cell.mean !== undefined);
  const caution = cautionOf(outcome);
  if (experiment.isScatter) {
    const words = found("roundness").map((cell) => `${cell.label} ${oursOf(cell)}`);
    return `Of the latent space, ${metricTitles.roundness}: ${words.join(", ")}.${caution ? ` Not a finding: ${caution}.` : ""}`;
  }
  const metric = experiment.metrics.includes("diagonal") ? "diagonal" : "test";
  const ours = found(metric);
  if (ours.length === 0) return "No run is finished yet.";
  const best = ours.reduce((a, b) => (b.mean! < a.mean! ? b : a));
  const papers = known.filter((cell) => cell.metric === metric && cell.published);
  const paperBest =
    papers.length > 1 ? papers.reduce((a, b) => (b.published![0] < a.published![0] ? b : a)) : undefined;
  const least = titled(metric, oursOf(best), ", ");
  if (caution !== undefined) {
    const paper = paperBest ? ` In the paper, ${paperBest.label} has the least.` : "";
    return `Not a finding: ${caution}. Here ${best.label} happens to have the least ${least}.${paper}`;
  }
  const agreed =
    paperBest &&
    (paperBest.label === best.label ? ", as in the paper" : `; in the paper, ${paperBest.label} has`);
  return `${best.label} has the least ${least}${agreed ?? ""}.`;
}

function seedsOf({ runs }: Outcome): number {
  return new Set(runs.map(({ seed }) => seed)).size;
}

function counted(seeds: number): string {
  return `${seeds} ${seeds === 1 ? "seed" : "seeds"}`;
}
