import { resolve } from "node:path";
import { writeNodeModules } from "./library.ts";

/** `npm install` in a copy of the repository makes what `import "hestenes"` finds in Node: JavaScript, in `dist/node`. */
if (process.env.npm_command !== "pack" && process.env.npm_command !== "publish")
  // these have built it by `prepack`
  writeNodeModules(resolve(import.meta.dirname, "..", "..", "..", "dist", "node"));
