import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, posix, relative, resolve, sep } from "node:path";
import type { Plugin } from "vite";
import { requirements } from "../../device/shader.ts";
import { minifyWgsl, shortNames } from "./minifyWgsl.ts";

const folder = resolve(import.meta.dirname, "..", "..", "..", "shaders");

const fileOf = (name: string) => join(folder, `${name}.wgsl`);
/** The module that stands for a kernel's texts; there is no such file. */
const moduleOf = (name: string) => join(folder, `${name}.texts`);

/**
 * Gives each `kernel("x")` and `tiledKernel("x")` of a bundle, as a second argument, the texts of `shaders/x.wgsl`,
 * of its variants `x.*.wgsl` and of what they require. So a bundle has the shaders that its code can launch, and no
 * others. Comments are left out, and in what is built to stay, spaces and long names.
 */
export function shaders(): Plugin {
  let isBuild = false;
  let short: ReadonlyMap<string, string> | undefined;
  return {
    configResolved: ({ command }) => void (isBuild = command === "build"),
    name: "hestenes:shaders",
    enforce: "pre",
    resolveId: (id) => (id.startsWith(folder) ? id : undefined),
    load(id) {
      if (!id.startsWith(folder)) return undefined;
      if (id.endsWith(".texts")) return textsOf(relative(folder, id).slice(0, -".texts".length));
      this.addWatchFile(id);
      const text = withoutComments(readFileSync(id, "utf8"));
      if (isBuild) short ??= shortNames(shaderTexts());
      const served = short ? minifyWgsl(text, short) : text.replaceAll(/^\/\/ requires .*$/gm, "");
      return `export default ${JSON.stringify(served)};`;
    },
    transform(code, id) {
      if (!id.endsWith(".ts") || id.includes("node_modules")) return undefined;
      const names = new Map<string, string>();
      const text = code.replaceAll(
        /\b(kernel|tiledKernel|shader)\("([\w./]+)"\)/g,
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

/** A module whose default export finds the texts of the kernel `name` and its variants, each behind what it requires. */
function textsOf(name: string): string {
  const variants = readdirSync(dirname(fileOf(name)))
    .filter((file) => file.startsWith(`${basename(name)}.`))
    .map((file) => posix.join(posix.dirname(name), basename(file, ".wgsl")));
  const wholes = variants.map((file) => [...requirements(readFileSync(fileOf(file), "utf8")), file]);
  const list = [...new Set(wholes.flat())];
  const textOf = (file: string) => `text${list.indexOf(file)}`;
  const entries = variants.map(
    (file, i) => `${JSON.stringify(file)}: ${wholes[i]!.map(textOf).join(' + "\\n" + ')}`,
  );
  return [
    ...list.map((file) => `import ${textOf(file)} from ${JSON.stringify(fileOf(file))};`),
    `const texts = { ${entries.join(", ")} };`,
    `export default (name) => texts[name];`,
  ].join("\n");
}

/** The texts of all shaders by their names, without comments. */
export function shaderTexts(): ReadonlyMap<string, string> {
  return new Map(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".wgsl"))
      .map((file) => [
        file.slice(0, -".wgsl".length).split(sep).join("/"),
        withoutComments(readFileSync(join(folder, file), "utf8")),
      ]),
  );
}

function withoutComments(code: string): string {
  return code.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, (comment) =>
    comment.startsWith("// requires ") ? comment : comment.replaceAll(/[^\n]/g, ""),
  );
}
