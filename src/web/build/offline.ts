import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

/** The service worker's file; its name must stay, and its bytes change with every version. */
export const workerFile = "offline.js";

/** Tells the service worker which files make up the site: those of the bundle and the public ones, but for those left out. */
export function offline(isLeftOut: (file: string) => boolean): Plugin {
  let publicDir = "";
  return {
    name: "hestenes:offline",
    apply: "build",
    enforce: "post",
    configResolved: (config) => {
      publicDir = config.publicDir;
    },
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const worker = bundle[workerFile];
        if (worker?.type !== "chunk") throw new Error(`the bundle has no ${workerFile}`);
        const contents = new Map<string, string | Uint8Array>();
        for (const file of Object.values(bundle))
          contents.set(file.fileName, file.type === "chunk" ? file.code : file.source);
        for (const file of readdirSync(publicDir)) contents.set(file, readFileSync(join(publicDir, file)));
        const hash = createHash("sha256");
        for (const content of contents.values()) hash.update(content);
        const files = [...contents.keys()].filter((file) => file !== workerFile && !isLeftOut(file));
        const site = { version: hash.digest("hex").slice(0, 16), files };
        worker.code = `const SITE = ${JSON.stringify(site)};\n${worker.code}`;
      },
    },
  };
}
