import type { Device } from "../device/device.ts";
import { ArgumentError } from "../device/errors.ts";
import { tensor, type Tensor } from "./tensor.ts";

/**
 * A number that may change between steps of training, in device memory: a recorded step reads it anew each time that it
 * runs, where a JavaScript number is fixed when the step is recorded. No gradient goes to it.
 */
export class Scalar {
  /** One element, of shape (). */
  readonly tensor: Tensor;
  #value: number;

  constructor(device: Device, value: number) {
    checkFinite(value);
    this.#value = value;
    this.tensor = tensor(device, [value], [], "state").keep();
  }

  /** The number that was written last. */
  get value(): number {
    return this.#value;
  }

  /** Gives it another value, from the next step on. Throws ArgumentError for what is not finite. */
  write(value: number): void {
    checkFinite(value);
    if (value === this.#value) return;
    this.#value = value;
    this.tensor.write([value]);
  }

  /** Frees its memory. */
  dispose(): void {
    this.tensor.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

function checkFinite(value: number): void {
  if (!Number.isFinite(value)) throw new ArgumentError(`a scalar is a finite number, not ${value}`);
}
