import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import sharp from "sharp";
import ts from "typescript";
import { build, type Rollup } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  libraryConfig,
  modulesConfig,
  writeDeclarations,
  writeNodeModules,
} from "../../src/web/build/library.ts";
import { openDevice } from "../../src/device/device.ts";
import { parseShader, requirements, type Shader } from "../../src/device/shader.ts";
import { minifyWgsl, shortNames } from "../../src/web/build/minifyWgsl.ts";
import { shaderTexts } from "../../src/web/build/shaders.ts";
import { launchChromium } from "../browser/chromium.ts";
import { BuiltSite } from "./site.ts";
import { documents, expectSaid, programsOf, runner, shared, textOf, type Program } from "./snippets.ts";

const root = resolve(import.meta.dirname, "..", "..");
const slow = { timeout: 120_000 };

/** What the documents show: programs, and the page's way without a bundler. */
const programs = documents.flatMap(programsOf);
const readme = textOf("README.md");
const begin = textOf("src/web/docs/start.md");
const plain = begin.split("```html\n")[1]!.split("```")[0]!;

/** The program of that name, which is its page's and its number. */
const programNamed = (name: string) => programs.find((program) => program.name === name)!.code;
/** The examples of use with a bundler, and of an operation with a kernel from outside of the package. */
const [bundled, ownKernel, inNode] = ["start-2", "own-op-1", "README-1"].map(programNamed) as [
  string,
  string,
  string,
];

interface Manifest {
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
}

/** A folder like that of someone who uses the package: `hestenes` is installed, with its built files. */
let user: string;
beforeAll(async () => {
  user = mkdtempSync(join(tmpdir(), "hestenes-user-"));
  const installed = join(user, "node_modules", "hestenes");
  mkdirSync(installed, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
  writeFileSync(join(installed, "package.json"), JSON.stringify(manifest));
  for (const config of [
    libraryConfig(join(installed, "dist")),
    modulesConfig(join(installed, "dist", "modules")),
  ])
    await build({ ...config, logLevel: "error" });
  writeDeclarations(join(installed, "dist", "types"));
  writeNodeModules(join(installed, "dist", "node"));
  for (const name of ["shaders", "src"]) symlinkSync(join(root, name), join(installed, name));
  const { dependencies, optionalDependencies } = manifest;
  for (const name of [...Object.keys({ ...dependencies, ...optionalDependencies }), "@types/node"]) {
    mkdirSync(dirname(join(user, "node_modules", name)), { recursive: true });
    symlinkSync(join(root, "node_modules", name), join(user, "node_modules", name));
  }
}, 400_000);
afterAll(() => rmSync(user, { recursive: true }));

/** What Vite makes of a program of the user's, as one minified file. */
async function bundleOf(program: string): Promise<string> {
  const entry = join(user, "program.ts");
  writeFileSync(entry, program);
  const result = await build({
    configFile: false,
    root: user,
    logLevel: "error",
    build: { write: false, target: "esnext", rollupOptions: { input: entry } },
  });
  return (result as Rollup.RollupOutput).output[0].code;
}

/** The user's folder with `index.html`, as the site that Vite makes of it. */
async function openUserSite(index: string): Promise<BuiltSite> {
  writeFileSync(join(user, "bundled.ts"), bundled);
  writeFileSync(join(user, "index.html"), index);
  return BuiltSite.open((outDir) => ({
    configFile: false,
    root: user,
    build: { outDir, emptyOutDir: true, target: "esnext" },
  }));
}

test("the example for bundlers gives the nuclear norm and its gradient", slow, async () => {
  const site = await openUserSite(
    `<!doctype html><body><script type="module" src="./bundled.ts"></script></body>`,
  );
  try {
    const { tab, wrong } = await site.visit("");
    await tab.getByText("7.0000: 1.00 0.00 0.00 0.00 1.00 0.00").waitFor();
    expect(wrong).toEqual([]);
  } finally {
    await site.close();
  }
});

test(
  "the example for a plain script gives the singular values, or says what to do without WebGPU",
  slow,
  async () => {
    const site = await openUserSite("");
    try {
      writeFileSync(join(site.folder, "plain.html"), plain);
      cpSync(join(user, "node_modules", "hestenes", "dist", "hestenes.js"), join(site.folder, "hestenes.js"));
      const { tab, wrong } = await site.visit("plain.html");
      await tab.getByText("4 and 3").waitFor();
      expect(wrong).toEqual([]);

      const poor = await launchChromium({ webgpu: false });
      const poorTab = await poor.newPage();
      await poorTab.goto(new URL("plain.html", site.url).href);
      await poorTab.getByText(/^No WebGPU adapter was found.*Turn on hardware acceleration/).waitFor();
      await poor.close();
    } finally {
      await site.close();
    }
  },
);

/** What TypeScript says against the user's `files`, each with its text, and all declarations that they bring along. */
function compile(
  files: Record<string, string>,
  options: ts.CompilerOptions,
): { problems: [string, string][]; program: ts.Program } {
  for (const [file, text] of Object.entries(files)) writeFileSync(join(user, file), text);
  const program = ts.createProgram(
    Object.keys(files).map((file) => join(user, file)),
    {
      target: ts.ScriptTarget.ES2023,
      lib: ["lib.es2023.d.ts"],
      skipDefaultLibCheck: true,
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      ...options,
    },
  );
  const problems = ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }): [string, string] => [
      basename(file?.fileName ?? ""),
      ts.flattenDiagnosticMessageText(messageText, "\n"),
    ]);
  return { problems, program };
}

/** Programs as files of the kind that `kind` is the ending of. */
const filesOf = (some: readonly Program[], kind: string) =>
  Object.fromEntries(some.map(({ name, code }) => [`${name}.${kind}`, `${code}\nexport {};\n`]));

test("the declarations for pages fit what is shown for pages, and refuse what is wrong", slow, () => {
  const { problems } = compile(
    {
      ...filesOf(
        programs.filter(({ where }) => where === "page"),
        "ts",
      ),
      "misspelt.ts": bundled.replace("svd(a).S", "svd(a).Sigma"),
      "node.ts": `import { data } from "hestenes"; data.loadFolder;`,
    },
    {
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      customConditions: ["browser"],
      types: [],
    },
  );
  expect(problems).toEqual([
    ["misspelt.ts", expect.stringMatching(/Sigma/)],
    ["node.ts", expect.stringMatching(/loadFolder/)],
  ]);
});

/** Options of what `program` can import from the package that refuse `undefined`, by the functions that take them. */
function strictOptions(program: ts.Program): string[] {
  const checker = program.getTypeChecker();
  const declared = join(user, "node_modules", "hestenes", "dist");
  const found = new Set<string>();
  const seen = new Set<ts.Type>();
  const look = (type: ts.Type, where: string) => {
    if (seen.has(type)) return;
    seen.add(type);
    if (type.isUnionOrIntersection()) type.types.forEach((each) => look(each, where));
    else if (!type.isClass() && checker.getSignaturesOfType(type, ts.SignatureKind.Call).length === 0)
      for (const property of type.getProperties()) {
        const [declaration] = property.declarations ?? [];
        if (!declaration?.getSourceFile().fileName.startsWith(declared)) continue;
        if (property.flags & ts.SymbolFlags.Optional && ts.isPropertySignature(declaration)) {
          const type = checker.getTypeFromTypeNode(declaration.type!); // that of the property has undefined in any case
          if (!checker.isTypeAssignableTo(checker.getUndefinedType(), type))
            found.add(`${where}: ${property.name}`);
        }
        look(checker.getTypeOfSymbol(property), where);
      }
  };
  const walk = (type: ts.Type, name: string, depth: number) => {
    for (const kind of [ts.SignatureKind.Call, ts.SignatureKind.Construct])
      for (const signature of checker.getSignaturesOfType(type, kind))
        for (const parameter of signature.parameters) look(checker.getTypeOfSymbol(parameter), name);
    if (depth > 0)
      for (const property of type.getProperties())
        walk(checker.getTypeOfSymbol(property), `${name}.${property.name}`, depth - 1);
  };
  const entry = checker.getSymbolAtLocation(program.getSourceFile(join(declared, "node", "index.d.ts"))!)!;
  for (const symbol of checker.getExportsOfModule(entry)) {
    const own = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    if (own.flags & ts.SymbolFlags.Value) walk(checker.getTypeOfSymbol(own), symbol.name, 1);
  }
  expect(seen.size).toBeGreaterThan(300);
  return [...found];
}

test(
  "the declarations for Node fit all other programs that are shown, and refuse what is wrong",
  slow,
  () => {
    const { problems, program } = compile(
      {
        ...filesOf(
          programs.filter(({ where, typed }) => typed && where !== "page"),
          "mts",
        ),
        "folder.mts": `import { data } from "hestenes"; await data.loadArray("a.npy", { layout: undefined });`,
        "wrong.mts": inNode.replace("rank: 2", "rnk: 2"),
      },
      { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, types: ["node"] },
    );
    expect(problems).toEqual([["wrong.mts", expect.stringMatching(/rnk/)]]);
    expect(strictOptions(program)).toEqual([]);
  },
);

/** Pictures of several sizes, for programs that read a folder of them. */
async function writePictures(folder: string): Promise<void> {
  mkdirSync(folder);
  const sizes = Array.from({ length: 20 }, (_, i) => ({ width: 40 + i, height: 30 + 2 * i }));
  for (const [i, size] of sizes.entries()) {
    const background = { r: 12 * i, g: 255 - 12 * i, b: 128 };
    await sharp({ create: { ...size, channels: 3, background } }).toFile(join(folder, `${i}.png`));
  }
}

/** What each program printed, or how it failed, all of them run in one process and on one device. */
function printedBy(some: readonly Program[]): { lines: string[]; error?: string; seconds: number }[] {
  const files = some.map(({ name, code }) => {
    const options = { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext };
    const own = ts.transpile(code, options).replaceAll(/from "hestenes"/g, 'from "./shared.mjs"');
    writeFileSync(join(user, `${name}.mjs`), own);
    return `${name}.mjs`;
  });
  writeFileSync(join(user, "shared.mjs"), shared);
  writeFileSync(join(user, "all.mjs"), runner(files));
  const printed = execFileSync(process.execPath, ["all.mjs"], { cwd: user, encoding: "utf8" });
  return JSON.parse(printed.trim().split("\n").at(-1)!) as ReturnType<typeof printedBy>;
}

test("every program that is shown for Node runs, and prints what it says", { timeout: 300_000 }, async () => {
  await writePictures(join(user, "pictures"));
  const some = programs.filter(({ where }) => where === "here");
  expect(some.length).toBeGreaterThan(15);
  for (const [i, { lines, error, seconds }] of printedBy(some).entries()) {
    expect(error, some[i]!.name).toBeUndefined();
    expectSaid(some[i]!, lines);
    if (seconds > 5) console.log(`${some[i]!.name}: ${seconds.toFixed(1)} s`);
  }
  for (const file of ["model.safetensors", "run/checkpoint/state.json", "public/bumps.safetensors"])
    expect(existsSync(join(user, file)), file).toBe(true);
  const resumed = programs.find(({ name }) => name === "tour-3")!;
  expect(printedBy([resumed])[0]!.lines).toEqual(["40 0"]); // the run is over, and goes on from its end
});

test("Node runs the package without a compiler", slow, () => {
  const program = `import { data, openDevice, svd } from "hestenes";
    const device = await openDevice();
    ${inNode.slice(inNode.indexOf("const { U, S, Vt }"))}
    const { sharedObjects } = process.report.getReport();
    console.log(typeof data.loadFolder, sharedObjects.some((file) => file.includes("sharp")));`;
  writeFileSync(join(user, "program.mjs"), program);
  const printed = execFileSync(process.execPath, ["program.mjs"], { cwd: user, encoding: "utf8" });
  const numbers = (text: string) => text.match(/\d+\.\d+/g)!.map((digits) => Number(digits).toFixed(5));
  expect(numbers(printed)).toEqual(numbers(/\/\/ (Float32Array.*)/.exec(program)![1]!));
  expect(printed).toMatch(/\nfunction false\n$/); // what reads pictures is loaded with the first one
});

test(
  "a program for Node may be one file, of either kind of module, or require the package",
  slow,
  async () => {
    const use = `openDevice().then(async (device) => {
    const { S } = svd(device.tensor([3, 0, 0, 4], [2, 2]));
    console.log([...(await S.read())].join());
    device.close();
  });`;
    writeFileSync(join(user, "bundle-me.js"), `import { openDevice, svd } from "hestenes"; ${use}`);
    for (const [format, file] of [
      ["esm", "bundled.mjs"],
      ["cjs", "bundled.cjs"],
    ] as const)
      await esbuild.build({
        entryPoints: [join(user, "bundle-me.js")],
        outfile: join(user, file),
        external: ["webgpu", "sharp"],
        ...{
          bundle: true,
          format,
          platform: "node",
          logLevel: "error",
          logOverride: { "empty-import-meta": "silent" },
        },
      });
    const [major, minor] = process.versions.node.split(".").map(Number) as [number, number];
    const requires = major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);
    if (requires)
      writeFileSync(join(user, "required.cjs"), `const { openDevice, svd } = require("hestenes"); ${use}`);
    rmSync(join(user, "node_modules", "hestenes", "shaders")); // they are in the modules
    for (const file of ["bundled.mjs", "bundled.cjs", ...(requires ? ["required.cjs"] : [])])
      expect(execFileSync(process.execPath, [file], { cwd: user, encoding: "utf8" }), file).toBe("4,3\n");
    symlinkSync(join(root, "shaders"), join(user, "node_modules", "hestenes", "shaders"));
  },
);

test("Bun and Deno run it where they are at hand", slow, () => {
  const program = `import { openDevice, svd } from "hestenes";
    const device = await openDevice();
    console.log([...(await svd(device.tensor([3, 0, 0, 4], [2, 2])).S.read())].join());
    device.close();`;
  writeFileSync(join(user, "elsewhere.mjs"), program);
  writeFileSync(join(user, "package.json"), JSON.stringify({ dependencies: { hestenes: "*" } }));
  for (const [runtime, ...flags] of [["bun"], ["deno", "run", "-A", "--node-modules-dir=manual"]] as const) {
    if (spawnSync(runtime, ["--version"]).status !== 0) continue;
    const printed = execFileSync(runtime, [...flags, "elsewhere.mjs"], { cwd: user, encoding: "utf8" });
    expect(printed, runtime).toBe("4,3\n");
  }
  rmSync(join(user, "package.json"));
});

test("what the README links to comes with the package", () => {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { files: string[] };
  const come = (path: string) =>
    manifest.files.some((file) =>
      file.includes("*")
        ? dirname(path) === dirname(file) && path.endsWith(basename(file).slice(1))
        : path === file || path.startsWith(`${file}/`),
    );
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link]) => link!);
  expect(links.length).toBeGreaterThan(5);
  for (const link of links) {
    expect(existsSync(join(root, link)), link).toBe(true);
    expect(come(link), `${link} is in the package`).toBe(true);
  }
});

test("an operation with a kernel of one's own is checked in a bundle", slow, async () => {
  writeFileSync(join(user, "own.ts"), `${ownKernel}\ndocument.body.append("done");`);
  const site = await openUserSite(
    `<!doctype html><body><script type="module" src="./own.ts"></script></body>`,
  );
  try {
    const { tab, wrong } = await site.visit("");
    await tab.getByText("done").waitFor();
    expect(wrong).toEqual([]);
  } finally {
    await site.close();
  }
});

test("the examples are short", () => {
  for (const example of [bundled, plain, inNode]) expect(example.split("\n").length).toBeLessThan(30);
  expect(ownKernel.split("\n").length).toBeLessThan(50);
});

test("a bundle has the kernels that its code can launch, and no models", slow, async () => {
  const use = (names: string) => bundleOf(`import { ${names} } from "hestenes"; console.log(${names});`);
  const small = await use("openDevice, svd");
  const size = gzipSync(small).length;
  console.log(`openDevice and svd: ${(size / 1000).toFixed(1)} kB gzipped`);
  expect(size).toBeLessThan(34_000);
  const claimed = Number(/this one is (\d+) kB gzipped/.exec(begin)![1]);
  expect(Math.abs(gzipSync(await bundleOf(bundled)).length / 1000 - claimed)).toBeLessThan(1.5);
  expect(small).toMatch(/fn orient\(/);
  for (const absent of ["convTranspose2d", "softplus of", "ZodError"]) expect(small).not.toContain(absent);
  const whole = await bundleOf(`import * as all from "hestenes"; console.log(all);`);
  expect(whole).toContain("convTranspose2d");
  const all = gzipSync(whole).length;
  console.log(`everything: ${(all / 1000).toFixed(1)} kB gzipped`);
  expect(all).toBeLessThan(220_000);
});

test("shaders with short names compile, and give launchers the names that they know", slow, async () => {
  const texts = shaderTexts();
  const short = shortNames(texts);
  expect(short.size).toBeGreaterThan(100);
  using device = await openDevice({ validation: true });
  for (const [name, text] of texts) {
    if (name.startsWith("lib/")) continue;
    const files = [...requirements(text), name].map((file) => texts.get(file)!);
    const code = files.map((file) => minifyWgsl(file, short)).join("\n");
    expect(code.length).toBeLessThan(files.join("\n").length);
    const { messages } = await device.gpu.createShaderModule({ code }).getCompilationInfo();
    expect(messages.map(({ message }) => message).join("\n"), name).toBe("");
    const [served, own] = [code, files.join("\n")].map((each) => parseShader(name, each)) as [Shader, Shader];
    expect({ ...served, code: "" }).toEqual({ ...own, code: "" });
  }
});

test("errors keep their names in a minified bundle", slow, async () => {
  const code = await bundleOf(
    `import { ShapeError, HestenesError } from "hestenes"; globalThis.seen = [new ShapeError("x"), HestenesError];`,
  );
  const seen = (await import(`data:text/javascript,${encodeURIComponent(code)}`).then(
    () => (globalThis as unknown as { seen: unknown[] }).seen,
  )) as [Error, new () => Error];
  expect(String(seen[0])).toBe("ShapeError: x");
  expect(seen[0]).toBeInstanceOf(seen[1]);
});
