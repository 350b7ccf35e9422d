import { readFileSync } from "node:fs";
import { join, resolve, sep } from "node:path";
import type { InlineConfig } from "vite";
import { frame, pages } from "./frame.ts";
import { offline, workerFile } from "./offline.ts";
import { recordingFile } from "../train/recording.ts";
import { forPages, onwarn } from "./page.ts";

const web = resolve(import.meta.dirname, "..");
const root = resolve(web, "..", "..");

/** The folder of what the benchmark loads to compare with: no page needs it to begin. */
const peers = "assets/peers/";

/** Whether a file of the built site, by its name in the site's folder, belongs to the benchmark's peers. */
export function isOfPeers(file: string): boolean {
  return file.split(sep).join("/").startsWith(peers);
}

/** The folder of what workers load when something is asked for that few visitors ask for. */
const later = "assets/later/";

/** Whether a page does without a file of the built site, by its name in the site's folder, until something is asked for. */
export function isLoadedLater(file: string): boolean {
  return isOfPeers(file) || file.split(sep).join("/").startsWith(later);
}

/** How Vite serves and builds the pages: relative addresses, so that any folder of any web server will do. */
export function siteConfig(outDir: string): InlineConfig {
  const input = Object.fromEntries(pages.map(({ file }) => [file.replace(".html", ""), join(web, file)]));
  return {
    configFile: false,
    root: web,
    base: "./",
    define: { VERSIONS: JSON.stringify(versions()) },
    ...forPages,
    plugins: [...forPages.plugins, frame(), offline((file) => isOfPeers(file) || file === recordingFile)],
    worker: {
      format: "es",
      plugins: () => forPages.plugins,
      rollupOptions: {
        output: {
          chunkFileNames: ({ moduleIds, isDynamicEntry }) =>
            `${moduleIds.every(isPeer) ? peers : isDynamicEntry ? later : "assets/"}[name]-[hash].js`,
        },
      },
    },
    build: {
      target: "esnext",
      outDir,
      emptyOutDir: true,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 1000,
      rollupOptions: {
        onwarn,
        input: { ...input, offline: join(web, "offline", "worker.ts") },
        output: {
          entryFileNames: ({ name }) => (name === "offline" ? workerFile : "assets/[name]-[hash].js"),
        },
      },
    },
  };
}

/** The versions of what the benchmark measures, as they are installed. */
function versions(): Record<string, string> {
  const folders = ["", "node_modules/@tensorflow/tfjs", "node_modules/@jax-js/jax"];
  const read = (folder: string) =>
    JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as { name: string; version: string };
  return Object.fromEntries(folders.map(read).map(({ name, version }) => [name, version]));
}

/** Whether a module comes from another package, or from what measures one. */
function isPeer(id: string): boolean {
  return (
    !id.startsWith(root) ||
    id.startsWith(join(root, "node_modules")) ||
    id.startsWith(join(root, "bench", "peers"))
  );
}
