import { datasetNamed } from "../data/known.ts";
import { dataOf, type Scale } from "./experiment.ts";
import { experiments, wholeName } from "./experiments.ts";
import { isApart, isError, linesOf, oursOf, titled, titleParts } from "./table.ts";
import { counted } from "./words.ts";
import { titleOf, type Metric } from "./metrics.ts";
import { stepsAt } from "./outcome.ts";
import type { Outcome } from "./experiment.ts";

/** Fewer seeds tell too little of a deviation to rank models by. */
const enoughSeeds = 3;

/** What was run, in short facts: scale, steps, size, seeds and adapter. */
export function factsOf(outcome: Outcome): string[] {
  const { scale, adapter, complete } = outcome;
  const runs = trainedRuns(outcome);
  const config = runs[0]?.config;
  const steps = runs.map((run) => run.config.steps);
  const [least, most] = [Math.min(...steps), Math.max(...steps)];
  return [
    `scale ${scale}`,
    ...(config ? [`${least < most ? `${least} to ` : ""}${counted(most, "step")} each`] : []),
    ...(config?.size === undefined ? [] : [`${config.size} × ${config.size} pixels`]),
    ...(isComputed(outcome)
      ? []
      : [`${counted(runs.length, "run")}${complete ? "" : " so far"}, ${seedWords(outcome)} each`]),
    ...(adapter === "" ? [] : [adapter]),
  ];
}

/** Settings that most readers ask for. */
const shown = ["size", "latent", "rank", "steps", "batch", "rate", "optimizer"] as const;

/** Those of them that all runs have, in words. None before the first run, and of what is computed. */
export function settingsOf(outcome: Outcome): string[] {
  const [first, ...others] = trainedRuns(outcome).map(({ config }) => config);
  if (!first) return [];
  const same = shown.filter((name) => others.every((config) => config[name] === first[name]));
  return [same.flatMap((name) => (first[name] === undefined ? [] : [`${name} ${first[name]}`])).join(", ")];
}

/** The runs that were trained. */
function trainedRuns({ runs }: Outcome): Outcome["runs"] {
  return runs.filter(({ row }) => !row.compute && row.trained === undefined);
}

/** Whether nothing of an experiment is trained. */
function isComputed({ experiment }: Outcome): boolean {
  return experiment.rows.every(({ compute }) => compute);
}

/** The command that makes these runs, with a stand-in for the data's folder. */
export function commandOf(outcome: Outcome): string {
  const { experiment, scale } = outcome;
  const { name, data, reading } = experiment;
  const [run] = trainedRuns(outcome);
  const config = run?.config;
  const seeds = new Set(outcome.runs.map(({ seed }) => seed)).size;
  const sets = dataOf(experiment);
  const known = experiments.get(wholeName(name));
  const isUsual = known?.together ? sets.length > 1 : known?.data[0] === data;
  return [
    `npx hestenes reproduce ${wholeName(name)}`,
    ...(isUsual ? [] : [`--data ${data}`]),
    ...(sets.every((set) => datasetNamed(set).files === "none") ? [] : [`--path FOLDER`]),
    ...(scale === "quick" ? [] : [`--scale ${scale}`]),
    ...(reading === undefined ? [] : [`--reading ${reading}`]),
    ...(isComputed(outcome) ? [] : [`--seeds ${seeds}`]),
    ...(config && config.steps !== plannedSteps(run, scale) ? [`--steps ${config.steps}`] : []),
    ...(config && config.size !== datasetNamed(config.data).presets[scale].size
      ? [`--size ${config.size}`]
      : []),
  ].join(" ");
}

/** The steps that a run would have, were none given. */
function plannedSteps({ row, config }: Outcome["runs"][number], scale: Scale): number {
  return row.config.steps ?? stepsAt(scale, config.data);
}

/** Why the rows cannot be ranked by these runs; undefined where there are seeds enough and all of the scale's steps. */
export function cautionOf(outcome: Outcome): string | undefined {
  const { scale, complete } = outcome;
  const runs = trainedRuns(outcome);
  if (runs.length === 0) return undefined;
  const [seeds] = seedsOf(outcome);
  const short = runs.find((run) => run.config.steps < plannedSteps(run, scale));
  const reasons = [
    ...(complete ? [] : ["a part of the runs"]),
    ...(seeds < enoughSeeds ? [seedWords(outcome)] : []),
    ...(short ? [`${short.config.steps} of the scale's ${plannedSteps(short, scale)} steps`] : []),
  ];
  return reasons.length === 0 ? undefined : `${reasons.join(" and ")} cannot rank the models`;
}

/**
 * Which row is the least by the error of reconstruction, whether by more than the seeds differ, what the paper says of
 * that, and which are the least by the other columns; of scatters, how wide they are.
 */
export function verdict(outcome: Outcome): string {
  const { experiment } = outcome;
  const known = linesOf(outcome).flatMap(({ label, cells }) => cells.map((cell) => ({ label, ...cell })));
  const found = (metric: Metric) =>
    known
      .filter((cell) => cell.metric === metric && cell.mean !== undefined)
      .sort((a, b) => a.mean! - b.mean!);
  const caution = cautionOf(outcome);
  if (experiment.findings) {
    const words = outcome.runs.length > 0 ? experiment.findings(outcome) : ["No run is finished yet."];
    return [...(caution === undefined ? [] : [`Not a finding: ${caution}.`]), ...words].join(" ");
  }
  if (experiment.isScatter) {
    const words = found("roundness").map((cell) => `${cell.label} ${oursOf(cell)}`);
    return `Of the latent space, ${titleOf("roundness")}: ${words.join(", ")}.${caution ? ` Not a finding: ${caution}.` : ""}`;
  }
  const metric = experiment.metrics.includes("diagonal") ? "diagonal" : "test";
  const { unit } = titleParts(metric);
  const [best, second] = found(metric);
  if (!best) return "No run is finished yet.";
  const papers = known.filter((cell) => cell.metric === metric && cell.published);
  const paperBest =
    papers.length > 1 ? papers.reduce((a, b) => (b.published![0] < a.published![0] ? b : a)) : undefined;
  const least = titled(metric, oursOf(best), ", ");
  if (caution !== undefined) {
    const paper = paperBest ? ` In the paper, ${paperBest.label} has the least.` : "";
    return `Not a finding: ${caution}. Here ${best.label} happens to have the least ${least}.${paper}`;
  }
  const isSame = paperBest?.label === best.label;
  const agreed = paperBest && (isSame ? ", as in the paper" : `; in the paper, ${paperBest.label} has`);
  const close =
    second && !isApart(best, second)
      ? ` It is not below that of ${second.label}, ${oursOf(second)}${unit}, by more than the seeds differ.`
      : "";
  const others = experiment.metrics.flatMap((other) => {
    const [first, next] = other !== metric && isError(other) ? found(other) : [];
    if (!first || !next) return [];
    return [`${titleParts(other).name} ${first.label}${isApart(first, next) ? "" : ` (≈ ${next.label})`}`];
  });
  const rest = others.length > 0 ? ` The least by the other columns: ${others.join(", ")}.` : "";
  return `${best.label} has the least ${least}${agreed ?? ""}.${close}${rest}`;
}

/** The least and the most seeds that a row has; while runs are made, they are one apart. */
function seedsOf({ experiment: { rows }, runs }: Outcome): [least: number, most: number] {
  const counts = rows
    .filter(({ compute }) => !compute)
    .map(({ label }) => runs.filter(({ row }) => row.label === label).length);
  return [Math.min(...counts), Math.max(...counts)];
}

function seedWords(outcome: Outcome): string {
  const [least, most] = seedsOf(outcome);
  return `${least === most ? "" : `${least} or `}${counted(most, "seed")}`;
}
