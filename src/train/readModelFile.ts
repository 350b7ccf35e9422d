import { z } from "zod";
import { ArgumentError, DataError } from "../device/errors.ts";
import { datasetNames } from "../data/known.ts";
import type { Safetensors } from "../data/safetensors.ts";
import { hasSetting, modelNames } from "../models/known.ts";
import type { Shape } from "../tensor/shape.ts";
import { completeConfig, type Config } from "./config.ts";
import { modelKey } from "./modelFile.ts";

const schema = z.strictObject({
  model: z.enum(modelNames),
  data: z.enum(datasetNames),
  seed: z.int().min(0).max(0xffffffff),
  input: z.array(z.int().positive()).min(1).max(3),
  settings: z.record(z.string(), z.unknown()),
});

/** Settings that say how long something is in memory. */
const isLength = (name: string) => /^(latent|rank)$|(Width|Units)$/.test(name);

/**
 * The configuration of the model in a file, and the shape of its samples; undefined where the file does not say. The batch
 * is the least that there can be.
 *
 * @throws DataError for metadata that describe no model, or one that is larger than the file.
 */
export function readDescription(
  { metadata, tensors }: Safetensors,
  file: string,
): { config: Config; input: Shape } | undefined {
  const text = metadata[modelKey];
  if (text === undefined) return undefined;
  const { model, data, seed, input, settings } = parse(text, file);
  const longest = Math.max(0, ...[...tensors.values()].flatMap(({ shape }) => shape));
  for (const [name, value] of Object.entries(settings)) {
    if (!hasSetting(model, name)) throw new DataError(file, undefined, `${name} is no setting of ${model}`);
    if (isLength(name) && Number(value) > longest)
      throw new DataError(
        file,
        undefined,
        `it says that ${name} is ${String(value)}, and holds nothing as long`,
      );
  }
  const batch = Math.max(1, Number(settings.rank ?? 1));
  try {
    return { config: completeConfig({ ...settings, model, data, seed, batch }), input };
  } catch (error) {
    if (error instanceof ArgumentError) throw new DataError(file, undefined, error.message);
    throw error;
  }
}

function parse(text: string, file: string): z.output<typeof schema> {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw new DataError(file, undefined, "what it says of its model is no JSON");
  }
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new DataError(file, undefined, `what it says of its model: ${z.prettifyError(parsed.error)}`);
}
