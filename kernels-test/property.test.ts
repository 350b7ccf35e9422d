import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDevice, type Device } from "../src/device/device.ts";
import type { Property } from "./property/property.ts";
import { properties } from "./property/properties.ts";
import { flushesSubnormals, run } from "./property/run.ts";

/** How many cases there are in all, and which. */
const COUNT = Number(process.env.HESTENES_CASES ?? 20_000);
const SEED = Number(process.env.HESTENES_SEED ?? 1);
/** Cases that are made and read together, and those of one device: lavapipe keeps memory for each until it is closed. */
const BATCH = 500;
const DEVICE = 20_000;

const each = Math.ceil(COUNT / properties.length);
const seen = { cases: 0, gradients: 0, wrong: 0 };
let device: Device;
let flushes: boolean;
let left = DEVICE;

async function open(): Promise<void> {
  device = await openDevice();
  flushes = await flushesSubnormals(device);
  left = DEVICE;
}

beforeAll(open);

afterAll(() => {
  device.close();
  console.log(
    `properties: ${properties.length} operations, cases ${seen.cases} (${seen.gradients} gradients), ` +
      `wrong ${seen.wrong}; seed ${SEED}, subnormal numbers ${flushes ? "taken as 0" : "kept"} in arithmetic`,
  );
});

/** What is wrong with so many cases of a property, and the smallest that is. */
async function wrongOf({ cases }: Property, count: number, seed: number): Promise<string[]> {
  const all = fc.sample(cases, { seed, numRuns: count });
  const wrong = (await run(device, all, flushes)).flatMap((what, i) =>
    what === undefined ? [] : [`${all[i]!.text}: ${what}`],
  );
  seen.cases += count;
  seen.gradients += all.reduce((sum, { differentiated }) => sum + differentiated.length, 0);
  seen.wrong += wrong.length;
  if (wrong.length === 0) return [];
  const alone = fc.asyncProperty(cases, async (one) => (await run(device, [one], flushes))[0] === undefined);
  const [smallest] = (await fc.check(alone, { seed, numRuns: count })).counterexample ?? [];
  return [
    `the smallest: ${smallest ? smallest.text + fc.stringify(smallest.inputs) : "none alone"}`,
    ...wrong,
  ];
}

test.each(properties)(
  `$name is right on ${each} random operands`,
  async (property) => {
    for (let first = 0; first < each; first += BATCH) {
      const count = Math.min(BATCH, each - first);
      if (left < count) {
        device.close();
        await open();
      }
      left -= count;
      const wrong = await wrongOf(property, count, SEED + first);
      expect(wrong.slice(0, 10), `${wrong.length - 1} of ${count} cases are wrong`).toEqual([]);
    }
  },
  60_000 + 10 * COUNT,
);
