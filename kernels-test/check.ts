import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Device, openDevice } from "../src/device/device.ts";
import { sharers, type Tile } from "../src/ops/lib/choice.ts";
import { gradcheck, values } from "../src/tensor/gradcheck.ts";
import { tensor, type Tensor } from "../src/tensor/tensor.ts";
import { onSharedGpu } from "./devices.ts";

export { values };

type Shapes = number[][];
type Reference = (inputs: number[][], shapes: Shapes) => number[];

/** The tile whose lanes share what they load, where the device has it: shapes choose it otherwise. */
export function sharing(device: Device): Tile {
  return sharers(device) > 0 ? "shared" : "own";
}

/** The values as a tensor on the device holds them. */
export function rounded(list: ArrayLike<number>): number[] {
  return Array.from(Float32Array.from(list));
}

/** Fails unless the largest difference is below `tol` of the largest wanted value. */
export function expectClose(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  tol: number,
  what = "values",
): void {
  expect(got.length, `${what}: how many`).toBe(want.length);
  let worst = 0;
  let scale = 1e-12;
  for (let i = 0; i < want.length; i++) {
    const error = Math.abs(got[i]! - want[i]!);
    worst = Number.isNaN(error) ? Infinity : Math.max(worst, error);
    scale = Math.max(scale, Math.abs(want[i]!));
  }
  expect(worst / scale, `${what}: largest error relative to the largest value`).toBeLessThan(tol);
}

/** With WebGPU's checks, and without them; a browser always has them. */
const IN_BROWSER = "document" in globalThis;
const VALIDATION = IN_BROWSER ? [true] : [true, false];

/** What opens devices: in Node, `shareDevices.ts` has it share already. */
const open = onSharedGpu({ Device, openDevice });

/** Runs `body` with a device that has Dawn's checks on, and again with one that has them off. */
export function withDevices(body: (device: () => Device, mode: string) => void): void {
  inBothModes((validation, mode) => {
    let device: Device | undefined;
    beforeAll(async () => {
      device = await open({ validation });
    });
    afterAll(() => {
      device?.close();
      device = undefined;
    });
    body(() => device!, mode);
  });
}

function inBothModes(body: (validation: boolean, mode: string) => void): void {
  for (const validation of VALIDATION) {
    const mode = validation ? "checked" : "unchecked";
    describe(mode, () => body(validation, mode));
  }
}

/**
 * The cases to try with Dawn's checks or without: all without, as the package ships. With them, kernels take several times
 * as long to compile on software adapters; so the first and the last are tried, and in a browser the last alone: Node has
 * tried the others with the same kernels.
 */
export function casesIn<T>(mode: string, cases: readonly T[]): T[] {
  const last = cases.length - 1;
  return cases.filter((_, i) => mode === "unchecked" || i === last || (i === 0 && !IN_BROWSER));
}

export interface CheckOptions {
  /** Largest error, relative to the largest value of the output or gradient. */
  tol?: number;
  /** The values of input `i`, from `values(n, i + 1)`: to keep clear of kinks and poles. */
  prepare?: (list: number[], i: number) => number[];
  /** Inputs that take no gradient. */
  constant?: readonly number[];
  /** With Dawn's checks these kernels take seconds each to compile: Node then tries the first case only. */
  slow?: boolean;
}

/**
 * Checks an op against `reference`, its plain float64 definition: the output, and the gradient of
 * every input along a random direction against a central difference *of the reference*, so that
 * tolerances are those of f32 and not those of differences in f32. With Dawn's checks off, and for some cases on.
 */
export function checkOp(
  name: string,
  op: (...inputs: Tensor[]) => Tensor,
  reference: Reference,
  cases: readonly Shapes[],
  { tol = 1e-5, prepare = (list) => list, constant = [], slow = false }: CheckOptions = {},
): void {
  withDevices((device, mode) => {
    const chosen = casesIn(mode, cases);
    if (slow && mode === "checked" && !IN_BROWSER) chosen.splice(1);
    test.each(
      chosen.map((shapes) => [shapes.map((shape) => `(${shape.join()})`).join(" "), shapes] as const),
    )(`${name} %s`, async (_, shapes) => {
      const lists = shapes.map((shape, i) =>
        rounded(
          prepare(
            values(
              shape.reduce((a, b) => a * b, 1),
              i + 1,
            ),
            i,
          ),
        ),
      );
      const inputs = lists.map((list, i) => tensor(device(), list, shapes[i]));
      for (const [i, input] of inputs.entries()) input.requiresGrad = !constant.includes(i);
      await gradcheck(op, inputs, { reference, tolerance: tol });
    });
  });
}
