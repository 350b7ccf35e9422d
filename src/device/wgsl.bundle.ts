import { KernelError } from "./errors.ts";

/** In a bundle there is no folder to read from: each kernel comes with its texts, see `src/web/build/shaders.ts`. */
export function wgsl(name: string): string {
  throw new KernelError(`there is no kernel ${name}`);
}
