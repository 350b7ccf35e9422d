import type { Shape } from "../tensor/shape.ts";

/** A parameter before it is on a device: its name, shape and initial values. */
export interface ParameterSpec {
  name: string;
  shape: Shape;
  values: Float32Array;
}
