import { resolve } from "node:path";
import { build } from "vite";
import { siteConfig } from "./site.ts";

const out = resolve(process.argv[2] ?? "dist");
await build(siteConfig(out));
