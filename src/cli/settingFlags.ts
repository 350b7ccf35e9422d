import { Option } from "commander";
import { z } from "zod";
import type { DatasetSetting } from "../data/descriptor.ts";
import { datasetNames, datasetsWith } from "../data/known.ts";
import { modelNamed, modelNames, modelSettings } from "../models/known.ts";
import { dataSettings, modelsWith } from "../train/config.ts";
import { number } from "./usage.ts";

/** `--some-thing`, the flag of the setting `someThing`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** A flag for each setting that some models have, with what it may be and for which models it is. */
export function modelFlags(): Option[] {
  return flags(modelSettings, (name, schema) => [forModels(name), defaultOf(name, schema)]);
}

/** The same for the settings that some data sets have. */
export function dataFlags(): Option[] {
  return flags(dataSettings, (name) => [datasetsWith(name as DatasetSetting).join(", "), ""]);
}

function flags(
  settings: Readonly<Record<string, z.ZodType>>,
  about: (name: string, schema: z.ZodType) => [forWhom: string, byDefault: string],
): Option[] {
  return Object.entries(settings).map(([name, schema]) => {
    const [forWhom, byDefault] = about(name, schema);
    const { description = "", value } = schema.meta() ?? {};
    const bare = bareOf(schema);
    const help = `${forWhom}: ${description}${byDefault}`;
    const flag = flagOf(name);
    if (bare instanceof z.ZodBoolean) return new Option(flag, help);
    const option = new Option(`${flag} <${typeof value === "string" ? value : "value"}>`, help);
    return bare instanceof z.ZodEnum
      ? option.choices(bare.options as string[])
      : option.argParser(number(flag));
  });
}

/** The models that a setting is for, in as few names as it takes. */
export function forModels(name: string): string {
  const models = modelsWith(name);
  const others = modelNames.filter((model) => !models.includes(model));
  if (others.length === 0) return "all models";
  return others.length < models.length ? `all but ${others.join(", ")}` : models.join(", ");
}

/** What is taken where nothing is given, in words; nothing for what depends on the data. */
function defaultOf(name: string, schema: z.ZodType): string {
  const known = schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined;
  if (known === undefined || known === false) return "";
  const others = modelsWith(name).flatMap((model) => {
    const own = (modelNamed(model).defaults?.(datasetNames[0]) as Record<string, unknown> | undefined)?.[
      name
    ];
    return own === undefined ? [] : [`, of ${model} ${JSON.stringify(own)}`];
  });
  return ` (default ${typeof known === "string" ? known : JSON.stringify(known)}${others.join("")})`;
}

function bareOf(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodDefault || schema instanceof z.ZodOptional
    ? bareOf(schema.unwrap() as z.ZodType)
    : schema;
}
