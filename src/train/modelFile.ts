import { hasSetting } from "../models/known.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Config } from "./config.ts";

/** Under what name the metadata of a file say which model it holds; `readDescription` reads it. */
export const modelKey = "hestenes";

/** What a `model.safetensors` says of the model in it, for samples of the shape `input`: all that it takes to build it again. */
export function describeFile(config: Config, input: Shape): Record<string, string> {
  const { model, data, seed } = config;
  const own = Object.entries(config).filter(([name]) => hasSetting(model, name));
  return { [modelKey]: JSON.stringify({ model, data, seed, input, settings: Object.fromEntries(own) }) };
}
