import { definedOnly } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import type { Model } from "../models/model.ts";
import type { Batch } from "../models/parts.ts";
import type { Losses, Phase } from "../models/phase.ts";
import type { RandomState } from "../ops/random.ts";
import type { ParameterGroup } from "../optim/arena.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { optimizerOf, type OptimizerSettings } from "../optim/settings.ts";
import { noGrad, record, type Program } from "../tensor/record.ts";
import { backward } from "../tensor/tape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** How parameters are moved: settings, which a phase may override, or a function that makes the optimizer of a group. */
export type Optimization = OptimizerSettings | ((group: ParameterGroup, phase: Phase) => Optimizer);

/** Groups that lie side by side, and what moves them. */
interface Moved {
  name: string;
  group: ParameterGroup;
  optimizer: Optimizer;
}

/** A phase with optimizers of its own for what it moves: taken once and recorded, then replayed. */
export class PhaseRun {
  readonly phase: Phase;
  readonly #model: Model;
  readonly #moves: readonly string[];
  readonly #moved: Moved[] = [];
  #recorded: { program: Program; losses: Losses } | undefined;

  /** Throws ArgumentError for groups that the model does not have, and for a phase that moves none. */
  constructor(model: Model, phase: Phase, moves: readonly string[], optimization: Optimization) {
    this.phase = phase;
    this.#model = model;
    this.#moves = moves;
    const runs = sideBySide(model, phase.name, moves);
    if (runs.length > 1 && typeof optimization !== "function" && (optimization.clip ?? phase.optimizer?.clip))
      throw new ArgumentError(
        `phase ${phase.name}: a clip holds for the gradient of all that moves, but ${moves.join(", ")} do not lie ` +
          `side by side among the groups ${[...model.groups.keys()].join(", ")}: order them so, or leave the clip out`,
      );
    const make = (group: ParameterGroup) =>
      typeof optimization === "function"
        ? optimization(group, phase)
        : optimizerOf(group, { ...optimization, ...definedOnly(phase.optimizer ?? {}) });
    try {
      for (const { name, parameters } of runs)
        this.#moved.push(movedBy(make, name, model.arena.part(parameters)));
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** The losses of the last run, if there was one. */
  get losses(): Losses | undefined {
    return this.#recorded?.losses;
  }

  /** Launches the recording. */
  get program(): Program | undefined {
    return this.#recorded?.program;
  }

  /** What its optimizers keep, by name. */
  moments(): [string, Tensor][] {
    const isOne = this.#moved.length === 1;
    return this.#moved.flatMap(({ name, optimizer }) =>
      [...optimizer.state()].map(([own, tensor]): [string, Tensor] => [
        isOne ? own : `${name}.${own}`,
        tensor,
      ]),
    );
  }

  /** What the rates of its optimizers are multiplied by. */
  get rateFactor(): number {
    return this.#moved[0]!.optimizer.rateFactor;
  }

  set rateFactor(factor: number) {
    for (const { optimizer } of this.#moved) optimizer.rateFactor = factor;
  }

  /** Launches an update by the batch x, which has to be the same tensors each time. */
  run(x: Batch, noise: RandomState): void {
    if (this.#recorded) return this.#recorded.program.run();
    const { program, result } = record(this.#model.device, () => this.#update(x, noise));
    this.#recorded = { program, losses: result };
  }

  /** As `run`, without the recording. */
  runEagerly(x: Batch, noise: RandomState): void {
    this.#model.device.scope(() => void this.#update(x, noise));
  }

  #update(x: Batch, noise: RandomState): Losses {
    const { phase } = this;
    const model = this.#model;
    return model.moving(this.#moves, () => {
      const losses = model.drawingFrom(noise, () => phase.loss(x, noise));
      backward(losses.loss);
      for (const { optimizer } of this.#moved) optimizer.step();
      noGrad(model.device, () => phase.after?.());
      return losses;
    });
  }

  /** Records it anew when it is next run. */
  rerecord(): void {
    const { program, losses } = this.#recorded ?? {};
    program?.dispose();
    for (const part of Object.values(losses ?? {})) part.dispose();
    this.#recorded = undefined;
  }

  /** Frees the recording and the optimizers; the model stays. */
  dispose(): void {
    this.rerecord();
    for (const { optimizer, group } of this.#moved) {
      optimizer.dispose();
      group.dispose();
    }
  }
}

/** A group with its optimizer; where none can be made, the group is let go. */
function movedBy(make: (group: ParameterGroup) => Optimizer, name: string, group: ParameterGroup): Moved {
  try {
    return { name, group, optimizer: make(group) };
  } catch (error) {
    group.dispose();
    throw error;
  }
}

/** The parameters that a phase moves, neighbours together: each list of them is moved in one launch. */
function sideBySide(
  model: Model,
  phase: string,
  moves: readonly string[],
): { name: string; parameters: string[] }[] {
  const unknown = moves.find((group) => !model.groups.has(group));
  if (unknown !== undefined)
    throw new ArgumentError(
      `phase ${phase}: there is no group ${unknown}; there are ${[...model.groups.keys()].join(", ")}`,
    );
  const runs: { name: string; parameters: string[] }[] = [];
  let isNext = false;
  for (const [group, { parameters }] of model.groups) {
    const moved = moves.includes(group);
    if (moved && isNext) runs.at(-1)!.parameters.push(...parameters.keys());
    else if (moved) runs.push({ name: group, parameters: [...parameters.keys()] });
    isNext = moved;
  }
  if (runs.length === 0) throw new ArgumentError(`phase ${phase} moves nothing`);
  return runs;
}
