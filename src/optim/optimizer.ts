import { kernel, linearGrid } from "../device/kernel.ts";
import { checkNumber, checkOptions } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { inWindows } from "../tensor/windows.ts";
import { ParameterGroup } from "./arena.ts";
import { Clock, type ClockReading } from "./clock.ts";
import type { Schedule } from "./schedules.ts";

const optimizerKernel = kernel("optimizer");
const WG = 64;

/** Moves the parameters of one arena along their gradients. */
export interface Optimizer {
  /**
   * Updates all parameters from the gradients in their arena and sets these to zero, in two launches
   * (four with a clip); in some more where no binding holds the whole arena. A parameter that got no
   * gradient counts as having gradient zero: it moves by momentum and weight decay alone. Everything
   * that changes is on the device, so steps can be recorded.
   */
  step(): void;
  /** Updates so far, learning rate, gradient norm. */
  read(): Promise<ClockReading>;
  /**
   * What the learning rate is multiplied by, beside its schedule, from the next update on, recorded ones too; 1 unless set.
   * Throws ArgumentError for what is no finite number from 0.
   */
  rateFactor: number;
  /** All that a checkpoint needs, beside `rateFactor`, to be read and written bit by bit: `clock`, `mean.<parameter>`, `variance.<parameter>`. */
  state(): ReadonlyMap<string, Tensor>;
  /** Frees the optimizer's memory; the arena stays. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** What every optimizer takes. */
export interface OptimizerOptions {
  /** Learning rate; the schedule starts from it. */
  rate: number;
  /** How the rate changes; constant unless given. */
  schedule?: Schedule | undefined;
  /** Largest norm of the whole gradient; also leaves out updates with a gradient that is not finite. */
  clip?: number | undefined;
  /** Each update also takes this share of rate · parameter off; apart from the gradient's moments. */
  weightDecay?: number | undefined;
  /**
   * Which parameters the weight decay takes from, by name and shape; all unless given. `(_, shape) => shape.length > 1`
   * leaves out biases and the scales of normalisations.
   */
  decays?: ((name: string, shape: Shape) => boolean) | undefined;
}

export interface AdamOptions extends OptimizerOptions {
  /** Decay rates of the first and second moment; 0.9 and 0.999. */
  betas?: readonly [number, number] | undefined;
  /** Added to the root of the second moment. */
  epsilon?: number | undefined;
}

/**
 * AdaBelief (Zhuang et al. 2020) as Optax has it:
 * m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)(g−m)² + ε_root, θ ← θ − rate · m̂ / (√v̂ + ε),
 * with the new m in the second formula; ε = ε_root = 1e-16.
 */
export function adaBelief(
  arena: ParameterGroup,
  given: AdamOptions & { epsilonRoot?: number | undefined },
): Optimizer {
  const {
    betas = [0.9, 0.999],
    epsilon = 1e-16,
    epsilonRoot = 1e-16,
    ...options
  } = checked("adaBelief", arena, given);
  return new ArenaOptimizer(arena, "ada_belief", ["mean", "variance"], options, {
    betas,
    epsilon,
    epsilonRoot,
  });
}

/** Adam (Kingma and Ba 2015): m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², θ ← θ − rate · m̂ / (√v̂ + ε); ε = 1e-8. */
export function adam(arena: ParameterGroup, given: AdamOptions): Optimizer {
  const { betas = [0.9, 0.999], epsilon = 1e-8, ...options } = checked("adam", arena, given);
  return new ArenaOptimizer(arena, "adam", ["mean", "variance"], options, { betas, epsilon });
}

/** Adam with weight decay apart from the moments (Loshchilov and Hutter 2019); 1e-2 unless given. */
export function adamW(arena: ParameterGroup, given: AdamOptions): Optimizer {
  const { weightDecay = 1e-2, ...options } = checked("adamW", arena, given);
  return adam(arena, { ...options, weightDecay });
}

/** RMSProp (Tieleman and Hinton 2012): v ← βv + (1−β)g², θ ← θ − rate · g / (√v + ε); β = 0.9, ε = 1e-8. */
export function rmsProp(
  arena: ParameterGroup,
  given: OptimizerOptions & { beta?: number | undefined; epsilon?: number | undefined },
): Optimizer {
  const { beta = 0.9, epsilon = 1e-8, ...options } = checked("rmsProp", arena, given);
  return new ArenaOptimizer(arena, "rms_prop", ["variance"], options, { betas: [0, beta], epsilon });
}

/**
 * Gradient descent: θ ← θ − rate · g; with momentum μ: m ← μm + g, θ ← θ − rate · m, or with
 * `nesterov` rate · (g + μm). No momentum unless given.
 */
export function sgd(
  arena: ParameterGroup,
  given: OptimizerOptions & { momentum?: number | undefined; nesterov?: boolean | undefined },
): Optimizer {
  const { momentum = 0, nesterov = false, ...options } = checked("sgd", arena, given);
  if (!(momentum >= 0 && momentum < 1))
    throw new ArgumentError(`sgd: momentum is from 0 to below 1, not ${momentum}`);
  if (momentum === 0) return new ArenaOptimizer(arena, "sgd", [], options, {});
  return new ArenaOptimizer(arena, "sgd_momentum", ["mean"], options, { momentum, nesterov });
}

/** The options of an optimizer. Throws ArgumentError unless they are such, and `arena` holds parameters. */
function checked<Options extends object>(what: string, arena: unknown, options: Options): Options {
  if (!(arena instanceof ParameterGroup))
    throw new ArgumentError(`${what}: it moves the parameters of a ParameterArena, not ${String(arena)}`);
  checkOptions(what, options);
  return options;
}

/** The constants of an update, as far as it has them. */
interface Constants {
  betas?: readonly [number, number] | undefined;
  epsilon?: number | undefined;
  epsilonRoot?: number | undefined;
  momentum?: number | undefined;
  nesterov?: boolean | undefined;
}

/** An entry point of `shaders/optimizer.wgsl`, the moments that it keeps, and its clock. */
class ArenaOptimizer implements Optimizer {
  readonly #arena: ParameterGroup;
  readonly #entryPoint: string;
  readonly #clock: Clock;
  readonly #moments: Record<string, Tensor>;
  readonly #state: Map<string, Tensor>;
  readonly #params: Record<string, number>;
  /** Neighbours in the arena that decay alike. */
  readonly #parts: readonly { first: number; size: number; decay: number }[];

  constructor(
    arena: ParameterGroup,
    entryPoint: string,
    moments: readonly string[],
    { weightDecay = 0, decays, ...options }: OptimizerOptions,
    { betas = [0, 0], epsilon = 0, epsilonRoot = 0, momentum = 0, nesterov = false }: Constants,
  ) {
    for (const [name, value] of Object.entries({ weightDecay, epsilon, epsilonRoot }))
      checkNumber(`optimizer: ${name}`, value, 0);
    this.#arena = arena;
    this.#entryPoint = entryPoint;
    this.#clock = new Clock(arena, { ...options, betas });
    this.#moments = Object.fromEntries(moments.map((moment) => [moment, arena.companion()]));
    this.#state = new Map([["clock", this.#clock.tensor]]);
    for (const [moment, whole] of Object.entries(this.#moments))
      for (const [name, slice] of arena.slices(whole)) this.#state.set(`${moment}.${name}`, slice);
    this.#parts = arena
      .runs((name, shape) => weightDecay !== 0 && (decays?.(name, shape) ?? true))
      .map(({ holds, ...place }) => ({ ...place, decay: holds ? weightDecay : 0 }));
    this.#params = {
      beta1: betas[0],
      gain1: 1 - betas[0],
      gain2: 1 - betas[1],
      epsilon,
      epsilon_root: epsilonRoot,
      momentum,
      nesterov: nesterov ? 1 : 0,
    };
  }

  step(): void {
    this.#clock.advance();
    const { values: parameters, gradients } = this.#arena;
    const arrays = 2 + Object.keys(this.#moments).length;
    const whole = { parameters, gradients, ...this.#moments };
    for (const { first, size, decay } of this.#parts)
      parameters.device.scope(() => {
        const part = Object.fromEntries(
          Object.entries<Tensor>(whole).map(([name, all]) => [name, all.view([size], first)]),
        );
        inWindows(part, (windows, size) => {
          const operands = { clock: this.#clock.tensor, ...windows };
          const params = { ...this.#params, decay, N4: size / 4 };
          const work = { bytes: 8 * size * arrays };
          optimizerKernel(this.#entryPoint, operands, params, linearGrid(size / 4, WG), { work });
        });
      });
  }

  get rateFactor(): number {
    return this.#clock.factor.value;
  }

  set rateFactor(factor: number) {
    checkNumber("optimizer: rateFactor", factor, 0);
    this.#clock.factor.write(factor);
  }

  read(): Promise<ClockReading> {
    return this.#clock.read();
  }

  state(): ReadonlyMap<string, Tensor> {
    return this.#state;
  }

  dispose(): void {
    for (const owned of [...this.#state.values(), ...Object.values(this.#moments)]) owned.dispose();
    this.#clock.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
