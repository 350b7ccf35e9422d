import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDevice, type Device } from "../src/device/device.ts";
import { properties } from "./property/properties.ts";
import { flushesSubnormals, run } from "./property/run.ts";

/** How many cases there are in all, and which. */
const COUNT = Number(process.env.HESTENES_CASES ?? 20_000);
const SEED = Number(process.env.HESTENES_SEED ?? 1);
const BATCH = 500;

const each = Math.ceil(COUNT / properties.length);
const seen = { cases: 0, gradients: 0, wrong: 0 };
let device: Device;
let flushes: boolean;

beforeAll(async () => {
  device = await openDevice();
  flushes = await flushesSubnormals(device);
});

afterAll(() => {
  device.close();
  console.log(
    `properties: ${properties.length} operations, cases ${seen.cases} (${seen.gradients} gradients), ` +
      `wrong ${seen.wrong}; seed ${SEED}, subnormal numbers ${flushes ? "taken as 0" : "kept"} in arithmetic`,
  );
});

test.each(properties)(
  `$name is right on ${each} random operands`,
  async ({ cases }) => {
    const all = fc.sample(cases, { seed: SEED, numRuns: each });
    const wrong: string[] = [];
    for (let first = 0; first < all.length; first += BATCH) {
      const batch = all.slice(first, first + BATCH);
      const found = await run(device, batch, flushes);
      found.forEach((what, i) => what !== undefined && wrong.push(`${batch[i]!.text}: ${what}`));
      for (const { differentiated } of batch) seen.gradients += differentiated.length;
    }
    seen.cases += all.length;
    seen.wrong += wrong.length;
    if (wrong.length === 0) return;
    const smallest = await fc.check(
      fc.asyncProperty(cases, async (one) => (await run(device, [one], flushes))[0] === undefined),
      { seed: SEED, numRuns: each },
    );
    const [example] = smallest.counterexample ?? [];
    expect.fail(
      `${wrong.length} of ${all.length} are wrong. The smallest found: ${example?.text ?? "none alone"}, ` +
        `${fc.stringify(example?.inputs)}\n${wrong.slice(0, 8).join("\n")}`,
    );
  },
  60_000 + COUNT,
);
