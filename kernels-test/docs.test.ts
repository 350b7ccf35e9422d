import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { runInNewContext } from "node:vm";
import { parseAst } from "vite";
import { expect, test } from "vitest";
import * as hestenes from "../src/index.ts";
import { modelNames } from "../src/models/known.ts";
import { anywhere, makeRelative, nowhere } from "../src/web/build/docs/anywhere.ts";
import { features } from "../src/web/docs/features.ts";
import { temporaryFolder } from "./data/files.ts";

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

test("a built site finds itself in any folder", () => {
  const { renderChunk } = anywhere();
  const code = "globalThis.f = (a) => [`" + nowhere + "${a}.js`, '" + nowhere + "', \"x" + nowhere + 'y"];';
  const moved = renderChunk.handler.call({ parse: parseAst }, code, undefined, { dir: "docs" })!.code;
  const inPage = (script: string): unknown => runInNewContext(script, { __base: "/deep/er/" });
  expect(String(inPage(`${moved} f("a")`))).toBe("/deep/er/a.js,/deep/er/,x/deep/er/y");

  const folder = temporaryFolder();
  mkdirSync(join(folder, "assets"));
  const data = `window.__VP_SITE_DATA__=JSON.parse("{\\"base\\":\\"${nowhere}\\"}")`;
  const text = `<html><head></head><body><a href="${nowhere}start.html">x</a><script>${data}</script></body></html>`;
  for (const file of ["index.html", "assets/deep.html"]) writeFileSync(join(folder, file), text);
  writeFileSync(join(folder, "assets", "style.css"), `a { background: url(${nowhere}assets/b.png) }`);
  makeRelative(folder);
  const [top, deep, style] = ["index.html", "assets/deep.html", "assets/style.css"].map((file) =>
    readFileSync(join(folder, file), "utf8"),
  ) as [string, string, string];
  expect([top.includes('href="./start.html"'), deep.includes('href="../start.html"')]).toEqual([true, true]);
  expect(style).toBe("a { background: url(./b.png) }");
  const script = /<script>window\.__VP_SITE_DATA__=(.*?)<\/script>/.exec(deep)![1]!;
  expect(inPage(`(${script}).base`)).toBe("/deep/er/");
});
