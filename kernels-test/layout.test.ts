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
  mixture: ["src/latent/expectation.ts", "kernels-test/latent/gmm.test.ts"],
  optimizer: ["src/optim/optimizer.ts", "kernels-test/optim/optimizer.test.ts"],
  writes: ["src/device/uploads.ts", "kernels-test/device/endless.test.ts"],
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

test.each([
  ["elementwise", /const slopeFrom = \{(.*?)\} as const;/s, /(\w+): "/g],
  ["functions", /const names = \[(.*?)\n\];/s, /"(\w+)"/g],
])("the launcher of %s and its shader number the functions alike", (op, table, entry) => {
  const read = (file: string) => readFileSync(new URL(file, root), "utf8");
  const [, entries] = table.exec(read(`src/ops/${op}.ts`))!;
  const shader = [...read(`shaders/${op}.wgsl`).matchAll(/^const [A-Z_\d]+ = \d+u;/gm)];
  expect(shader.map(([line]) => line)).toEqual(
    [...entries!.matchAll(entry)].map(
      ([, name], i) => `const ${name!.replace(/[A-Z]/g, "_$&").toUpperCase()} = ${i}u;`,
    ),
  );
});

/** Where the product or quotient begins that ends before `end`. */
function termBefore(text: string, end: number): number {
  let depth = 0;
  for (let at = end - 1; at >= 0; at--) {
    const sign = text[at]!;
    const isOver = /[,;={}<>&|]/.test(sign) || /^ [+-] $/.test(text.slice(at - 1, at + 2));
    if (/[)\]]/.test(sign)) depth++;
    else if (/[([]/.test(sign) && depth-- === 0) return at + 1;
    else if (depth === 0 && isOver) return at + 1;
  }
  return 0;
}

/** The products in WGSL that are divided by something else than a literal, or of which it takes a remainder. */
function dividedProducts(code: string): string[] {
  const text = code.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "").replace(/\s+/g, " ");
  return [...text.matchAll(/ [/%] (?![\d.]+[,;)\] ])/g)]
    .map(({ index }) => text.slice(termBefore(text, index), index).trim())
    .filter((dividend) => dividend.replace(/\[[^\]]*\]/g, "").includes("*"));
}

/** Divided products that are right: of real numbers, or at most as large as an image with its padding or a workgroup. */
const reviewed: Record<string, string[]> = {
  "conv2d.direct": [
    "(R - 1 + LAST_P * STRIDE - PAD_H)",
    "(S - 1 + LAST_Q * STRIDE - PAD_W)",
    "(p.W + 4 * STRIDE - 1)",
    "left * PHASES",
  ],
  convTranspose2d: ["(pixel.y - r * p.dilation_h)", "(pixel.z - s * p.dilation_w)"],
  "lib/math": ["((f - q * d) - productError(q, d, q * d) - q * (f - (d - 2)))"],
  "lib/svdTurn": ["2 * xy"],
  losses: ["100 * sqrt(sum.x)", "100 * dy[0]", "100 * dy[0] / error"],
  resize: [
    "f32(at - first * axis.den)",
    "((i - 1) * axis.den - axis.add)", // resize2d refuses sizes for which these are past 2^31
    "((i + 1) * axis.den - axis.add)",
  ],
  "svd/backward": ["inverse * ((uij - uji) * rj + ri * (vij - vji))"],
  "svd/topk": ["z * z"],
  triangular: [
    "(vec2f(r.y, s.y) - a[starts.y + columns.x] * x)",
    "(vec2f(r.z, s.z) - a[starts.z + columns.x] * x - a[starts.z + columns.y] * y)",
    "(vec2f(r.w, s.w) - a[starts.w + columns.x] * x - a[starts.w + columns.y] * y - a[starts.w + columns.z] * z)",
  ],
  "svd/truncation": ["(s[j] - s[i]) * (s[j] + s[i])", "(inner[e] - inner[j * p.K + i]) * (gap / damped)"],
};

test("no shader divides a product of integers, which may be past 2^32: lib/slices.wgsl cuts sums", () => {
  expect(dividedProducts("let end = (slice + 1) * p.M / p.Z; x[a + i * 4 % p.C] = (1 + s * d) % n;")).toEqual(
    ["(slice + 1) * p.M", "i * 4", "(1 + s * d)"],
  );
  const files = readdirSync(new URL("shaders", root), { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".wgsl"));
  for (const file of files) {
    const found = dividedProducts(readFileSync(new URL(`shaders/${file}`, root), "utf8"));
    const known = reviewed[file.replace(".wgsl", "")] ?? [];
    expect(
      found.filter((product) => !known.includes(product)),
      `${file}: review what is new`,
    ).toEqual([]);
  }
});
