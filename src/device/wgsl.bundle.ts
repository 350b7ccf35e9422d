/** In a bundle there is no folder to read from: each kernel comes with its texts, see `src/web/build/shaders.ts`. */
export function wgsl(name: string): string {
  throw new Error(`shaders/${name}.wgsl is not in the bundle`);
}
