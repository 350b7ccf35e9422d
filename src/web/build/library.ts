import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix, relative, resolve, sep } from "node:path";
import ts from "typescript";
import type { InlineConfig } from "vite";
import { forPages, onwarn } from "./page.ts";

const root = resolve(import.meta.dirname, "..", "..", "..");
const entry = join(root, "src", "index.ts");

/** What threads run in Node, which nothing imports. */
const threads = [join(root, "src", "data", "picture-thread.node.ts")];

const common = {
  configFile: false,
  root,
  publicDir: false,
  ...forPages,
} satisfies InlineConfig;

/** How Vite builds the package as one file for pages, `hestenes.js`, with everything in it that it needs. */
export function libraryConfig(outDir: string): InlineConfig {
  return {
    ...common,
    build: {
      target: "esnext",
      outDir,
      emptyOutDir: false,
      sourcemap: true,
      lib: { entry, formats: ["es"], fileName: () => "hestenes.js" },
      rollupOptions: { onwarn },
    },
  };
}

/**
 * How Vite builds the package for bundlers: one module for each source file, so that they leave out what a program
 * does not use. Other packages stay imports.
 */
export function modulesConfig(outDir: string): InlineConfig {
  return {
    ...common,
    build: {
      target: "esnext",
      outDir,
      sourcemap: true,
      minify: false,
      lib: { entry, formats: ["es"] },
      rollupOptions: {
        onwarn,
        external: /^[\w@]/,
        output: { preserveModules: true, preserveModulesRoot: "src", entryFileNames: "[name].js" },
      },
    },
  };
}

/** What the names of package.json's `imports` stand for in a page, and in Node. */
const sides = {
  browser: {
    "#gpu": "device/gpu.browser",
    "#wgsl": "device/wgsl.bundle",
    "#data": "data/index.browser",
    "#save": "train/save",
  },
  node: {
    "#gpu": "device/gpu.node",
    "#wgsl": "device/wgsl.node",
    "#data": "data/index.node",
    "#save": "runs/save.node",
  },
} as const;

/** Writes the declarations of the package's exports in a page to `outDir`. Throws where TypeScript finds a mistake. */
export function writeDeclarations(outDir: string): void {
  emit("browser", outDir, { emitDeclarationOnly: true });
}

/**
 * Writes the package as Node runs it, as modules of JavaScript with their declarations, to `outDir`: a folder two below
 * that of the package. Throws where TypeScript finds a mistake.
 */
export function writeNodeModules(outDir: string): void {
  emit("node", outDir, { sourceMap: true, inlineSources: true });
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const folder = join(root, "shaders");
  const texts = Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".wgsl"))
      .map((file) => [
        file.slice(0, -".wgsl".length).split(sep).join("/"),
        readFileSync(join(folder, file), "utf8"),
      ]),
  );
  // What the sources read from files lies in the modules, so that they may be bundled.
  const modules = {
    "version.node.js": `export const version = ${JSON.stringify(version)};`,
    "wgsl.node.js": `const texts = ${JSON.stringify(texts)};
export function wgsl(name) {
  if (!Object.hasOwn(texts, name)) throw new Error(\`there is no shader \${name}\`);
  return texts[name];
}`,
  };
  for (const [name, text] of Object.entries(modules)) {
    writeFileSync(join(outDir, "device", name), `${text}\n`);
    rmSync(join(outDir, "device", `${name}.map`), { force: true });
  }
}

/** What the declarations need of TypeScript, whatever a user's configuration has. */
const libraries = `/// <reference lib="dom" />
/// <reference lib="esnext.disposable" />
`;

/** The declarations for TypeScript before its version 6, whose DOM has no WebGPU. */
const beforeVersion6 = `/// <reference types="@webgpu/types" />
export * from "./index.js";
`;

function emit(side: keyof typeof sides, outDir: string, how: ts.CompilerOptions): void {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(
    {
      ...config.compilerOptions,
      noEmit: false,
      declaration: true,
      rewriteRelativeImportExtensions: true,
      customConditions: side === "browser" ? ["bundle"] : [],
      rootDir: join(root, "src"),
      outDir,
    },
    root,
  );
  const program = ts.createProgram(side === "node" ? [entry, ...threads] : [entry], { ...options, ...how });
  const write = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true });
    const folder = relative(outDir, dirname(path)).split(sep).join("/");
    const published = path.endsWith(".map") ? text : forPublication(text, folder, sides[side]);
    const isEntry = path === join(outDir, "index.d.ts");
    writeFileSync(path, isEntry ? libraries + published : published);
    if (isEntry) writeFileSync(join(outDir, "index.ts5.d.ts"), beforeVersion6);
  };
  const { diagnostics } = program.emit(undefined, write);
  const problems = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (problems.length > 0) {
    const host = {
      getCanonicalFileName: (name: string) => name,
      getCurrentDirectory: () => root,
      getNewLine: () => "\n",
    };
    throw new Error(ts.formatDiagnostics(problems, host));
  }
}

/** Files name those that they import as they are published: `.js`, and no `#` names; what lies beside `src`, one folder up. */
function forPublication(text: string, folder: string, side: Readonly<Record<string, string>>): string {
  return text
    .replaceAll(/(["'])(#\w+)\1/g, (whole, quote: string, name: string) => {
      const target = side[name];
      if (target === undefined) return whole;
      const path = posix.relative(folder, target);
      return `${quote}${path.startsWith(".") ? path : `./${path}`}.js${quote}`;
    })
    .replaceAll(/((?:from|import\(|module) ?["']\.[^"']*)\.ts(["'])/g, "$1.js$2")
    .replaceAll('new URL("../../', 'new URL("../../../');
}
