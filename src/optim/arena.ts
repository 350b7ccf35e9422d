import type { Device } from "../device/device.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import type { ParameterSpec } from "../nn/parameter.ts";
import { show, sizeOf, type Shape } from "../tensor/shape.ts";
import { tensor, zeros, type Tensor } from "../tensor/tensor.ts";

/** Parameters start at multiples of 256 bytes, as WebGPU wants of bindings. */
const alignment = 64;

/**
 * The parameters of a model side by side in one block of device memory, and their gradients in
 * another, so that an optimizer updates all of them in one launch. The gaps hold zeros.
 *
 * The parameters require gradients, and `backward` leaves each gradient in its place in the arena.
 */
export class ParameterArena {
  readonly device: Device;
  readonly parameters: ReadonlyMap<string, Tensor>;
  /** All parameters with the gaps between them, as one list. */
  readonly values: Tensor;
  /** All gradients, laid out as `values`. */
  readonly gradients: Tensor;
  /** Numbers in all parameters, without the gaps. */
  readonly parameterCount: number;
  readonly #places = new Map<string, { first: number; shape: Shape }>();

  constructor(device: Device, specs: readonly ParameterSpec[]) {
    if (specs.length === 0) throw new ArgumentError("ParameterArena: there are no parameters");
    this.device = device;
    let length = 0;
    for (const { name, shape, values } of specs) {
      if (this.#places.has(name)) throw new ArgumentError(`ParameterArena: two parameters are named ${name}`);
      if (values.length !== sizeOf(shape))
        throw new ShapeError(
          `ParameterArena: ${name} has ${values.length} values for its shape ${show(shape)}`,
        );
      this.#places.set(name, { first: length, shape });
      length += Math.ceil(values.length / alignment) * alignment;
    }
    const initial = new Float32Array(length);
    for (const { name, values } of specs) initial.set(values, this.#places.get(name)!.first);

    this.parameterCount = specs.reduce((sum, { values }) => sum + values.length, 0);
    this.values = tensor(device, initial, [length], "parameter").keep();
    this.gradients = this.companion();
    this.parameters = this.slices(this.values);
    for (const [name, slot] of this.slices(this.gradients)) {
      const parameter = this.get(name);
      parameter.requiresGrad = true;
      parameter.gradSlot = slot;
    }
  }

  /** The parameter called `name`. */
  get(name: string): Tensor {
    const parameter = this.parameters.get(name);
    if (!parameter)
      throw new ArgumentError(
        `there is no parameter named ${name}; there are ${[...this.parameters.keys()].join(", ")}`,
      );
    return parameter;
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

  /** Frees parameters and gradients. */
  dispose(): void {
    for (const parameter of this.parameters.values()) {
      parameter.gradSlot?.dispose();
      parameter.dispose();
    }
    this.values.dispose();
    this.gradients.dispose();
  }
}
