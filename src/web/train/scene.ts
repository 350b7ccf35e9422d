import type { Dataset } from "../../data/dataset.ts";
import { completeConfig, type Config } from "../../train/config.ts";
import { presetOf, type LoadedChoice } from "./datasets.ts";
import type { Lane } from "./lane.ts";
import type { DataFacts, ModelName, SetUp, Settings } from "./protocol.ts";

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

/** The samples that are looked at, and what the page is told of the data. */
export function viewsOf(choice: LoadedChoice): Pick<Scene, "views" | "facts"> {
  const { test, train } = choice;
  const views = {
    preview: test.take(previewCount),
    test: test.take(testCount),
    shown: train.take(shownCount),
  };
  const facts: DataFacts = {
    name: train.name,
    count: train.count,
    shape: train.shape as [number, number, number],
    range: choice.range,
    preview: views.preview.values(),
    shown: views.shown.values(),
    labels: views.shown.labels,
    centres: views.shown.centres,
  };
  return { views, facts };
}

/** What the page is told of a run. */
export function describe({ facts, settings, lanes }: Scene): SetUp {
  const most = lanes.map(({ config: { latent, batch } }) => Math.min(latent, batch, 32));
  return {
    data: facts,
    settings,
    maxRank: Math.min(...most),
    parameters: lanes.map((lane) => lane.model.arena.parameterCount),
  };
}

/** The configuration of one model, with the defaults of the data's preset. */
export function configOf(settings: Settings, model: ModelName, { train }: LoadedChoice): Config {
  const { rank, beta, seed, batch } = settings;
  const config = completeConfig({ model, data: presetOf[settings.data.kind], rank, beta, seed, batch });
  return { ...config, batch: Math.min(config.batch, train.count) };
}
