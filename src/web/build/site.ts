import { join, resolve } from "node:path";
import { defaultClientConditions, type InlineConfig } from "vite";

const web = resolve(import.meta.dirname, "..");

/** How Vite serves and builds the pages: relative addresses, so that any folder of any web server will do. */
export function siteConfig(outDir: string): InlineConfig {
  return {
    configFile: false,
    root: web,
    base: "./",
    resolve: { conditions: ["bundle", ...defaultClientConditions] },
    esbuild: { keepNames: true }, // errors are told apart by their classes' names
    worker: { format: "es" },
    build: {
      target: "esnext",
      outDir,
      emptyOutDir: true,
      modulePreload: { polyfill: false },
      rollupOptions: { input: ["index.html", "svd.html", "bench.html"].map((page) => join(web, page)) },
    },
  };
}
