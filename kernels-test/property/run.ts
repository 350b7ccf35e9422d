import type { Device } from "../../src/device/device.ts";
import { backward } from "../../src/tensor/tape.ts";
import { tensor, zeros, type Tensor } from "../../src/tensor/tensor.ts";
import { sizeOf, type Wanted } from "./arrays.ts";
import { difference } from "./compare.ts";
import type { Case } from "./property.ts";
import { isSubnormal, randomFrom } from "./values.ts";

/** Elements at whose multiples WebGPU binds memory. */
const STEP = 64;
const padded = (size: number) => Math.ceil(size / STEP) * STEP;

/** How far the reference is moved along a direction, both ways, for its derivative. */
const MOVE = 1e-5;
/**
 * The largest error of a derivative along a random direction, relative to the lengths of gradient and direction. A
 * hundredth of the output's gradient is added to the input's, whose terms may nearly cancel.
 */
const SLOPE_TOLERANCE = 2e-5;

/** Whether the device's arithmetic takes subnormal numbers as 0. */
export async function flushesSubnormals(device: Device): Promise<boolean> {
  const { add } = await import("../../src/ops/arithmetic.ts");
  return (await add(tensor(device, [2 ** -130]), tensor(device, [2 ** -130])).item()) === 0;
}

/** What is uploaded for many cases at once: NaN between the operands, so that reading past an end shows. */
class Upload {
  readonly #parts: { data: readonly number[]; first: number }[] = [];
  #size = STEP;

  add(data: readonly number[]): number {
    const first = this.#size;
    this.#parts.push({ data, first });
    this.#size += padded(data.length + 1);
    return first;
  }

  tensor(device: Device): Tensor {
    const all = new Float32Array(this.#size).fill(NaN);
    for (const { data, first } of this.#parts) all.set(data, first);
    return tensor(device, all);
  }
}

/**
 * Runs the cases, on one upload and one reading, and says of each what is wrong with it, or `undefined`. `flushes` says
 * that the device takes subnormal numbers as 0: references of arithmetic are then given zeros.
 */
export async function run(
  device: Device,
  cases: readonly Case[],
  flushes: boolean,
): Promise<(string | undefined)[]> {
  const upload = new Upload();
  let results = 0;
  const place = (size: number) => (results += size) - size;
  const planned = cases.map((one) => {
    const inputs = one.inputs.map(({ shape, data }) => ({ shape, first: upload.add(data) }));
    const read = flushes && !one.keepsSubnormals ? flushed(one) : one;
    const wanted = one.reference([...read.inputs]);
    const random = randomFrom(one.seed ^ 0x5eed);
    const list = (size: number) => Array.from({ length: size }, () => Math.fround(2 * random() - 1));
    const dy = one.differentiated.length > 0 ? list(wanted.data.length) : [];
    return {
      ...{ one: read, inputs, wanted, dy, dyAt: upload.add(dy), at: place(wanted.data.length) },
      directions: one.differentiated.map((i) => list(sizeOf(one.inputs[i]!.shape))),
      gradientsAt: one.differentiated.map((i) => place(sizeOf(one.inputs[i]!.shape))),
      wrong: undefined as string | undefined,
    };
  });

  const found = device.scope(() => {
    const all = upload.tensor(device);
    const found = zeros(device, [results + 1]);
    const copy = (from: Tensor, first: number) => {
      if (from.size === 0) return;
      const { storage } = from;
      device.launch(
        {
          ...{ kind: "copy", from: storage.buffer, fromOffset: from.byteOffset },
          ...{ to: found.storage.buffer, toOffset: 4 * first, bytes: from.byteLength },
        },
        [storage, found.storage],
      );
    };
    for (const plan of planned)
      try {
        device.scope(() => launch(all, plan, copy));
      } catch (error) {
        plan.wrong = `it throws ${String(error)}`;
      }
    return found;
  });
  const values = await found.read();
  found.dispose();
  return planned.map(({ one, wanted, dy, at, directions, gradientsAt, wrong }) => {
    const part = (first: number, size: number) => values.subarray(first, first + size);
    wrong ??= difference(part(at, wanted.data.length), wanted, one);
    one.differentiated.forEach((i, k) => {
      const direction = directions[k]!;
      wrong ??= slopeDifference(one, i, part(gradientsAt[k]!, direction.length), direction, dy);
    });
    return wrong;
  });
}

interface Plan {
  one: Case;
  inputs: { shape: readonly number[]; first: number }[];
  wanted: Wanted;
  dy: number[];
  dyAt: number;
  at: number;
  gradientsAt: number[];
}

/** Runs one case on its part of the upload, forward and backward. */
function launch(all: Tensor, plan: Plan, copy: (from: Tensor, first: number) => void): void {
  const { one, wanted } = plan;
  const inputs = plan.inputs.map(({ shape, first }) => all.view(shape, first));
  for (const i of one.differentiated) inputs[i]!.requiresGrad = true;
  const y = one.launch(inputs);
  if (y.shape.join() !== wanted.shape.join())
    throw new Error(`the shape (${y.shape.join()}); it should be (${wanted.shape.join()})`);
  copy(y, plan.at);
  if (one.differentiated.length === 0) return;
  backward(y, all.view(wanted.shape, plan.dyAt));
  one.differentiated.forEach((i, k) => copy(inputs[i]!.grad!, plan.gradientsAt[k]!));
}

/** The case with zeros in place of subnormal numbers, whose signs are lost. */
function flushed(one: Case): Case {
  if (!one.inputs.some(({ data }) => data.some(isSubnormal))) return one;
  const inputs = one.inputs.map(({ shape, data }) => ({
    shape,
    data: data.map((x) => (isSubnormal(x) ? 0 * x : x)),
  }));
  return { ...one, inputs, signedZeros: false };
}

/** What is wrong with the gradient of operand i, of which the reference is asked for its derivative along `direction`. */
function slopeDifference(
  one: Case,
  i: number,
  gradient: Float32Array,
  direction: readonly number[],
  dy: readonly number[],
): string | undefined {
  const objective = (sign: number) => {
    const moved = one.inputs.map(({ shape, data }, j) =>
      j === i ? { shape, data: data.map((x, k) => x + sign * MOVE * direction[k]!) } : { shape, data },
    );
    return one.reference(moved).data.reduce((sum, value, k) => sum + value * dy[k]!, 0);
  };
  const want = (objective(1) - objective(-1)) / (2 * MOVE);
  const got = gradient.reduce((sum, value, k) => sum + value * direction[k]!, 0);
  const scale = (length(gradient) + 1e-2 * length(dy)) * length(direction);
  const error = Math.abs(got - want);
  if (error <= SLOPE_TOLERANCE * scale) return undefined;
  return `the gradient of operand ${i} along a direction is ${got}; it should be ${want} (off by ${error / scale})`;
}

const length = (list: ArrayLike<number>) => Math.sqrt(Array.from(list).reduce((sum, x) => sum + x * x, 0));
