import { offered, type PageFacts, type PageFamily } from "../../models/pageModels.ts";
import type { ModelName } from "./protocol.ts";

/** The models that the page offers. */
export const modelNames: readonly ModelName[] = offered.map(({ name }) => name);

/** What the page says of each model. */
export const models = Object.fromEntries(
  offered.map(({ name, title, page }) => [name, { name: title, ...page }]),
) as unknown as Record<ModelName, { name: string } & PageFacts>;

/** What the page calls the kinds of models, in the order in which it offers them. */
export const families: Readonly<Record<PageFamily, string>> = {
  rank: "Few numbers, by rank or by length",
  baseline: "What the VRRAE’s paper compares with",
  likelihood: "By likelihood, and in stages",
  prior: "Matched with a cloud",
};
