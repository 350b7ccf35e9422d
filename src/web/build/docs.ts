import { mkdirSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { build } from "vitepress";
import { makeRelative } from "./docs/anywhere.ts";
import { writeApi } from "./docs/api.ts";
import { pagesFolder, work } from "./docs/folders.ts";
import { writePages } from "./docs/pages.ts";

/** `npm run docs [-- FOLDER]`: the documentation, as files for any folder of any web server. */
const program = new Command("npm run docs --")
  .description("Make the documentation as static files, which work in any folder and without a network.")
  .argument("[folder]", "where to, in place of all that is there", "dist/docs")
  .parse();
const [folder] = program.processedArgs as [string];
const out = resolve(folder);
rmSync(work, { recursive: true, force: true });
mkdirSync(work, { recursive: true });
await writeApi();
writePages();
await build(pagesFolder, { outDir: out });
makeRelative(out);
console.log(`The documentation is in ${out}: open index.html, or put the folder on any web server.`);
