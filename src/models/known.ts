import { hint } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import * as catalogue from "./catalogue.ts";
import type { ModelDescriptor, Settings } from "./descriptor.ts";
import type { PageFacts } from "./pageModels.ts";
import { networkSettings } from "./settings.ts";

type Known = (typeof catalogue)[keyof typeof catalogue];
export type ModelName = Known["name"];
/** The models that the pages offer. */
export type PageModel = Extract<Known, { page?: PageFacts | undefined }>["name"];

/** All settings of all models. */
export type ModelSettings = Both<ReturnType<Known["settings"]>> & ReturnType<typeof networkSettings>;
type Both<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? Extract<All, Settings>
  : never;

/** A descriptor whose `build` takes its settings from among those of all models. */
type AnyModel = Omit<ModelDescriptor<ModelName, ModelSettings>, "settings"> &
  Pick<ModelDescriptor, "settings">;

const all = (Object.values(catalogue) as unknown as AnyModel[]).sort((a, b) => (a.name < b.name ? -1 : 1));
const byName = new Map(all.map((model) => [model.name, model]));

/** The models that the pages offer, with what they say of each. */
export const pageModels = all.filter((model) => model.page !== undefined) as readonly (AnyModel & {
  name: PageModel;
  page: PageFacts;
})[];

export const modelNames = all.map(({ name }) => name) as [ModelName, ...ModelName[]];

/** What is known of the model of that name. Throws ArgumentError for a name that none has. */
export function modelNamed(name: ModelName): AnyModel {
  const found = byName.get(name);
  if (!found)
    throw new ArgumentError(
      `no model is called ${name}${hint(name, modelNames)}; there are ${modelNames.join(", ")}`,
    );
  return found;
}

const settingsOf = new Map(all.map(({ name, settings }) => [name, { ...settings(), ...networkSettings() }]));

/** What may be given for each setting that a model has. */
export const modelSettings = Object.assign({}, ...settingsOf.values()) as ModelSettings;

/** Whether the model has a setting of that name. */
export function hasSetting(model: ModelName, name: string): boolean {
  return Object.hasOwn(settingsOf.get(modelNamed(model).name)!, name);
}

const partTitles = new Map(all.flatMap(({ parts = {} }) => Object.entries(parts)));

/** What people are shown for the part of a loss that files call `name`. */
export function partTitle(name: string): string {
  return partTitles.get(name) ?? name;
}
