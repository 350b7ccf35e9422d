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

const root = resolve(import.meta.dirname, "..", "..");
const slow = { timeout: 120_000 };

/** The README's examples of use in a page: the code between its fences. */
const readme = readFileSync(join(root, "README.md"), "utf8");
const section = readme.split("### In a page")[1]!;
const [bundled, plain] = ["ts", "html"].map(
  (language) => section.split(`\`\`\`${language}\n`)[1]!.split("```")[0]!,
);

interface Manifest {
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
}

/** The README's example of an operation with a kernel from outside of the package. */
const ownKernel = readme.split("## A kernel of your own")[1]!.split("```ts\n")[1]!.split("```")[0]!;

/** The README's examples of `train` with all that it can do, and of a loop without it. */
const [trained, ownLoop] = readme
  .split("## Training, saving, going on")[1]!
  .split("```ts\n")
  .slice(1)
  .map((part) => part.split("```")[0]!);

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
  symlinkSync(join(root, "shaders"), join(installed, "shaders"));
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
  writeFileSync(join(user, "bundled.ts"), bundled!);
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
      writeFileSync(join(site.folder, "plain.html"), plain!);
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

/** What TypeScript says against the user's `files`, each with its text. */
function problemsOf(files: Record<string, string>, options: ts.CompilerOptions): [string, string][] {
  for (const [file, text] of Object.entries(files)) writeFileSync(join(user, file), text);
  const program = ts.createProgram(
    Object.keys(files).map((file) => join(user, file)),
    {
      target: ts.ScriptTarget.ES2023,
      lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.esnext.disposable.d.ts"],
      skipDefaultLibCheck: true,
      strict: true,
      noEmit: true,
      ...options,
    },
  );
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => [
      basename(file?.fileName ?? ""),
      ts.flattenDiagnosticMessageText(messageText, "\n"),
    ]);
}

test("the declarations for pages fit the examples, and refuse what is wrong", slow, () => {
  const problems = problemsOf(
    {
      "bundled.ts": bundled!,
      "misspelt.ts": bundled!.replace("svd(a).S", "svd(a).Sigma"),
      "node.ts": `import { data } from "hestenes"; data.loadFolder;`,
    },
    { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, types: [] },
  );
  expect(problems).toEqual([
    ["misspelt.ts", expect.stringMatching(/Sigma/)],
    ["node.ts", expect.stringMatching(/loadFolder/)],
  ]);
});

/** The README's example of use in Node, and what it says that it prints. */
const inNode = readme.split("## As a library")[1]!.split("```ts\n")[1]!.split("```")[0]!;

test("the declarations for Node fit its example, and refuse what is wrong", slow, () => {
  const problems = problemsOf(
    {
      "example.mts": inNode,
      "own.mts": ownKernel,
      "trained.mts": trained!,
      "loop.mts": ownLoop!,
      "folder.mts": `import { data } from "hestenes"; await data.loadFolder("pictures", { size: 32 });`,
      "wrong.mts": inNode.replace("rank: 2", "rnk: 2"),
    },
    { module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16, types: ["node"] },
  );
  expect(problems).toEqual([["wrong.mts", expect.stringMatching(/rnk/)]]);
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
  expect(links.length).toBeGreaterThan(50);
  for (const link of links) {
    expect(existsSync(join(root, link)), link).toBe(true);
    expect(come(link), `${link} is in the package`).toBe(true);
  }
});

test("the examples of training run, and leave the files that they name", slow, () => {
  for (const [example, printed, files] of [
    [trained!, "40 4\n", ["model.safetensors", "run/checkpoint/state.json"]],
    [trained!, "40 0\n", []], // the run is over, and goes on from its end
    [ownLoop!, "true\n", ["classifier.safetensors"]],
  ] as const) {
    const program = ts.transpile(example, { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext });
    writeFileSync(join(user, "trained.mjs"), program);
    expect(execFileSync(process.execPath, ["trained.mjs"], { cwd: user, encoding: "utf8" })).toBe(printed);
    for (const file of files) expect(existsSync(join(user, file)), file).toBe(true);
  }
});

test("an operation with a kernel of one's own is checked, in Node and in a bundle", slow, async () => {
  writeFileSync(
    join(user, "own.mjs"),
    ts.transpile(ownKernel, { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext }),
  );
  const printed = execFileSync(process.execPath, ["own.mjs"], { cwd: user, encoding: "utf8" });
  expect(printed).toMatch(/^true\n-1.5 -?0 0 0 0.25 2.5$/m);

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
  for (const example of [bundled!, plain!]) expect(example.split("\n").length).toBeLessThan(30);
  expect(ownKernel.split("\n").length).toBeLessThan(50);
});

test("a bundle has the kernels that its code can launch, and no models", slow, async () => {
  const use = (names: string) => bundleOf(`import { ${names} } from "hestenes"; console.log(${names});`);
  const [small, whole] = [await use("openDevice, svd"), await use("openDevice, models, train")];
  const size = gzipSync(small).length;
  console.log(`openDevice and svd: ${(size / 1000).toFixed(1)} kB gzipped`);
  expect(size).toBeLessThan(34_000);
  const claimed = Number(/this one is (\d+) kB gzipped/.exec(section)![1]);
  expect(Math.abs(gzipSync(await bundleOf(bundled!)).length / 1000 - claimed)).toBeLessThan(1.5);
  expect(small).toMatch(/fn orient\(/);
  for (const absent of ["convTranspose2d", "softplus of", "ZodError"]) expect(small).not.toContain(absent);
  expect(whole).toContain("convTranspose2d");
  const all = gzipSync(await bundleOf(`import * as all from "hestenes"; console.log(all);`)).length;
  console.log(`everything: ${(all / 1000).toFixed(1)} kB gzipped`);
  expect(all).toBeLessThan(225_000);
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
