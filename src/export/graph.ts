import type { Device } from "../device/device.ts";
import { ArgumentError } from "../device/errors.ts";
import { sameShape, show, sizeOf, type Shape } from "../tensor/shape.ts";
import { tensor, type Tensor } from "../tensor/tensor.ts";
import { listen, type Operation } from "../tensor/trace.ts";

/** An extent: a number, "N" for the samples of a batch, or a multiple of these, `6N`. */
export type Extent = number | string;

/** What a computation takes, given or drawn: `samples`, `noise`. */
export interface InputValue {
  kind: "input";
  name: string;
  shape: readonly Extent[];
}

/** What does not depend on any input, with its values. */
export interface ConstantValue {
  kind: "constant";
  /** Of the parameter or the state that it is, or that it was made of. */
  name: string | undefined;
  /** Whether it is that parameter or state itself. */
  isOwn: boolean;
  /** All parameters and states that it was made of. */
  origins: readonly string[];
  shape: Shape;
  values: Float32Array;
}

/** What an operation made of others. */
export interface OperationValue {
  kind: "operation";
  name: string | undefined;
  shape: readonly Extent[];
  inputs: readonly (Value | number | undefined)[];
  options: Readonly<Record<string, unknown>>;
}

export type Value = InputValue | ConstantValue | OperationValue;

/** A computation as a graph: what it takes, and what it gives by name. */
export interface Graph {
  inputs: readonly InputValue[];
  outputs: ReadonlyMap<string, Value>;
}

/** A function of batches of samples: from a tensor for each input, and the number of samples, to one for each output. */
export type Computation = (
  inputs: Readonly<Record<string, Tensor>>,
  count: number,
) => Readonly<Record<string, Tensor>>;

/** What random operations make is an input of the graph, of this name. */
const drawn: Readonly<Record<string, string>> = { randomNormal: "noise", randomUniform: "uniform" };

/** Batches that a computation is heard with: what differs between them is the number of samples, or depends on them. */
const COUNTS = [2, 3] as const;

/**
 * The graph of a computation that takes batches of samples of the shapes `inputs`. It runs twice, on two and on three samples.
 * `names` are those of the tensors whose values belong to the model.
 *
 * @throws ArgumentError for one that does something else with another number of samples, or depends on its inputs by
 * operations that nothing is known of.
 */
export async function graphOf(
  device: Device,
  inputs: Readonly<Record<string, Shape>>,
  compute: Computation,
  names: ReadonlyMap<string, Tensor> = new Map(),
): Promise<Graph> {
  const runs = COUNTS.map((count) => new Run(device, inputs, compute, names, count)) as [Run, Run];
  try {
    return await matched(runs);
  } finally {
    for (const run of runs) run.dispose();
  }
}

/** What was heard of a computation with one number of samples. */
class Run {
  readonly given: ReadonlyMap<string, Tensor>;
  readonly results: ReadonlyMap<string, Tensor>;
  /** Operations that depend on an input, in order. */
  readonly operations: Operation[] = [];
  readonly made = new Map<Tensor, number>();
  readonly #dependent: Set<Tensor>;
  /** Constants that such operations take, as views that stay when their scope has ended. */
  readonly #kept = new Map<Tensor, Tensor>();
  /** What constants were made of. */
  readonly #origins = new Map<Tensor, readonly string[]>();
  readonly #names: ReadonlyMap<string, Tensor>;

  constructor(
    device: Device,
    inputs: Readonly<Record<string, Shape>>,
    compute: Computation,
    names: ReadonlyMap<string, Tensor>,
    count: number,
  ) {
    this.#names = names;
    const made = Object.entries(inputs).map(([name, shape]) => {
      const whole = [count, ...shape];
      const values = Float32Array.from({ length: sizeOf(whole) }, (_, i) => Math.sin(count + i * 1.7));
      return [name, tensor(device, values, whole).keep()] as const;
    });
    this.given = new Map(made);
    this.#dependent = new Set(this.given.values());
    const results = device.noGrad(() =>
      listen(
        (operation) => this.#hear(operation),
        () => device.scope(() => compute(Object.fromEntries(made), count)),
      ),
    );
    this.results = new Map(Object.entries(results));
    for (const result of this.results.values()) result.keep();
  }

  dependsOnInput(value: Tensor): boolean {
    return this.#dependent.has(value);
  }

  /** The parameter or state that it is, or those that it was made of, one of which may be as large. */
  origin(constant: Tensor): Pick<ConstantValue, "name" | "isOwn" | "origins"> {
    const own = this.#ownName(constant);
    if (own !== undefined) return { name: own, isOwn: true, origins: [own] };
    const origins = this.#origins.get(constant) ?? [];
    const alike = origins.filter((name) => this.#names.get(name)!.size === constant.size);
    return { name: alike.length === 1 ? alike[0] : undefined, isOwn: false, origins };
  }

  async read(constant: Tensor): Promise<Float32Array> {
    return this.#kept.get(constant)!.read();
  }

  dispose(): void {
    for (const each of [...this.given.values(), ...this.results.values(), ...this.#kept.values()])
      each.dispose();
  }

  #hear(operation: Operation): void {
    const { name, output, inputs } = operation;
    if (this.made.has(output) || this.#dependent.has(output)) return; // what it is made of says less
    const tensors = inputs.filter((input) => typeof input === "object");
    const isDependent =
      (name !== undefined && name in drawn) || tensors.some((input) => this.#dependent.has(input));
    if (!isDependent) {
      const origins = tensors.flatMap((input) => this.#ownName(input) ?? this.#origins.get(input) ?? []);
      this.#origins.set(output, [...new Set(origins)]);
      return;
    }
    this.#dependent.add(output);
    this.made.set(output, this.operations.push(operation) - 1);
    for (const input of tensors)
      if (!this.#dependent.has(input) && !this.#kept.has(input)) this.#kept.set(input, input.view().keep());
  }

  #ownName({ storage, byteOffset, size }: Tensor): string | undefined {
    for (const [name, own] of this.#names)
      if (own.storage === storage && own.byteOffset === byteOffset && own.size === size) return name;
    return undefined;
  }
}

/** The graph that two runs of a computation have in common. */
async function matched([first, second]: readonly [Run, Run]): Promise<Graph> {
  const values = new Map<Tensor, Value>();
  const inputs: InputValue[] = [];
  const input = (name: string, tensor: Tensor, other: Tensor) => {
    const value: InputValue = { kind: "input", name, shape: shapeOf(tensor, other) };
    values.set(tensor, value);
    inputs.push(value);
    return value;
  };
  for (const [name, given] of first.given) input(name, given, second.given.get(name)!);

  const constant = async (tensor: Tensor, other: Tensor): Promise<ConstantValue> => {
    const origin = first.origin(tensor);
    const read = await first.read(tensor);
    const isSame = origin.isOwn || areSame(read, await second.read(other));
    if (!isSame || !sameShape(tensor.shape, other.shape))
      throw new ArgumentError(
        `a tensor of shape ${show(tensor.shape)} depends on the samples of a batch, or their number, in a way that cannot ` +
          `be exported: by what no operation of the package does, or as something made for a batch of that length`,
      );
    return { kind: "constant", ...origin, shape: tensor.shape, values: read };
  };

  const value = async (tensor: Tensor, other: Tensor): Promise<Value> => {
    const known = values.get(tensor);
    if (known) return known;
    const made = first.made.get(tensor);
    if (made === undefined) {
      const found = await constant(tensor, other);
      values.set(tensor, found);
      return found;
    }
    const [one, two] = [first.operations[made]!, second.operations[made]];
    if (one.name !== two?.name || one.inputs.length !== two?.inputs.length || second.made.get(other) !== made)
      throw new ArgumentError(
        "the computation does something else with another number of samples, and cannot be exported",
      );
    const random = one.name === undefined ? undefined : drawn[one.name];
    if (random !== undefined) {
      const before = inputs.filter(({ name }) => name.startsWith(random)).length;
      return input(before === 0 ? random : `${random}${before + 1}`, tensor, other);
    }
    const operands: OperationValue["inputs"][number][] = [];
    for (const [i, operand] of one.inputs.entries())
      operands.push(typeof operand === "object" ? await value(operand, two.inputs[i] as Tensor) : operand);
    const found: OperationValue = {
      kind: "operation",
      name: one.name,
      shape: shapeOf(tensor, other),
      inputs: operands,
      options: one.options,
    };
    values.set(tensor, found);
    return found;
  };

  const outputs = new Map<string, Value>();
  for (const [name, result] of first.results) {
    if (!first.dependsOnInput(result))
      throw new ArgumentError(`${name} does not depend on any input by operations of the package`);
    outputs.set(name, await value(result, second.results.get(name)!));
  }
  return { inputs, outputs };
}

/** The extents that two batches have in common; those that differ grow with the number of samples. */
function shapeOf({ shape }: Tensor, other: Tensor): Extent[] {
  return shape.map((extent, axis) => {
    const second = other.shape[axis]!;
    if (extent === second) return extent;
    const [perSample, again] = [extent / COUNTS[0], second / COUNTS[1]];
    if (perSample !== again || other.shape.length !== shape.length)
      throw new ArgumentError(
        `a tensor is of shape ${show(shape)} for ${COUNTS[0]} samples and ${show(other.shape)} for ${COUNTS[1]}, which ` +
          `cannot be exported for any number of them`,
      );
    return perSample === 1 ? "N" : `${perSample}N`;
  });
}

function areSame(a: Float32Array, b: Float32Array): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}
