import { readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { z } from "zod";
import { flagOf } from "../../../cli/settingFlags.ts";
import { datasetNamed } from "../../../data/known.ts";
import { modelNamed, modelNames, type ModelName } from "../../../models/known.ts";
import { networkSettings } from "../../../models/settings.ts";
import { experiments, measured, workOf } from "../../../reproduce/experiments.ts";
import { features } from "../../docs/features.ts";
import { diagramOf } from "./diagrams.ts";
import { root } from "./folders.ts";

/** What is made for a page from what the package knows of itself, by the words in a comment of the page. */
const makers: Readonly<Record<string, (argument: string) => string>> = {
  settings: settingsTable,
  "network settings": () => settingRows(networkSettings()),
  experiments: experimentTable,
  diagram: (model) => diagramOf(model as ModelName),
  features: featureTables,
  source: (file) => `\`\`\`${extname(file).slice(1)}\n${readFileSync(join(root, file), "utf8")}\`\`\``,
};

/** A page with tables in the place of its comments `made: WHAT`, or `made: WHAT of NAME`. */
export function made(page: string): string {
  return page.replaceAll(/^<!-- made: ([a-z ]+?)(?: of ([\w./-]+))? -->$/gm, (_, what: string, name = "") => {
    const maker = makers[what];
    if (!maker) throw new Error(`a page asks for ${what}, which nothing makes`);
    return maker(name as string);
  });
}

function table([head, ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|").replaceAll("<", "&lt;")).join(" | ")} |`;
  return [line(head!), line(head!.map(() => "---")), ...rows.map(line)].join("\n");
}

/** What may be given for a setting, in a few words. */
function kindOf(schema: z.ZodType): string {
  if (schema instanceof z.ZodEnum) return schema.options.map((one) => `\`${one}\``).join(", ");
  if (schema instanceof z.ZodBoolean) return "yes or no";
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    const bare = schema.unwrap() as z.ZodType;
    const { value } = schema.meta() ?? {};
    return bare instanceof z.ZodEnum || typeof value !== "string" ? kindOf(bare) : value;
  }
  return "number";
}

function defaultIn(schema: z.ZodType): unknown {
  return schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined;
}

function settingRows(
  settings: Readonly<Record<string, z.ZodType>>,
  own: Readonly<Record<string, unknown>> = {},
): string {
  const preset: Readonly<Record<string, unknown>> = { ...datasetNamed("bumps").presets.quick };
  const rows = Object.entries(settings).map(([name, schema]) => {
    const known = own[name] ?? defaultIn(schema) ?? preset[name];
    return [
      `\`${flagOf(name)}\``,
      schema.meta()?.description ?? "",
      kindOf(schema),
      known === undefined ? "" : `\`${typeof known === "string" ? known : JSON.stringify(known)}\``,
    ];
  });
  return table([["setting", "what it is", "what may be given", "on bumps"], ...rows]);
}

function settingsTable(model: string): string {
  if (!modelNames.includes(model as ModelName)) throw new Error(`there is no model ${model}`);
  const { settings, defaults } = modelNamed(model as ModelName);
  return settingRows(settings(), defaults?.("bumps"));
}

function experimentTable(paper: string): string {
  const rows = [...experiments]
    .filter(([name]) => name.startsWith(`${paper}/`))
    .map(([name, { about }]) => {
      const { networks, steps, minutes } = workOf(name);
      const work = networks === 0 ? "computed" : `${networks} × ${steps} steps`;
      return [
        `\`npx hestenes reproduce ${name}\``,
        about,
        work,
        minutes === undefined ? "" : `${minutes} min`,
      ];
    });
  const others = [...measured]
    .filter(([name]) => name.startsWith(`${paper}/`))
    .map(([name, { about, minutes }]) => [
      ...[`\`npx hestenes reproduce ${name}\``, about, "measured", `${minutes} min`],
    ]);
  if (rows.length === 0) throw new Error(`there is no paper ${paper}`);
  return table([["command", "what", "networks", "on two CPU cores, about"], ...rows, ...others]);
}

function featureTables(): string {
  return Object.entries(features)
    .map(([title, list]) => {
      const code = (name: string | undefined) => (name === undefined ? "" : `\`${name}\``);
      const rows = list.map(({ here, torch, jax, tf }) => [
        here === undefined ? "–" : code(here),
        code(torch),
        code(jax),
        code(tf),
      ]);
      return `## ${title}\n\n${table([["here", "torch", "jax.numpy", "tf"], ...rows])}`;
    })
    .join("\n\n");
}
