import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, posix, relative, resolve } from "node:path";
import type { Plugin } from "vite";
import { requirements } from "../../device/shader.ts";

const folder = resolve(import.meta.dirname, "..", "..", "..", "shaders");

const fileOf = (name: string) => join(folder, `${name}.wgsl`);
/** The module that stands for a kernel's texts; there is no such file. */
const moduleOf = (name: string) => join(folder, `${name}.texts`);

/**
 * Gives each `kernel("x")` and `tiledKernel("x")` of a bundle, as a second argument, the texts of `shaders/x.wgsl`,
 * of its variants `x.*.wgsl` and of what they require. So a bundle has the shaders that its code can launch, and no
 * others. Comments are left out, and spaces that WGSL can do without; lines stay where they are, for
 * the compiler's messages.
 */
export function shaders(): Plugin {
  return {
    name: "hestenes:shaders",
    enforce: "pre",
    resolveId: (id) => (id.startsWith(folder) ? id : undefined),
    load(id) {
      if (!id.startsWith(folder)) return undefined;
      if (id.endsWith(".texts")) return textsOf(relative(folder, id).slice(0, -".texts".length));
      this.addWatchFile(id);
      return `export default ${JSON.stringify(withoutComments(readFileSync(id, "utf8")))};`;
    },
    transform(code, id) {
      if (!id.endsWith(".ts") || id.includes("node_modules")) return undefined;
      const names = new Map<string, string>();
      const text = code.replaceAll(
        /\b(kernel|tiledKernel)\("([\w./]+)"\)/g,
        (call, make: string, name: string) => {
          if (!existsSync(fileOf(name))) return call;
          if (!names.has(name)) names.set(name, `shaderTexts${names.size}`);
          return `${make}("${name}", ${names.get(name)})`;
        },
      );
      const imports = [...names].map(
        ([name, variable]) => `import ${variable} from ${JSON.stringify(moduleOf(name))};`,
      );
      return names.size === 0 ? undefined : { code: [text, ...imports].join("\n"), map: null };
    },
  };
}

/** A module whose default export finds the texts of the kernel `name`, its variants and what they require. */
function textsOf(name: string): string {
  const variants = readdirSync(dirname(fileOf(name)))
    .filter((file) => file.startsWith(`${basename(name)}.`))
    .map((file) => posix.join(posix.dirname(name), basename(file, ".wgsl")));
  const all = new Set(variants);
  for (const file of all)
    for (const required of requirements(readFileSync(fileOf(file), "utf8"))) all.add(required);
  const list = [...all];
  return [
    ...list.map((file, i) => `import text${i} from ${JSON.stringify(fileOf(file))};`),
    `const texts = { ${list.map((file, i) => `${JSON.stringify(file)}: text${i}`).join(", ")} };`,
    `export default (name) => texts[name];`,
  ].join("\n");
}

function withoutComments(code: string): string {
  return code
    .replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, (comment) =>
      comment.startsWith("// requires ") ? comment : comment.replaceAll(/[^\n]/g, ""),
    )
    .replaceAll(/^[ \t]+|[ \t]+$/gm, "")
    .replaceAll(/[ \t]*([,;{}()*])[ \t]*/g, "$1");
}
