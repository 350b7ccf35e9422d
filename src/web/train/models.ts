import { pageModels } from "../../models/known.ts";
import type { ModelName } from "./protocol.ts";

/** The models that the page offers. */
export const modelNames: readonly ModelName[] = pageModels.map(({ name }) => name);

/** What the page says of each model. */
export const models = Object.fromEntries(
  pageModels.map(({ name, title, page, prior }) => [
    name,
    { name: title, about: page, isVariational: prior === true },
  ]),
) as Record<ModelName, { name: string; about: string; isVariational: boolean }>;
