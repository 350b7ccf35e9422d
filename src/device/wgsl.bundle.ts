const files = import.meta.glob<string>("../../shaders/**/*.wgsl", {
  query: "?raw",
  import: "default",
  eager: true,
});

/** The text of `shaders/<name>.wgsl`. */
export function wgsl(name: string): string {
  const text = files[`../../shaders/${name}.wgsl`];
  if (text === undefined) throw new Error(`shaders/${name}.wgsl is not in the bundle`);
  return text;
}
