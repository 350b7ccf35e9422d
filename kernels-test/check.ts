import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDevice, type Device } from "../src/device/device.ts";
import { sharers, type Tile } from "../src/ops/lib/choice.ts";
import { backward } from "../src/tensor/tape.ts";
import { tensor, type Tensor } from "../src/tensor/tensor.ts";

type Shapes = number[][];
type Reference = (inputs: number[][], shapes: Shapes) => number[];

/** Deterministic values in [-1, 1). */
export function values(n: number, seed = 1): number[] {
  let state = seed >>> 0;
  return Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

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
const VALIDATION = "document" in globalThis ? [true] : [true, false];

/** Runs `body` with a new device that has Dawn's checks on, and again with one that has them off. */
export function withDevices(body: (device: () => Device, mode: string) => void): void {
  inBothModes((validation, mode) => {
    let device: Device | undefined;
    beforeAll(async () => {
      device = await openDevice({ validation });
    });
    afterAll(() => device?.close());
    body(() => device!, mode);
  });
}

/** The devices of all `checkOp`s of a file, so that each pipeline is compiled once. */
const shared = new Map<boolean, Device>();
afterAll(() => {
  for (const device of shared.values()) device.close();
});

function withSharedDevices(body: (device: () => Device) => void): void {
  inBothModes((validation) => {
    beforeAll(async () => {
      if (!shared.has(validation)) shared.set(validation, await openDevice({ validation }));
    });
    body(() => shared.get(validation)!);
  });
}

function inBothModes(body: (validation: boolean, mode: string) => void): void {
  for (const validation of VALIDATION) {
    const mode = validation ? "checked" : "unchecked";
    describe(mode, () => body(validation, mode));
  }
}

export interface CheckOptions {
  /** Largest error, relative to the largest value of the output or gradient. */
  tol?: number;
  /** The values of input `i`, from `values(n, i + 1)`: to keep clear of kinks and poles. */
  prepare?: (list: number[], i: number) => number[];
  /** Inputs that take no gradient. */
  constant?: readonly number[];
}

/**
 * Checks an op against `reference`, its plain float64 definition: the output, and the gradient of
 * every input along a random direction against a central difference *of the reference*, so that
 * tolerances are those of f32 and not those of differences in f32. With Dawn's checks on, and off.
 */
export function checkOp(
  name: string,
  op: (...inputs: Tensor[]) => Tensor,
  reference: Reference,
  cases: readonly Shapes[],
  { tol = 1e-5, prepare = (list) => list, constant = [] }: CheckOptions = {},
): void {
  withSharedDevices((device) => {
    test.each(cases.map((shapes) => [shapes.map((shape) => `(${shape.join()})`).join(" "), shapes] as const))(
      `${name} %s`,
      async (_, shapes) => {
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
        const output = op(...inputs);
        const want = reference(lists, shapes);
        expectClose(await output.read(), want, tol, name);
        if (!output.requiresGrad) return;

        const seed = rounded(values(want.length, 99));
        backward(output, tensor(device(), seed, output.shape));
        const objective = (at: number[][]) =>
          reference(at, shapes).reduce((sum, value, j) => sum + value * seed[j]!, 0);
        for (const [i, list] of lists.entries()) {
          if (constant.includes(i)) continue;
          const direction = values(list.length, 7 + i);
          const step = 1e-5;
          const moved = (sign: number) =>
            objective(
              lists.map((other, j) =>
                j === i ? other.map((value, k) => value + sign * step * direction[k]!) : other,
              ),
            );
          const numeric = (moved(1) - moved(-1)) / (2 * step);
          const gradient = await inputs[i]!.grad!.read();
          const analytic = gradient.reduce((sum, value, k) => sum + value * direction[k]!, 0);
          const scale = Math.hypot(...gradient) * Math.hypot(...direction) + 1e-12;
          expect(Math.abs(analytic - numeric) / scale, `d ${name} / d input ${i}`).toBeLessThan(tol);
        }
      },
    );
  });
}
