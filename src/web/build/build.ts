import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { Command } from "commander";
import { build } from "vite";
import { libraryConfig, modulesConfig, writeDeclarations, writeNodeModules } from "./library.ts";
import { isLoadedLater, siteConfig } from "./site.ts";
import { pageSizes } from "./sizes.ts";

/** `npm run build [-- FOLDER]`: the pages, the library for pages and bundlers with its declarations, and for Node. */
const program = new Command("npm run build --")
  .description("Make the pages for any web server, and the library for pages, bundlers and Node.")
  .argument("[folder]", "where to, in place of all that is there", "dist")
  .parse();
const [folder] = program.processedArgs as [string];
const out = resolve(folder);
for (const config of [siteConfig(out), libraryConfig(out), modulesConfig(join(out, "modules"))])
  await build({ ...config, logLevel: "warn" });
writeDeclarations(join(out, "types"));
writeNodeModules(join(out, "node"));

const say = (name: string, bytes: number) =>
  console.log(`${name.padEnd(16)} ${(bytes / 1000).toFixed(0)} kB gzipped`);
console.log("\nWith all that they load at first:");
for (const { page, gzipped } of pageSizes(out, isLoadedLater)) say(page, gzipped);
say("hestenes.js", gzipSync(readFileSync(join(out, "hestenes.js"))).length);
