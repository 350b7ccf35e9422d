import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import ts from "typescript";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { libraryConfig, writeDeclarations } from "../../src/web/build/library.ts";
import { BuiltSite } from "./site.ts";

const examples = join(import.meta.dirname, "examples");
const root = resolve(import.meta.dirname, "..", "..");
const slow = { timeout: 120_000 };

/** A folder like that of someone who uses the package: `hestenes` is installed, with its built files. */
let user: string;
beforeAll(async () => {
  user = mkdtempSync(join(tmpdir(), "hestenes-user-"));
  const installed = join(user, "node_modules", "hestenes");
  mkdirSync(installed, { recursive: true });
  cpSync(join(root, "package.json"), join(installed, "package.json"));
  await build({ ...libraryConfig(join(installed, "dist")), logLevel: "error" });
  writeDeclarations(join(installed, "dist", "types"));
  symlinkSync(join(root, "node_modules", "zod"), join(user, "node_modules", "zod"));
  cpSync(examples, user, { recursive: true });
}, 120_000);
afterAll(() => rmSync(user, { recursive: true }));

/** The user's folder with `index.html`, as the site that Vite makes of it. */
async function openUserSite(index: string): Promise<BuiltSite> {
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
    await tab.getByText("7.0000: 1.00 0.00 0.00 0.00 1.00 0.00").waitFor({ timeout: 60_000 });
    expect(wrong).toEqual([]);
  } finally {
    await site.close();
  }
});

test("the example for a plain script gives the singular values", slow, async () => {
  const site = await openUserSite("");
  try {
    cpSync(join(examples, "plain.html"), join(site.folder, "plain.html"));
    cpSync(join(user, "node_modules", "hestenes", "dist", "hestenes.js"), join(site.folder, "hestenes.js"));
    const { tab, wrong } = await site.visit("plain.html");
    await tab.getByText("4 and 3").waitFor({ timeout: 60_000 });
    expect(wrong).toEqual([]);
  } finally {
    await site.close();
  }
});

test("the declarations fit the examples, and refuse what is wrong", slow, () => {
  const problems = (text: string) => {
    const file = join(user, "checked.ts");
    writeFileSync(file, text);
    const program = ts.createProgram([file], {
      target: ts.ScriptTarget.ES2023,
      lib: ["lib.es2023.d.ts", "lib.dom.d.ts", "lib.esnext.disposable.d.ts"],
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      types: [],
      strict: true,
      noEmit: true,
    });
    return ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
  };
  const text = readFileSync(join(examples, "bundled.ts"), "utf8");
  expect(problems(text)).toEqual([]);
  expect(problems(text.replace("svd(a).S", "svd(a).Sigma")).join()).toMatch(/Sigma/);
  expect(problems(`import { data } from "hestenes"; data.loadFolder;`).join()).toMatch(/loadFolder/);
});

test("both examples have less than 30 lines", () => {
  for (const name of ["plain.html", "bundled.ts"])
    expect(readFileSync(join(examples, name), "utf8").split("\n").length).toBeLessThan(30);
});
