import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { differencesPage, varianceLossDifferences } from "../../src/reproduce/differences.ts";

const root = new URL("../../", import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), "utf8");

test("the page of differences is what is known of them, and its tests are there", () => {
  expect(read("bench/results/variance-loss/differences.md")).toBe(differencesPage(varianceLossDifferences));
  for (const { about, test } of varianceLossDifferences)
    if (test) expect(read(test.file), about).toContain(test.name);
});
