import { expect, test } from "vitest";
import { opBenches } from "../../bench/ops.ts";
import { resultsPage } from "../../bench/page.ts";
import { halfTurn, permute } from "../../bench/peers/permute.ts";
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
  expect(text).toContain("against jax-js: median 2.5×, least 0.5× (conv a fwd), of 2");
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
