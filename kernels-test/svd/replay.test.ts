import { expect, test } from "vitest";
import { svd, truncate, truncatedSvd } from "../../src/ops/svd.ts";
import { record } from "../../src/tensor/record.ts";
import { backward } from "../../src/tensor/tape.ts";
import { casesIn, withDevices } from "../check.ts";
import { random } from "./matrices.ts";

/** One workgroup, and many. */
const sizes = [
  [40, 30],
  [180, 200],
  [200, 180],
] as const;

withDevices((device, mode) => {
  test.each(casesIn(mode, sizes))(
    "a recorded decomposition (%i, %i) gives the same bits in every run",
    async (M, N) => {
      const matrices = [1, 2].map((seed) => random(M, N, seed).data);
      const a = device().tensor(matrices[0]!, [M, N]);
      a.requiresGrad = true;
      const decompose = () => {
        const { U, S, Vt } = device().noGrad(() => svd(a));
        const { coefficients, basis } = device().noGrad(() => truncatedSvd(a, 3));
        backward(truncate(a, 3));
        return { U, S, Vt, coefficients, basis };
      };
      const { program, result } = record(device(), decompose);
      const read = async () => {
        const found: Record<string, number[]> = { gradient: [...(await a.grad!.read())] };
        for (const [name, part] of Object.entries(result)) found[name] = [...(await part.read())];
        return found;
      };
      const first = await read();
      a.write(matrices[1]!);
      program.run();
      const other = await read();
      a.write(matrices[0]!);
      program.run();
      const again = await read();
      for (const [name, values] of Object.entries(first)) {
        const changes = (run: Record<string, number[]>) =>
          run[name]!.filter((x, i) => x !== values[i]).length;
        expect(changes(again), name).toBe(0);
        expect(changes(other), name).toBeGreaterThan(0);
      }
      program.dispose();
    },
  );
});
