import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { dataFlags } from "../../src/cli/settingFlags.ts";
import { refusePath, requirePath } from "../../src/cli/settings.ts";
import * as catalogue from "../../src/data/catalogue.ts";
import { presetNames } from "../../src/data/descriptor.ts";
import { datasetNamed, datasetNames, datasetsWith, downloadNames } from "../../src/data/known.ts";
import { sources } from "../../src/data/sources.ts";
import { completeConfig, configSchema, dataSettings } from "../../src/train/config.ts";

const folder = new URL("../../src/data/", import.meta.url);

test("every data set that describes itself is in the catalogue, by a name of its own", () => {
  const index = readFileSync(new URL("catalogue.ts", folder), "utf8");
  for (const file of readdirSync(new URL("sets/", folder))) expect(index).toContain(`from "./sets/${file}"`);
  expect(datasetNames).toHaveLength(Object.keys(catalogue).length);
  expect(configSchema.shape.data.unwrap().options).toEqual(datasetNames);
  expect(Object.keys(sources).sort()).toEqual([...downloadNames].sort());
});

test("presets, settings, and what is said of a path follow from the descriptors", () => {
  for (const name of datasetNames) {
    const { files, settings, presets, leastSize = 1 } = datasetNamed(name);
    for (const preset of presetNames)
      expect(completeConfig({ data: name }, preset)).toMatchObject(presets[preset]);
    const given = {
      size: 8,
      divideBy: 2,
      layout: "NHWC",
      intrinsic: 2,
      ambient: 5,
      count: 9,
      dataSeed: 3,
    } as const;
    expect(Object.keys(given)).toEqual(Object.keys(dataSettings));
    for (const key of Object.keys(given) as (keyof typeof given)[]) {
      const complete = () => completeConfig({ data: name, [key]: given[key] });
      if (settings.includes(key)) expect(complete()[key]).toBe(given[key]);
      else expect(complete).toThrow(`${key} is for ${datasetsWith(key).join(", ")}, not for ${name}`);
    }
    if (leastSize > 1) expect(() => completeConfig({ data: name, size: leastSize - 1 })).toThrow("size");
    const isComputed = files === "none";
    if (isComputed) expect(() => refusePath(name, "x")).toThrow("computed");
    else expect(() => requirePath(name, undefined)).toThrow(files === "public" ? "download" : "--path");
    expect(() => (isComputed ? requirePath(name, undefined) : refusePath(name, "x"))).not.toThrow();
  }
});

test("each setting of data sets has a flag, which says for which it is", () => {
  const flags = new Map(dataFlags().map((flag) => [flag.attributeName(), flag]));
  expect([...flags.keys()]).toEqual(Object.keys(dataSettings));
  expect(flags.get("size")!.description).toMatch(/^bumps, folder: /);
  expect(flags.get("layout")!.argChoices).toEqual(["NHWC", "NCHW"]);
});
