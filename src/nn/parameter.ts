import type { Shape } from "../tensor/shape.ts";

/** A parameter before it is on a device: its name, shape and initial values. */
export interface ParameterSpec {
  name: string;
  shape: Shape;
  values: Float32Array;
}

/** A tensor that a network keeps from step to step beside its parameters, with the values that it starts from. */
export type StateSpec = ParameterSpec;
