import { checkList, hint } from "../device/arguments.ts";
import { checkDevice, type Device } from "../device/device.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import type { ParameterSpec } from "../nn/parameter.ts";
import { checkShape, show, sizeOf, type Shape } from "../tensor/shape.ts";
import { tensor, zeros, type Tensor } from "../tensor/tensor.ts";

/** Parameters start at multiples of 256 bytes, as WebGPU wants of bindings. */
const alignment = 64;

/** Where a parameter lies among its neighbours, in elements. */
interface Place {
  first: number;
  shape: Shape;
}

const spaceOf = ({ shape }: Place) => Math.ceil(sizeOf(shape) / alignment) * alignment;

/**
 * Parameters that lie side by side in one block of device memory, and their gradients in another: what an optimizer
 * updates in one launch. The gaps hold zeros.
 */
export class ParameterGroup {
  readonly device: Device;
  readonly parameters: ReadonlyMap<string, Tensor>;
  /** All parameters with the gaps between them, as one list. */
  readonly values: Tensor;
  /** All gradients, laid out as `values`. */
  readonly gradients: Tensor;
  /** Numbers in all parameters, without the gaps. */
  readonly parameterCount: number;
  readonly #places: ReadonlyMap<string, Place>;

  protected constructor(
    values: Tensor,
    gradients: Tensor,
    places: ReadonlyMap<string, Place>,
    parameters?: ReadonlyMap<string, Tensor>,
  ) {
    this.device = values.device;
    this.values = values;
    this.gradients = gradients;
    this.#places = places;
    this.parameterCount = [...places.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
    this.parameters = parameters ?? this.slices(values);
  }

  /** The parameter called `name`. */
  get(name: string): Tensor {
    const parameter = this.parameters.get(name);
    if (!parameter)
      throw new ArgumentError(
        `there is no parameter named ${name}${hint(name, this.parameters.keys())}; there are ${[...this.parameters.keys()].join(", ")}`,
      );
    return parameter;
  }

  /**
   * Some of the parameters, which are neighbours, as a group of their own: the same tensors in the same memory.
   *
   * @throws ArgumentError for none, for names that there are not, and where others lie between them.
   */
  part(names: readonly string[]): ParameterGroup {
    const wanted = new Set(names);
    for (const name of wanted) this.get(name);
    const all = [...this.#places];
    const from = all.findIndex(([name]) => wanted.has(name));
    const own = all.slice(from, from + wanted.size);
    const stray = own.find(([name]) => !wanted.has(name));
    if (from < 0 || stray)
      throw new ArgumentError(
        `a group of parameters: ${stray ? `${stray[0]} lies between ${names.join(", ")}` : "there are none"}`,
      );
    const { first } = own[0]![1];
    const last = own.at(-1)![1];
    const shape = [last.first + spaceOf(last) - first];
    return new ParameterGroup(
      this.values.view(shape, first).keep(),
      this.gradients.view(shape, first).keep(),
      new Map(own.map(([name, place]) => [name, { ...place, first: place.first - first }])),
      new Map(own.map(([name]) => [name, this.get(name)])),
    );
  }

  /** Where in `values` neighbours lie for which `test` gives the same, in elements; the gap after each belongs to it. */
  runs(test: (name: string, shape: Shape) => boolean): { first: number; size: number; holds: boolean }[] {
    const runs: { first: number; size: number; holds: boolean }[] = [];
    for (const [name, place] of this.#places) {
      const holds = test(name, place.shape);
      const last = runs.at(-1);
      if (last?.holds === holds) last.size += spaceOf(place);
      else runs.push({ first: place.first, size: spaceOf(place), holds });
    }
    return runs;
  }

  /** Zeros laid out as the parameters are: for what an optimizer keeps of each. */
  companion(): Tensor {
    return zeros(this.device, this.values.shape, "optimizer").keep();
  }

  /** The part of `whole`, a tensor laid out as the parameters are, that belongs to each of them. */
  slices(whole: Tensor): Map<string, Tensor> {
    return new Map(
      [...this.#places].map(([name, { first, shape }]) => {
        const slice = whole.view(shape, first).keep();
        slice.name = name;
        return [name, slice];
      }),
    );
  }

  /** Lets go of the memory; the parameters themselves, and what they lie in, are their arena's. */
  dispose(): void {
    this.values.dispose();
    this.gradients.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * The parameters of a model, all of them side by side. They require gradients, and `backward` leaves each gradient in
 * its place in the arena.
 */
export class ParameterArena extends ParameterGroup {
  constructor(device: Device, specs: readonly ParameterSpec[]) {
    checkDevice("ParameterArena", device);
    checkList("ParameterArena: the list of parameters", specs);
    if (specs.length === 0) throw new ArgumentError("ParameterArena: there are no parameters");
    const places = new Map<string, Place>();
    let length = 0;
    for (const { name, shape, values } of specs) {
      checkShape(`ParameterArena: ${name}`, shape);
      if (places.has(name)) throw new ArgumentError(`ParameterArena: two parameters are named ${name}`);
      if (values?.length !== sizeOf(shape))
        throw new ShapeError(
          `ParameterArena: ${name} has ${values?.length ?? "no"} values for its shape ${show(shape)}`,
        );
      const place = { first: length, shape };
      places.set(name, place);
      length += spaceOf(place);
    }
    const initial = new Float32Array(length);
    for (const { name, values } of specs) initial.set(values, places.get(name)!.first);
    const values = tensor(device, initial, [length], "parameter").keep();
    super(values, zeros(device, values.shape, "optimizer").keep(), places);
    for (const [name, slot] of this.slices(this.gradients)) {
      const parameter = this.get(name);
      parameter.requiresGrad = true;
      parameter.gradSlot = slot;
    }
  }

  /** Frees parameters and gradients. */
  override dispose(): void {
    for (const parameter of this.parameters.values()) {
      parameter.gradSlot?.dispose();
      parameter.dispose();
    }
    super.dispose();
  }
}
