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

/** Shaders that are no ops, with what launches and what tests them. */
const others: Record<string, string[]> = {
  accumulate: ["src/tensor/accumulate.ts", "kernels-test/accumulate.test.ts"],
  optimizer: ["src/optim/optimizer.ts", "kernels-test/optim/optimizer.test.ts"],
  optimizerClock: ["src/optim/clock.ts", "kernels-test/optim/schedules.test.ts"],
};

test("an op is one word in four folders; `op.variant.wgsl` belongs to its op", () => {
  for (const shader of new Set(names("shaders", ".wgsl").map((name) => name.split(".")[0]!)))
    for (const file of others[shader] ?? [
      `src/ops/${shader}.ts`,
      `kernels-test/${shader}.test.ts`,
      `bench/${shader}.bench.ts`,
    ])
      expect(existsSync(new URL(file, root)), `${shader}: ${file}`).toBe(true);
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
