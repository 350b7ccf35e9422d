import { readFileSync } from "node:fs";

const folder = new URL("../../shaders/", import.meta.url);

/** The text of `shaders/<name>.wgsl`. */
export function wgsl(name: string): string {
  return readFileSync(new URL(`${name}.wgsl`, folder), "utf8");
}
