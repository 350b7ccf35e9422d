import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect, test } from "vitest";

const root = new URL("../", import.meta.url);

/** Names without the given ending of the files right in `folder` that have it. */
function names(folder: string, ending: string): string[] {
  return readdirSync(new URL(folder, root))
    .filter((file) => file.endsWith(ending))
    .map((file) => basename(file, ending))
    .sort();
}

/** Shaders that an op of another name launches, each with that op. */
const helpers: Record<string, string> = {};

/** Shaders outside src/ops: what launches them. */
const elsewhere: Record<string, string> = {
  accumulate: "src/tensor/accumulate.ts",
};

test("an op is one word in four folders", () => {
  for (const shader of names("shaders", ".wgsl")) {
    if (helpers[shader]) {
      expect(existsSync(new URL(`src/ops/${helpers[shader]}.ts`, root)), shader).toBe(true);
      continue;
    }
    const launcher = elsewhere[shader] ?? `src/ops/${shader}.ts`;
    for (const file of [launcher, `kernels-test/${shader}.test.ts`, `bench/${shader}.bench.ts`])
      expect(existsSync(new URL(file, root)), file).toBe(true);
  }
});

test("every test and benchmark of an op has its shader or its launcher", () => {
  const shaders = new Set(names("shaders", ".wgsl"));
  const launchers = new Set(names("src/ops", ".ts"));
  for (const op of names("bench", ".bench.ts")) expect(shaders.has(op) || launchers.has(op), op).toBe(true);
});

test("WGSL lives in shaders/ alone", () => {
  for (const op of names("src/ops", ".ts"))
    expect(readFileSync(new URL(`src/ops/${op}.ts`, root), "utf8"), op).not.toMatch(
      /@compute|@workgroup_size/,
    );
});
