import { expect, test } from "vitest";
import { cumprod, cumsum } from "../src/ops/cumulate.ts";
import { tensor } from "../src/tensor/tensor.ts";
import { checkOp, rounded, values, withDevices } from "./check.ts";

/** Sums up to each element, and those from each one on without itself. */
const sums = (list: number[]) => list.map((_, i) => list.slice(0, i + 1).reduce((a, b) => a + b, 0));
const later = (list: number[]) => sums(list.toReversed()).map((sum, i, all) => (i ? all[i - 1]! : 0 * sum));

const lengths = [[[1]], [[63]], [[64]], [[65]], [[200]]];
checkOp(
  "cumsum",
  (x) => cumsum(x),
  ([x]) => sums(x!),
  lengths,
);
checkOp(
  "cumprod",
  (x) => cumprod(x),
  ([x]) => x!.map((_, i) => x!.slice(0, i + 1).reduce((a, b) => a * b)),
  lengths,
  {
    prepare: (list) => list.map((x, i) => (i === 9 ? 0 : 1 + x / 8)),
  },
);
checkOp(
  "later sums",
  (x) => cumsum(x, 0, { exclusive: true, reverse: true }),
  ([x]) => later(x!).toReversed(),
  lengths,
);

withDevices((device) => {
  test("a million sums keep their digits, and their bits from run to run", async () => {
    const list = rounded(values(1e6).map((x) => x + 1.1));
    const x = tensor(device(), list);
    const got = await cumsum(x).read();
    let sum = 0;
    let worst = 0;
    list.forEach((value, i) => (worst = Math.max(worst, Math.abs(got[i]! / (sum += value) - 1))));
    expect(worst).toBeLessThan(1e-6);
    const again = await cumsum(x).read();
    expect(again.every((value, i) => value === got[i])).toBe(true);
  });
});
