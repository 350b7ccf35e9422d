import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import * as hestenes from "../src/index.ts";
import { modelNames } from "../src/models/known.ts";
import { features } from "../src/web/docs/features.ts";

const all = Object.values(features).flat();
const exported = hestenes as unknown as Readonly<Record<string, unknown>>;

test("each function that the table of features names is exported", () => {
  const missing = all.filter(({ here }) => here !== undefined && typeof exported[here] !== "function");
  expect(missing).toEqual([]);
});

test("what the table says is missing is not there by that name, and no function comes twice", () => {
  const names = all.flatMap(({ here }) => here ?? []);
  expect(new Set(names).size).toBe(names.length);
  for (const { here, torch, jax, tf } of all) {
    expect(torch ?? jax ?? tf, String(here)).toBeDefined();
    if (here !== undefined) continue;
    const last = (torch ?? jax ?? tf)!.split(".").at(-1)!.replace(/\(.*/, "");
    const camel = last.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    expect(exported[camel], `${last} is said to be missing`).toBeUndefined();
  }
});

const source = resolve(import.meta.dirname, "..", "src");
const read = (name: string) => readFileSync(join(source, name), "utf8");
const page = (name: string) => read(`web/docs/${name}.md`);

test("each message that has a heading is one of the package's", () => {
  const sources = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  const all = sources.map(read).join("\n");
  const headings = [...page("troubleshooting").matchAll(/^### `(.*)`$/gm)].map(([, text]) => text!);
  expect(headings.length).toBeGreaterThan(15);
  for (const part of headings.flatMap((text) => text.split("…")))
    expect(all.includes(part.trim()), `"${part}" is in an error`).toBe(true);
});

test("each model has its section, with formula, drawing, command and settings", () => {
  const pages = ["models-rank", "models-likelihood", "models-prior"].map(page).join("\n");
  const sections = new Map(pages.split(/^## /m).map((text) => [/\{#([\w-]+)\}/.exec(text)?.[1], text]));
  for (const name of modelNames) {
    const section = sections.get(name) ?? "";
    const wanted = [
      "$$",
      `<!-- made: diagram of ${name} -->`,
      `--model ${name}`,
      `<!-- made: settings of ${name} -->`,
    ];
    for (const part of wanted) expect(section.includes(part), `${name}: ${part}`).toBe(true);
    for (const part of ["What it is for.", "When it fails."]) expect(section, name).toContain(part);
  }
});
