import { checkOptions } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import type { ParameterGroup } from "./arena.ts";
import { adaBelief, adam, adamW, rmsProp, sgd, type Optimizer, type OptimizerOptions } from "./optimizer.ts";

export const optimizerKinds = ["adabelief", "adam", "adamw", "rmsprop", "sgd"] as const;
export type OptimizerKind = (typeof optimizerKinds)[number];

/** An optimizer in plain data; what is left out is as its function has it. */
export interface OptimizerSettings extends OptimizerOptions {
  kind: OptimizerKind;
  /** Decay rates of the moments of AdaBelief, Adam and AdamW. */
  betas?: readonly [number, number] | undefined;
  /** Decay rate of the second moment of RMSProp. */
  beta?: number | undefined;
  /** Momentum of gradient descent. */
  momentum?: number | undefined;
  nesterov?: boolean | undefined;
  epsilon?: number | undefined;
}

/** What of another optimizer's settings is changed. */
export interface OptimizerChanges extends Omit<OptimizerSettings, "kind" | "rate"> {
  kind?: OptimizerKind | undefined;
  rate?: number | undefined;
}

/** The optimizer that `settings` describe, over the parameters of `group`. */
export function optimizerOf(group: ParameterGroup, settings: OptimizerSettings): Optimizer {
  checkOptions("optimizer", settings);
  const { kind, ...options } = settings;
  switch (kind) {
    case "adabelief":
      return adaBelief(group, options);
    case "adam":
      return adam(group, options);
    case "adamw":
      return adamW(group, options);
    case "rmsprop":
      return rmsProp(group, options);
    case "sgd":
      return sgd(group, options);
    default:
      throw new ArgumentError(
        `optimizer: its kind is one of ${optimizerKinds.join(", ")}, not ${String(kind)}`,
      );
  }
}
