import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import * as catalogue from "../../src/models/catalogue.ts";
import { modelNamed, modelNames, partTitle, type ModelName } from "../../src/models/known.ts";
import * as models from "../../src/models/index.ts";
import { completeConfig, isSettingOf, modelsWith } from "../../src/train/config.ts";

const folder = new URL("../../src/models/", import.meta.url);
const text = (file: string) => readFileSync(new URL(file, folder), "utf8");

test("every model that describes itself is in the catalogue, by a name of its own, and in the library", () => {
  const described = readdirSync(folder)
    .filter((file) => file !== "descriptor.ts" && text(file).includes("describeModel("))
    .sort();
  for (const file of described) {
    expect(text("catalogue.ts")).toContain(`from "./${file}"`);
    expect(text("index.ts")).toContain(`from "./${file}"`);
    for (const [, name] of text(file).matchAll(/export const (\w+) =.*describeModel\(/g))
      expect(Object.keys(catalogue)).toContain(name);
  }
  expect(new Set(modelNames).size).toBe(Object.keys(catalogue).length);
  expect(models).toHaveProperty("vrrae");
});

test("a setting is the same thing for all models that have it", () => {
  const seen = new Map<string, unknown>();
  for (const { name, settings } of Object.values(catalogue))
    for (const [key, schema] of Object.entries<z.ZodType>(settings())) {
      const shape = z.toJSONSchema(schema, { io: "input" });
      expect(shape.description, `${name}: ${key}`).toBeTypeOf("string");
      if (seen.has(key)) expect(shape, `${name}: ${key}`).toEqual(seen.get(key));
      seen.set(key, shape);
    }
});

/** Every model, in the order of the names. */
const known = modelNames.map((name) => modelNamed(name));

/** Settings of what pulls codes towards N(0, I): a KL divergence, a discrepancy, a critic, a flow. Whoever has one has a prior. */
const pulls = ["beta", "klWeight", "kernel", "criticWidth", "flow"];

test("settings, capabilities and titles follow from the descriptors", () => {
  const which = (is: (model: (typeof known)[number]) => boolean) => known.filter(is).map(({ name }) => name);
  const has = (model: (typeof known)[number], keys: readonly string[]) =>
    Object.keys(model.settings()).some((key) => keys.includes(key));
  const truncated = which((model) => model.basis === true);
  expect(truncated).toContain("vrrae");
  expect(modelsWith("fineTune")).toEqual(truncated);
  expect(modelsWith("beta")).toEqual(which((model) => has(model, ["beta"])));
  expect(modelsWith("gauge")).toEqual(truncated.filter((name) => modelsWith("beta").includes(name)));
  expect(modelsWith("steps")).toHaveLength(modelNames.length);
  expect(which((model) => model.prior === true)).toEqual(which((model) => has(model, pulls)));
  expect(isSettingOf("ae", "latent")).toBe(false);
  expect(partTitle("betaKl")).toBe("β·KL");
  expect(partTitle("error")).toBe("error");
  expect(completeConfig({ model: "sparse" }).penalty).toBe(1);
  expect(completeConfig({ model: "sparse", penalty: 2 }).penalty).toBe(2);
  expect(completeConfig({ model: "lorae" }).penalty).toBe(1e-3);
  expect(completeConfig({ model: "flex-ae" })).toMatchObject({ optimizer: "adam", rate: 2e-4, latent: 8 });
  expect(completeConfig({ model: "flex-ae", rate: 1e-2, latent: 3 })).toMatchObject({
    rate: 1e-2,
    latent: 3,
  });
  // @ts-expect-error there is no such model
  expect(() => completeConfig({ model: "gan" satisfies ModelName })).toThrow("model");
});

test("a config.json that holds every setting of its time opens, and means the same", () => {
  const written = {
    ...{ size: 32, latent: 64, rank: 2, beta: 0.001, steps: 200, batch: 32, rate: 0.002, model: "vae" },
    ...{ data: "bumps", layers: 4, sparsity: 0.05, contraction: "last-layer", published: false },
    ...{ gauge: "damped", basis: "concatenated", optimizer: "adabelief" },
    ...{ schedule: { kind: "constant", warmup: 0 }, seed: 500, evaluateCount: 256, basisCount: 4096 },
    ...{ penalty: 0.001, logEvery: 2, evaluateEvery: 20, checkpointEvery: 50 },
  };
  expect(completeConfig(written)).toMatchObject(written);
  expect(completeConfig({ model: "vae" })).toEqual(completeConfig(written));

  const common = { layers: 4, sparsity: 0.05, contraction: "last-layer", published: false, gauge: "damped" };
  const settled = { ...common, basis: "concatenated", optimizer: "adabelief", seed: 500, penalty: 0.001 };
  const counts = { steps: 300, logEvery: 3, evaluateEvery: 30, checkpointEvery: 75 };
  for (const own of [
    { data: "mnist", path: "m", latent: 100, rank: 16, beta: 1e-6, batch: 64, rate: 1e-3, limit: 90 },
    { data: "folder", path: "f", size: 64, latent: 128, rank: 32, beta: 1e-6, batch: 32, rate: 1e-3 },
    { data: "npy", path: "n", divideBy: 9, layout: "NCHW", latent: 64, rank: 8, beta: 1e-6, batch: 64 },
  ]) {
    const before = { ...settled, ...counts, ...own, model: "vrrae" };
    expect(completeConfig(before)).toMatchObject(before);
    expect(completeConfig(before, "paper")).toMatchObject(before);
  }
});
