import { expect, test } from "vitest";
import * as hestenes from "../src/index.ts";
import { features } from "../src/web/docs/features.ts";

const all = Object.values(features).flat();
const exported = hestenes as unknown as Readonly<Record<string, unknown>>;

test("each function that the table of features names is exported", () => {
  const missing = all.filter(({ here }) => here !== undefined && typeof exported[here] !== "function");
  expect(missing).toEqual([]);
});

test("what the table says is missing is not there by that name, and no function comes twice", () => {
  const names = all.flatMap(({ here }) => here ?? []);
  expect(new Set(names).size).toBe(names.length);
  for (const { here, torch, jax, tf } of all) {
    expect(torch ?? jax ?? tf, String(here)).toBeDefined();
    if (here !== undefined) continue;
    const last = (torch ?? jax ?? tf)!.split(".").at(-1)!.replace(/\(.*/, "");
    const camel = last.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    expect(exported[camel], `${last} is said to be missing`).toBeUndefined();
  }
});
