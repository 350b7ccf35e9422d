export { ParameterArena, ParameterGroup } from "./arena.ts";
export {
  adaBelief,
  adam,
  adamW,
  rmsProp,
  sgd,
  type AdamOptions,
  type Optimizer,
  type OptimizerOptions,
} from "./optimizer.ts";
export type { Schedule } from "./schedules.ts";
export {
  optimizerOf,
  type OptimizerKind,
  type OptimizerChanges,
  type OptimizerSettings,
} from "./settings.ts";
