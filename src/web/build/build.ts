import { join, resolve } from "node:path";
import { build } from "vite";
import { libraryConfig, writeDeclarations } from "./library.ts";
import { siteConfig } from "./site.ts";

/** `npm run build [FOLDER]`: the pages, the library for pages, and its declarations, in `dist`. */
const out = resolve(process.argv[2] ?? "dist");
await build(siteConfig(out));
await build(libraryConfig(out));
writeDeclarations(join(out, "types"));
