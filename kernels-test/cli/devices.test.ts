import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { temporaryFolder } from "../data/files.ts";
import { run } from "./main.ts";

let cache: string;
beforeEach(() => {
  cache = temporaryFolder();
  vi.stubEnv("XDG_CACHE_HOME", cache);
});
afterEach(() => vi.unstubAllEnvs());

test("devices --tune measures the kernels and keeps the fastest; another --shapes adds to it", async () => {
  expect((await run("devices")).stdout).toMatch(/^ {4}kernels {3}as shipped$/m);

  const { code, stdout, stderr } = await run("devices", "--tune", "--shapes", "matmul.tile 5-32");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const lines = stdout.split("\n");
  expect(lines[0]).toMatch(/: GFLOP\/s of each kernel$/);
  expect(lines[1]).toMatch(/^kernel, rows × columns +chosen +instead of +gain +own +\w+/);
  expect(lines[2]).toMatch(/^matmul\.tile 5-32 × 1-4 +\w+ +(\w+ +[\d.]+× +)?[\d.]+ +[\d.]+/);
  expect(stdout).toMatch(/^\d+ of 5 get another kernel than the shipped one \(measured in [\d.]+ s\)\.$/m);

  const json = (await run("devices", "--tune", "--json", "--shapes", "matmul.tile 1-4 × 1-4")).stdout;
  const tuned = JSON.parse(json) as { file: string; adapter: string; shapes: object[] };
  expect(tuned.shapes).toEqual([
    expect.objectContaining({
      name: "matmul.tile 1-4 × 1-4",
      shipped: "own",
      gain: expect.any(Number) as number,
    }),
  ]);
  expect(tuned.file.startsWith(join(cache, "hestenes"))).toBe(true);
  const kept = JSON.parse(readFileSync(tuned.file, "utf8")) as { adapter: string; choices: object };
  expect(kept.adapter).toBe(tuned.adapter);
  expect(Object.keys(kept.choices)).toHaveLength(6);

  expect((await run("devices")).stdout).toContain(`see ${tuned.file}\n`);
});

test("devices says what is wrong with its options", async () => {
  const alone = await run("devices", "--shapes", "matmul");
  expect(alone).toMatchObject({ code: 2, stdout: "" });
  expect(alone.stderr).toMatch(/--shapes says what to --tune: give both/);
  const none = await run("devices", "--tune", "--shapes", "abacus");
  expect(none).toMatchObject({ code: 2, stdout: "" });
  expect(none.stderr).toMatch(/--shapes abacus: no class is called so; one is called "conv2d\./);
});
