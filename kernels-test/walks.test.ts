import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { datasetNames } from "../src/data/known.ts";
import * as models from "../src/models/index.ts";
import * as nn from "../src/nn/index.ts";
import * as ops from "../src/ops/index.ts";
import * as papers from "../src/reproduce/papers.ts";
import { properties } from "./property/properties.ts";
import { activations } from "./references.ts";

// What the walks of CONTRIBUTING ask for beside the file that is added, and would be missed only later.

const root = new URL("../", import.meta.url);
const read = (file: string) => readFileSync(new URL(file, root), "utf8");
const filesIn = (folder: string, ending = ".ts") =>
  readdirSync(new URL(folder, root)).filter((file) => file.endsWith(ending));

/** Names of the functions, without classes, that a room exports. */
function functionsOf(room: object): string[] {
  return Object.entries(room).flatMap(([name, value]) =>
    typeof value === "function" && !String(value).startsWith("class") ? [name] : [],
  );
}

/** The names of `names` that no test file of these folders has. */
function untested(names: readonly string[], ...folders: string[]): string[] {
  const text = folders
    .flatMap((folder) => filesIn(folder, ".test.ts").map((file) => read(`${folder}/${file}`)))
    .join("\n");
  return names.filter((name) => !new RegExp(`\\b${name}\\b`).test(text));
}

/** Files of operations that others give in their place: `elementwise.ts`, layers, and `products.ts`. */
const within = ["arithmetic.ts", "epilogue.ts", "matmul.ts"];

test.each(["ops", "nn"])("the index of src/%s has a line for each file", (room) => {
  const index = read(`src/${room}/index.ts`);
  const files = filesIn(`src/${room}`).filter((file) => file !== "index.ts");
  expect(files.filter((file) => !within.includes(file) && !index.includes(`"./${file}"`))).toEqual([]);
});

/**
 * Operations that are tried on chosen shapes and no random ones, by the file that does: their operands have to fit, or their
 * numbers are drawn, or they put together others that are tried.
 */
const chosen: Record<string, string> = {
  attention: "cosineLoss diceLoss gru lstm lstmCell marginRanking nllLoss tripletLoss",
  casts: "float half",
  cholesky: "cholesky requireFactor",
  contractions: "chunk expandDims flatten meshgrid squeeze swapaxes unstack",
  conv2d: "conv2d",
  convTranspose2d: "convTranspose2d",
  convolutions:
    "averagePool1d conv1d conv3d convTranspose1d convTranspose3d depthwiseConv2d dilation2d erosion2d maxPool1d separableConv2d",
  draws: "bernoulli categorical randomExponential randomGamma randomIntegers truncatedNormal",
  dropout: "dropout",
  functions: "digamma lgamma prelu",
  gaussian: "sampleGaussian",
  linear: "eigh inverse lstsq matrixNorm matrixPower pinv solve trace vectorNorm",
  normalize: "batchNorm batchNormInference groupNorm instanceNorm layerNorm moments normalize",
  pool: "averagePool2d averagePool3d l2Pool2d maxPool2d maxPool3d sumPool2d",
  qr: "matrixExp matrixLog matrixSqrt qr slogdet symmetricPower",
  random: "randomNormal randomPermutation randomUniform",
  rearrange: "eye full linspace ones range",
  resize: "cropAndResize resize2d",
  scatter: "bincount confusionMatrix inTopK segmentSum",
  sort: "quantile",
  svd: "svd truncate truncatedSvd",
};
/** Parts of operations, exported beside them: `gru` is steps of `gruCell`, gradients of what broadcasts are `sumTo`. */
const parts = ["gruCell", "sumTo"];

test("every operation is tried on random operands, or has its place in the list of those that are not", () => {
  const tried = new Set(properties.map(({ name }) => name.split(/[ ,]/)[0]!));
  const listed = Object.entries(chosen).flatMap(([file, names]) =>
    names.split(" ").map((name) => ({ file, name })),
  );
  const all = functionsOf(ops);
  const known = new Set([...tried, ...parts, ...listed.map(({ name }) => name)]);
  expect(all.filter((name) => !known.has(name))).toEqual([]);
  for (const { file, name } of listed) {
    expect([name, all.includes(name), tried.has(name)]).toEqual([name, true, false]);
    expect(read(`kernels-test/${file}.test.ts`)).toMatch(new RegExp(`\\b${name}\\b`));
  }
});

test("every list of properties is among those that are tried", () => {
  const index = read("kernels-test/property/properties.ts");
  const lists = filesIn("kernels-test/property").filter((file) =>
    /^export const (?!properties)\w+: (readonly )?Property\[\]/m.test(read(`kernels-test/property/${file}`)),
  );
  expect(lists.length).toBeGreaterThan(5);
  expect(lists.filter((file) => !index.includes(`"./${file}"`))).toEqual([]);
});

/** The functions of one number that a launcher lists, in the order of its shader. */
function functionsIn(op: string, table: RegExp, entry: RegExp): string[] {
  return [...table.exec(read(`src/ops/${op}.ts`))![1]!.matchAll(entry)].map(([, name]) => name!);
}
const named = {
  elementwise: functionsIn("elementwise", /const slopeFrom = \{(.*?)\} as const;/s, /(\w+): "/g),
  functions: functionsIn("functions", /const names = \[(.*?)\n\];/s, /"(\w+)"/g),
};

/** Functions that are constant between the numbers where they jump: random shapes compare all their bits. */
const jumps = new Set(["sign", "floor", "ceil", "round", "trunc"]);

test.each(Object.entries(named))(
  "kernels-test/%s.test.ts compares each function over its range",
  (op, names) => {
    const text = read(`kernels-test/${op}.test.ts`);
    const compared = (name: string) => new RegExp(`^ {2}${name}: (of\\(|\\{)`, "m").test(text);
    expect(names.filter((name) => !jumps.has(name) && !compared(name))).toEqual([]);
  },
);

/** Functions of one number that are no layers: those of analysis, and activations that take numbers of their own. */
const noLayers = new Set(
  (
    "neg exp log sqrt square abs clamp sin cos tan asin acos atan sinh cosh asinh acosh atanh erf erfc erfinv log1p expm1 " +
    "log2 log10 exp2 reciprocal rsqrt cbrt sinc lgamma digamma " +
    "hardSigmoid hardTanh selu celu softsign logSigmoid tanhShrink softShrink hardShrink geluTanh"
  ).split(" "),
);

test("every activation is a layer, and has its float64 definition in references.ts", () => {
  const layers = Object.values(named)
    .flat()
    .filter((name) => !noLayers.has(name) && !jumps.has(name));
  expect(layers.length).toBeGreaterThan(8);
  for (const name of layers) {
    expect(nn.activation(name as nn.ActivationName).label).toBe(name);
    expect(activations).toHaveProperty(name);
  }
});

test("every layer, network and model that is exported is named in a test of its room", () => {
  expect(untested(functionsOf(nn), "kernels-test/nn", "kernels-test/models")).toEqual([]);
  const helpers = ["latents", "restoreSampler"]; // what `hestenes sample` is made of, which cli/ and runs/ test
  expect(
    untested(
      functionsOf(models).filter((name) => !helpers.includes(name)),
      "kernels-test/models",
    ),
  ).toEqual([]);
});

test("every data set is named in a test of its room, and every paper is in the list", () => {
  expect(untested(datasetNames, "kernels-test/data")).toEqual([]);
  const described = filesIn("src/reproduce").filter((file) =>
    /^export const \w+: Paper = /m.test(read(`src/reproduce/${file}`)),
  );
  expect(described.length).toBe(Object.keys(papers).length);
  for (const file of described) expect(read("src/reproduce/papers.ts")).toContain(`from "./${file}"`);
});

test.each([
  ["an op", 5],
  ["an activation", 6],
  ["a layer", 3],
])("CONTRIBUTING shows the code that %s has", (what, files) => {
  const walk = read("CONTRIBUTING.md")
    .split("\n## ")
    .find((section) => section.startsWith(`Adding ${what}: `))!;
  const shown = [...walk.matchAll(/\*\*`(\S+)`\*\*(?:(?!\*\*`)[\s\S])*?```\w+\n([\s\S]*?)\n {3}```/g)];
  expect(shown.length).toBe(files);
  const lines = (text: string) => text.replace(/^ +/gm, "");
  for (const [, file, code] of shown)
    for (const part of lines(code!).split("…"))
      expect(lines(read(file!)).includes(part.trim()), `${file}: ${part}`).toBe(true);
});
