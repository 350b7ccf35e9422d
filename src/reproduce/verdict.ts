import { datasetNamed } from "../data/known.ts";
import { experiments, wholeName } from "./experiments.ts";
import { isApart, isError, linesOf, oursOf, titled, titleParts } from "./table.ts";
import { counted } from "./words.ts";
import { metricTitles, type Metric } from "./metrics.ts";
import { stepsAt, type Outcome } from "./outcome.ts";

/** Fewer seeds tell too little of a deviation to rank models by. */
const enoughSeeds = 3;

/** What was run, in short facts: scale, steps, size, seeds and adapter. */
export function factsOf(outcome: Outcome): string[] {
  const { scale, adapter, runs, complete } = outcome;
  const config = runs[0]?.config;
  return [
    `scale ${scale}`,
    ...(config ? [`${counted(config.steps, "step")} each`] : []),
    ...(config?.size === undefined ? [] : [`${config.size} × ${config.size} pixels`]),
    `${counted(runs.length, "run")}${complete ? "" : " so far"}, ${seedWords(outcome)} each`,
    adapter,
  ];
}

/** The settings that most readers ask for, in words; those of the last row, which has all of them. None before the first run. */
export function settingsOf({ runs }: Outcome): string[] {
  const config = runs[0]?.config;
  if (!config) return [];
  const { size, latent, rank, steps, batch, rate, optimizer } = config;
  const shown = Object.entries({ size, latent, rank, steps, batch, rate, optimizer });
  return [shown.flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`])).join(", ")];
}

/** The command that makes these runs, with a stand-in for the data's folder. */
export function commandOf({ experiment: { name, data, reading }, scale, runs }: Outcome): string {
  const config = runs[0]?.config;
  const seeds = new Set(runs.map(({ seed }) => seed)).size;
  return [
    `npx hestenes reproduce ${name}`,
    ...(experiments.get(wholeName(name))?.data[0] === data ? [] : [`--data ${data}`]),
    ...(datasetNamed(data).files === "none" ? [] : [`--path FOLDER`]),
    ...(scale === "quick" ? [] : [`--scale ${scale}`]),
    ...(reading === undefined ? [] : [`--reading ${reading}`]),
    `--seeds ${seeds}`,
    ...(config && config.steps !== (runs[0]!.row.config.steps ?? stepsAt(scale, data))
      ? [`--steps ${config.steps}`]
      : []),
    ...(config && config.size !== datasetNamed(data).presets[scale].size ? [`--size ${config.size}`] : []),
  ].join(" ");
}

/** Why the rows can not be ranked by these runs; undefined where there are seeds enough and all of the scale's steps. */
export function cautionOf(outcome: Outcome): string | undefined {
  const { experiment, scale, runs, complete } = outcome;
  if (runs.length === 0) return undefined;
  const [seeds] = seedsOf(outcome);
  const steps = Math.min(...runs.map(({ config }) => config.steps));
  const full = Math.min(
    stepsAt(scale, experiment.data),
    ...experiment.rows.flatMap(({ config }) => config.steps ?? []),
  );
  const reasons = [
    ...(complete ? [] : ["a part of the runs"]),
    ...(seeds < enoughSeeds ? [seedWords(outcome)] : []),
    ...(steps < full ? [`${steps} of the scale's ${full} steps`] : []),
  ];
  return reasons.length === 0 ? undefined : `${reasons.join(" and ")} can not rank the models`;
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
  if (experiment.isScatter) {
    const words = found("roundness").map((cell) => `${cell.label} ${oursOf(cell)}`);
    return `Of the latent space, ${metricTitles.roundness}: ${words.join(", ")}.${caution ? ` Not a finding: ${caution}.` : ""}`;
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
  const counts = rows.map(({ label }) => runs.filter(({ row }) => row.label === label).length);
  return [Math.min(...counts), Math.max(...counts)];
}

function seedWords(outcome: Outcome): string {
  const [least, most] = seedsOf(outcome);
  return `${least === most ? "" : `${least} or `}${counted(most, "seed")}`;
}
