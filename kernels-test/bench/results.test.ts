import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { better } from "../../bench/ceilings.ts";
import { opBenches } from "../../bench/ops.ts";
import { resultsPage } from "../../bench/page.ts";
import { halfTurn, permute } from "../../bench/peers/permute.ts";
import { keptResults, ratioTables, withTables } from "../../bench/readme.ts";
import { comparisons, summary, type Results } from "../../bench/results.ts";
import { resultsTable } from "../../bench/table.ts";
import { tasks } from "../../bench/tasks.ts";

const row = { op: "fwd", min: 1, n: 5 };
const results: Results = {
  ...{ adapter: "an <adapter>", driver: "driver 1", machine: "machine", commit: "abc", date: "2026-01-01" },
  versions: { node: "20" },
  rows: [
    { ...row, engine: "hestenes", case: "matmul 8", ms: 2, gflops: 3 },
    { ...row, engine: "jax-js", case: "matmul 8", ms: 9 },
    { ...row, engine: "hestenes", case: "conv a", ms: 4 },
    { ...row, engine: "jax-js", case: "conv a", ms: 2 },
    { ...row, engine: "hestenes", case: "svd 8x8", ms: 1 },
  ],
  failed: [{ engine: "tfjs-webgpu", case: "svd 8x8", op: "fwd", reason: "no <SVD>" }],
  launches: [{ what: "replayed", microseconds: 2.5, min: 2, n: 30 }],
  profiles: [
    {
      ...{ case: "step a", ms: 8, min: 7, launches: 5 },
      ops: [
        { op: "conv.forward", launches: 2, ms: 6, share: 0.994, gflops: 25, ofCeiling: 0.5 },
        { op: "tiny", launches: 1, ms: 0.02, share: 0.003 },
        { op: "tinier", launches: 2, ms: 0.01, share: 0.003 },
      ],
    },
  ],
  ceilings: { copy: [{ bytes: 2 ** 20, gbps: 8 }], gflops: 50 },
};

test("ratios say how many times longer a peer takes; median and least are over common cases", () => {
  const list = comparisons(results);
  expect(list.map((one) => one.case)).toEqual(["matmul 8", "conv a", "svd 8x8"]);
  const found = summary(list, "jax-js");
  expect(found).toMatchObject({ median: 2.5, least: 0.5, count: 2 });
  expect(found?.worst.case).toBe("conv a");
  expect(summary(list, "torch")).toBeUndefined();
});

test("the table shows times, ratios and failures", () => {
  const text = resultsTable(results);
  expect(text).toMatch(/matmul 8 +fwd +2\.00 +1\.00 +5 +3\.00 +9\.00 +4\.5×/);
  expect(text).toMatch(/svd 8x8 +fwd .* failed/);
  expect(text).toContain("tfjs-webgpu, svd 8x8 fwd: no <SVD>");
  expect(text).toContain("against jax-js: median 2.5×, least 0.50× (conv a fwd), of 2");
});

test("the profile adds up what is small", () => {
  const text = resultsTable(results);
  expect(text).toContain("step a: 8.00 ms in 5 launches; one by one they take 6.03 ms");
  expect(text).toMatch(/conv\.forward +2 +6\.00 +99\.4 % +25\.0 +50 %/);
  expect(text).toMatch(/2 others +3 +0\.0300 +0\.6 %/);
  expect(text).not.toContain("tinier");
});

test("of ceilings measured twice the better ones are kept", () => {
  const two = { copy: [{ bytes: 2 ** 20, gbps: 7 }], gflops: 60 };
  const best = { copy: [{ bytes: 2 ** 20, gbps: 8 }], gflops: 60 };
  expect(better(results.ceilings!, two)).toEqual(best);
  expect(better(two, results.ceilings)).toEqual(best);
  expect(better(two, undefined)).toEqual(two);
});

test("the documentation's tables have the ratios by family and peer", () => {
  const tables = ratioTables([results]);
  expect(tables).toContain("**an <adapter>** on machine; commit abc, 2026-01-01:");
  expect(tables).toMatch(/\| median \(least\) +\| rows \| +jax-js \|/); // a peer without a time is left out
  expect(tables).toMatch(/\| Matrix products +\| +1 \| +4\.5× \(4\.5×\) \|/);
  expect(tables).toMatch(/\| Singular value decompositions \| +1 \| +– \|/);
  expect(tables).toMatch(/\| All +\| +3 \| +2\.5× \(0\.50×\) \|/);
  const text = withTables("before", "tables");
  expect(text).toBeUndefined();
  const readme = "a\n<!-- made by npm run bench -- --readme -->\nold\n<!-- end of what it made -->\nb\n";
  const made = withTables(readme, tables)!;
  expect(made.startsWith("a\n<!-- made") && made.endsWith("-->\nb\n")).toBe(true);
  expect(made).toContain(tables);
  expect(made).not.toContain("old");
  expect(withTables(made, tables)).toBe(made);
});

test("the page on performance has the tables of the results that are kept", () => {
  const kept = keptResults();
  const page = readFileSync(new URL("../../src/web/docs/performance.md", import.meta.url), "utf8");
  if (kept.length > 0) expect(withTables(page, ratioTables(kept))).toBe(page);
  for (const { rows, ceilings } of kept) {
    expect(ceilings).toBeDefined();
    for (const row of rows)
      expect(row).toEqual(
        expect.objectContaining({
          engine: expect.any(String) as string,
          case: expect.any(String) as string,
          op: expect.any(String) as string,
          ms: expect.any(Number) as number,
          min: expect.any(Number) as number,
          n: expect.any(Number) as number,
        }),
      );
  }
});

test("the page shows every case and failure, escaped, and stands alone", () => {
  const page = resultsPage(results);
  for (const part of [
    "matmul 8",
    "conv a",
    "no &lt;SVD&gt;",
    "an &lt;adapter&gt;",
    "50.0 GFLOP/s",
    "2.50 µs",
    "conv.forward",
    "4.5× <small>(4.5×)</small>",
  ])
    expect(page).toContain(part);
  expect(page).not.toMatch(/<script|<link|src=|an <adapter>/);
  expect(page).toContain("width:22.22%"); // 2 ms of 9 ms
});

test("cases become tasks; heavy ones are left out unless wanted", () => {
  const all = tasks();
  expect(all.filter(({ kind }) => kind === "conv2d").map(({ op }) => op)).toEqual(
    expect.arrayContaining(["fwd", "dx", "dw"]),
  );
  expect(tasks({ heavy: true }).length).toBeGreaterThan(all.length);
  const [one, ...others] = tasks({ only: "convT bumps.1 dw" });
  expect(others).toEqual([]);
  expect(one).toMatchObject({ kind: "convTranspose2d", shape: { P: 8, Q: 8 } });
  expect(one?.flops).toBe(2 * 64 * 4 * 4 * 32 * 256 * 9);
});

test("axes are permuted, filters turned", () => {
  const values = { shape: [2, 1, 3], data: Float32Array.from([0, 1, 2, 3, 4, 5]) };
  const turned = permute(values, [2, 0, 1]);
  expect(turned.shape).toEqual([3, 2, 1]);
  expect([...turned.data]).toEqual([0, 3, 1, 4, 2, 5]);
  const filter = { shape: [2, 1, 3], data: Float32Array.from([0, 1, 2, 3, 4, 5]) };
  expect([...halfTurn(filter).data]).toEqual([2, 1, 0, 5, 4, 3]);
});

test("every op's benchmark loads and has cases", async () => {
  const benches = await opBenches();
  expect(benches.length).toBeGreaterThan(3);
  for (const { name, cases } of benches) expect(cases.length, name).toBeGreaterThan(0);
});
