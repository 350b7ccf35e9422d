import type { Dataset } from "../../data/dataset.ts";
import { datasetNamed } from "../../data/known.ts";
import { ArgumentError } from "../../device/errors.ts";
import { hasSetting, modelNamed } from "../../models/known.ts";
import { completeConfig, type Config } from "../../train/config.ts";
import { loadChoice, type DataChoice, type LoadedChoice } from "./datasets.ts";
import type { Inferred } from "./infer.ts";
import type { Lane } from "./lane.ts";
import type { Adjustable, DataFacts, ModelName, SetUp, Settings } from "./protocol.ts";

const previewCount = 8;
const testCount = 64;
const shownCount = 256;

/** What one call of `setUp` brought about. */
export interface Scene {
  settings: Settings;
  choice: LoadedChoice;
  facts: DataFacts;
  views: { preview: Dataset; test: Dataset; shown: Dataset };
  lanes: Lane[];
}

function extentOf(data: Dataset): [low: number, high: number] {
  const { min, max } = data.statistics();
  return [min, max];
}

/** The samples that are looked at, and what the page is told of the data. */
export function viewsOf(choice: LoadedChoice): Pick<Scene, "views" | "facts"> {
  const { test, train } = choice;
  const views = {
    preview: test.take(previewCount),
    test: test.take(testCount),
    shown: train.take(shownCount),
  };
  const { range, colormap } = datasetNamed(choice.preset);
  const facts: DataFacts = {
    name: train.name,
    count: train.count,
    shape: train.shape as [number, number, number],
    range: range === "auto" ? extentOf(train) : range,
    colormap,
    preview: views.preview.values(),
    isHeldOut: test !== train,
    labels: views.shown.labels,
    centres: views.shown.centres,
    names: choice.names,
    unused: choice.unused,
  };
  return { views, facts };
}

/** What the page is told of a run. */
export function describe({ facts, settings, lanes }: Scene): SetUp {
  const counts = (name: Adjustable) => settings.models.some((model) => isAdjustable(model, name));
  const ranks = lanes
    .filter(({ config }) => hasSetting(config.model, "rank"))
    .map(({ config: { latent, batch } }) => largestRank(latent, batch));
  return {
    data: facts,
    settings,
    maxRank: Math.min(mostDirections, ...ranks),
    parameters: lanes.map((lane) => lane.model.arena.parameterCount),
    counts: { rank: counts("rank"), latent: counts("latent"), beta: counts("beta") },
    stages: lanes.map(({ trainer }) => trainer.stages.map(({ name }) => name)),
  };
}

/** Whether the visitor's setting of that name makes a difference to `model`: one that has a rank keeps its latent length. */
function isAdjustable(model: ModelName, name: Adjustable): boolean {
  return hasSetting(model, name) && !(name === "latent" && hasSetting(model, "rank"));
}

/** Side of the pictures of a moving spot that are made for a model of a file, at most. */
const largestSpot = 128;

/** More directions than this would not be told apart. */
const mostDirections = 32;
const largestRank = (latent: number, batch: number) => Math.min(latent, batch, mostDirections);

/** The configuration of one model, with the defaults of the data's preset; batch and rank are what the data allow. */
export function configOf(settings: Settings, model: ModelName, { train, preset }: LoadedChoice): Config {
  const { beta, seed } = settings;
  const length = isAdjustable(model, "latent") ? { latent: settings.latent } : {};
  const own = { ...modelNamed(model).page?.settings, ...length };
  const defaults = completeConfig({
    ...own,
    model,
    data: preset,
    beta,
    seed,
    batch: settings.batch,
    rank: 1,
  });
  const { latent } = defaults;
  const batch = Math.min(defaults.batch, train.count);
  const asked = Math.max(1, Math.round(settings.rank));
  const rank = hasSetting(model, "rank") ? Math.min(asked, largestRank(latent, batch)) : asked;
  return { ...defaults, batch, rank };
}

/** The same for a model of a file, which is what it is: the batch is raised to its rank where data allow. */
export function loadedConfigOf(
  settings: Settings,
  choice: LoadedChoice,
  { model, latent, rank, config }: Inferred,
): Config {
  const usual = configOf(settings, model, choice);
  const batch = Math.min(choice.train.count, Math.max(usual.batch, rank));
  return { ...usual, ...config, latent, rank, batch };
}

/** The settings that the page's form shows of a model that comes from a file. */
export function settingsOf(
  { model, config }: Inferred,
  { rank, latent, beta, seed }: Config,
): Partial<Settings> {
  const models = [model];
  if (!config) return { models, rank };
  const isOwn = (name: Adjustable) => isAdjustable(model, name);
  return { models, rank, seed, ...(isOwn("latent") && { latent }), ...(isOwn("beta") && { beta }) };
}

/**
 * The data at hand, as `seed` divides them, if they are of the shape `input`; else bumps of that size.
 *
 * @throws ArgumentError where there are no such bumps.
 */
export async function dataFor(
  input: readonly [H: number, W: number, C: number],
  seed: number,
  { choice, settings }: Scene,
  file: string,
): Promise<{ data: DataChoice; choice: LoadedChoice }> {
  if (choice.train.shape.join() === input.join()) {
    const isDivided = seed === settings.seed;
    return { data: settings.data, choice: isDivided ? choice : await loadChoice(settings.data, seed) };
  }
  const [H, W, C] = input;
  if (H !== W || C !== 1 || H > largestSpot)
    throw new ArgumentError(
      `${file} is a model of pictures of ${input.join(" × ")}; choose such data first, then load it`,
    );
  const data = { kind: "bumps", size: H } as const;
  return { data, choice: await loadChoice(data, seed) };
}
