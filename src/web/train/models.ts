import * as offered from "../../models/pageModels.ts";
import type { ModelName } from "./protocol.ts";

const facts = Object.values(offered);

/** The models that the page offers. */
export const modelNames: readonly ModelName[] = facts.map(({ name }) => name);

/** What the page says of each model. */
export const models = Object.fromEntries(
  facts.map((fact) => [fact.name, { name: fact.title, about: fact.page, isVariational: "prior" in fact }]),
) as Record<ModelName, { name: string; about: string; isVariational: boolean }>;
