import { readFileSync } from "node:fs";
import { KernelError } from "./errors.ts";

const folder = new URL("../../shaders/", import.meta.url);

/** The text of `shaders/<name>.wgsl`. */
export function wgsl(name: string): string {
  try {
    return readFileSync(new URL(`${name}.wgsl`, folder), "utf8");
  } catch (cause) {
    throw new KernelError(`there is no kernel ${name}: shaders/${name}.wgsl cannot be read`, { cause });
  }
}
