import { checkFunction, checkList, checkOptions } from "../device/arguments.ts";
import { NumericalError, ShapeError } from "../device/errors.ts";
import { backward } from "./tape.ts";
import { checkOperands, tensor, type Tensor } from "./tensor.ts";

export interface GradcheckOptions {
  /**
   * The plain definition of the operation in float64: from the values of the inputs, row by row, and their shapes to those
   * of the output. With it the output is compared too, and derivatives are differences of it. Without it they are
   * differences of the operation itself, in float32, which agree to two or three digits.
   */
  reference?: ((inputs: number[][], shapes: number[][]) => ArrayLike<number>) | undefined;
  /** The largest relative error that passes; 1e-5 with a reference, 1e-2 without. */
  tolerance?: number | undefined;
}

/** Relative errors of an operation: of its output, where there is a reference, and of the gradient of each input that requires one. */
export interface GradcheckReport {
  output: number | undefined;
  gradients: (number | undefined)[];
}

/**
 * Checks `op(...inputs)`: its output against a reference, and the gradient of each input that requires one, along a random
 * direction, against a central difference. An output's error is relative to its largest value, a gradient's to its norm.
 * The inputs keep their values and get their gradients.
 *
 * Throws NumericalError naming what is off by more than the tolerance, ShapeError where the reference gives another
 * number of values.
 */
export async function gradcheck(
  op: (...inputs: Tensor[]) => Tensor,
  inputs: readonly Tensor[],
  options: GradcheckOptions = {},
): Promise<GradcheckReport> {
  checkFunction("gradcheck: the operation", op);
  checkList("gradcheck: the list of inputs", inputs);
  checkOperands("gradcheck", ...inputs);
  checkOptions("gradcheck", options);
  const { reference, tolerance = reference ? 1e-5 : 1e-2 } = options;
  const lists: number[][] = [];
  for (const input of inputs) lists.push([...(await input.read())]);
  const shapes = inputs.map(({ shape }) => [...shape]);
  const output = op(...inputs);
  checkOperands("gradcheck, what the operation gives", output);
  const got = await output.read();
  const want = reference?.(lists, shapes);
  const report: GradcheckReport = {
    output: want && outputError(got, want),
    gradients: inputs.map(() => undefined),
  };
  const fail = (what: string, error: number) => {
    throw new NumericalError(
      `gradcheck: ${what} is off by ${error.toPrecision(3)}, relatively, more than ${tolerance}`,
    );
  };
  if (report.output !== undefined && !(report.output < tolerance)) fail("the output", report.output);
  const isNew = !inputs.includes(output);
  if (!output.requiresGrad) {
    if (isNew) output.dispose();
    return report;
  }

  const seed = Float32Array.from(values(got.length, 99));
  const { device } = output;
  using seedTensor = tensor(device, seed, output.shape);
  backward(output, seedTensor);
  if (isNew) output.dispose();
  const along = (made: ArrayLike<number>) => seed.reduce((sum, weight, i) => sum + weight * made[i]!, 0);
  for (const [i, input] of inputs.entries()) {
    if (!input.requiresGrad) continue;
    const direction = values(input.size, 7 + i);
    const step = reference ? 1e-5 : 1e-2;
    const objective = async (sign: number) => {
      const moved = lists[i]!.map((value, k) => value + sign * step * direction[k]!);
      if (reference) return along(reference(lists.with(i, moved), shapes));
      input.write(moved);
      const there = device.noGrad(() => op(...inputs));
      const value = along(await there.read());
      if (!inputs.includes(there)) there.dispose();
      return value;
    };
    const numeric = ((await objective(1)) - (await objective(-1))) / (2 * step);
    if (!reference) input.write(lists[i]!);
    const gradient = (await input.grad?.read()) ?? new Float32Array(input.size);
    const analytic = gradient.reduce((sum, value, k) => sum + value * direction[k]!, 0);
    const size = Math.hypot(...gradient) * Math.hypot(...direction) + 1e-12;
    const error = Math.abs(analytic - numeric) / size;
    report.gradients[i] = error;
    if (!(error < tolerance)) fail(`the gradient of input ${i}`, error);
  }
  return report;
}

function outputError(got: Float32Array, want: ArrayLike<number>): number {
  if (got.length !== want.length)
    throw new ShapeError(`gradcheck: the output has ${got.length} values, the reference ${want.length}`);
  let worst = 0;
  let largest = 1e-12;
  got.forEach((value, i) => {
    const error = Math.abs(value - want[i]!);
    worst = Number.isNaN(error) ? Infinity : Math.max(worst, error);
    largest = Math.max(largest, Math.abs(want[i]!));
  });
  return worst / largest;
}

/** Deterministic values in [-1, 1). */
export function values(n: number, seed = 1): number[] {
  let state = seed >>> 0;
  return Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}
