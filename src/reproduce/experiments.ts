import { datasetNamed, type DatasetName } from "../data/known.ts";
import { hint } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import type { Experiment, Paper, Reading, Row, Scale } from "./experiment.ts";
import { compared } from "./metrics.ts";
import { fidNote } from "./notes.ts";
import { stepsAt } from "./outcome.ts";
import * as listed from "./papers.ts";

/** Its experiments are shown, and kept in folders, without its name. */
const first: Paper = listed.vrrae;
const papers: readonly Paper[] = [first, ...Object.values<Paper>(listed).filter((one) => one !== first)];

/** Everything that can be asked for, by its whole name. */
export const experiments: ReadonlyMap<string, Paper["experiments"][string] & { paper: Paper }> = new Map(
  papers.flatMap((paper) =>
    Object.entries(paper.experiments).map(
      ([name, one]) => [`${paper.name}/${name}`, { paper, ...one }] as const,
    ),
  ),
);
/** What is measured in another way than by training, by its whole name: what it is about, and the minutes that it takes. */
export const measured: ReadonlyMap<string, { about: string; minutes: number }> = new Map(
  papers.flatMap(({ name, measured = {} }) =>
    Object.entries(measured).map(([what, one]) => [`${name}/${what}`, one] as const),
  ),
);

/** Whole names of all that `name` can mean: several where papers have a table or a figure of one number. */
export function namesakes(name: string): readonly string[] {
  return [...experiments.keys(), ...measured.keys()].filter(
    (whole) => whole === name || whole.endsWith(`/${name}`),
  );
}

/** The whole name of what is asked for, PAPER/EXPERIMENT; without its paper it is the one of that name, or the first paper's. */
export function wholeName(name: string): string {
  if (name.includes("/")) return name;
  const [only, another] = namesakes(name);
  return only !== undefined && another === undefined ? only : `${first.name}/${name}`;
}

/** The name as people are shown it: without the first paper's. */
function shortName(whole: string): string {
  return whole.startsWith(`${first.name}/`) ? whole.slice(first.name.length + 1) : whole;
}

/** The experiment of that name on `data`, or on its first data set, or on all where they belong together. Throws ArgumentError for what there is not. */
export function experimentOf(name: string, data: DatasetName | undefined, scale: Scale): Experiment {
  const whole = wholeName(name);
  const found = experiments.get(whole);
  if (!found) {
    const all = [...experiments.keys(), ...measured.keys()].map(shortName);
    throw new ArgumentError(`no experiment "${name}"${hint(name, all)}; there are ${all.join(", ")}`);
  }
  const chosen = data ?? found.data[0]!;
  if (!found.data.includes(chosen))
    throw new ArgumentError(`${name} is not for ${chosen}; it takes ${found.data.join(", ")}`);
  const built = found.build(chosen, scale);
  const rows =
    found.together && data === undefined
      ? found.data.flatMap((one) => rowsOn(one, found.build(one, scale)))
      : built.rows;
  return { ...built, rows, name: shortName(whole), data: chosen };
}

/** The rows of an experiment on a data set as those of one on several. */
function rowsOn(data: DatasetName, { rows }: Pick<Experiment, "rows">): Row[] {
  const named = (label: string) => `${datasetNamed(data).title}: ${label}`;
  return rows.map(({ label, trained, config, series = label, ...row }) => ({
    ...row,
    ...(trained === undefined ? {} : { trained: named(trained) }),
    ...{ label: named(label), series, config: { ...config, data } },
  }));
}

/** Steps of training a second where an experiment has no minutes of its own, on two CPU cores with lavapipe: those of the page on performance. */
const pace: Partial<Record<DatasetName, number>> = { bumps: 13, mnist: 6.8 };

/** What an experiment is at the quick scale, on its first data set: networks for one seed, steps of each, minutes of all. */
export function workOf(name: string): { networks: number; steps: number; minutes: number | undefined } {
  const { rows, data } = experimentOf(name, undefined, "quick");
  const measured = experiments.get(wholeName(name))!.minutes;
  const networks = rows.filter(({ compute, trained }) => !compute && trained === undefined);
  const steps = networks.map(({ config }) => config.steps ?? stepsAt("quick", data));
  const all = steps.reduce((sum, one) => sum + one, 0);
  const paced = pace[data];
  return {
    networks: networks.length,
    steps: Math.max(0, ...steps),
    minutes: measured ?? (paced === undefined ? undefined : Math.ceil(all / paced / 60)),
  };
}

/** The experiment as its paper's text or code has it. Throws ArgumentError where the two do not disagree. */
export function withReading(experiment: Experiment, reading: Reading): Experiment {
  const { paper } = experiments.get(wholeName(experiment.name))!;
  if (!paper.withReading)
    throw new ArgumentError(`text and code of ${paper.name} do not disagree on ${experiment.name}`);
  return paper.withReading(experiment, reading);
}

/** The experiment with columns for the FID. Throws ArgumentError where it compares no images. */
export function withFid(experiment: Experiment): Experiment {
  const { name, metrics, notes } = experiment;
  const own = metrics.flatMap((metric) => (compared(metric)?.by === "Fd" ? [compared(metric)!.column] : []));
  if (own.length === 0)
    throw new ArgumentError(`${name} compares no images, so that it has no use for Inception weights`);
  const last = metrics.findLastIndex((metric) => compared(metric)?.by === "Fd") + 1;
  const added = own.map((column) => `${column}Fid` as const);
  return {
    ...experiment,
    metrics: [...metrics.slice(0, last), ...added, ...metrics.slice(last)],
    notes: [fidNote, ...notes],
  };
}
