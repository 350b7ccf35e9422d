import { Batches, type Position } from "../data/batches.ts";
import { Dataset } from "../data/dataset.ts";
import { definedOnly } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import type { Model } from "../models/model.ts";
import { partSizes, type Batch } from "../models/parts.ts";
import type { Stage } from "../models/phase.ts";
import { RandomState } from "../ops/random.ts";
import { concat } from "../ops/rearrange.ts";
import { noGrad, record, type Program } from "../tensor/record.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { checkMagnitude } from "./magnitude.ts";
import { PhaseRun, type Optimization } from "./phaseRun.ts";

export interface StageRunOptions {
  batch: number;
  seed: number;
  optimizer: Optimization;
}

/** A stage as it is trained: its phases, batches and noise, and how far it is. */
export class StageRun {
  readonly stage: Stage;
  readonly batches: Batches;
  readonly noise: RandomState;
  /** Steps of this stage taken so far. */
  step = 0;
  /** Milliseconds that steps have waited for their batches: all but the first step, before which nothing is fetched. */
  waited = 0;
  readonly #model: Model;
  readonly #phases: readonly PhaseRun[] = [];
  /** The batch, or its parts where fewer samples are taken at once. */
  readonly #inputs: readonly Tensor[];
  readonly #values: Float32Array;
  /** Computes the batch from the inputs, where the data is derived; recorded as phases are. */
  readonly #make: ((x: Batch, noise: RandomState) => Tensor) | undefined;
  #made: { program: Program; x: Tensor } | undefined;
  /** Puts all losses into one tensor, to be read at once; recorded with the first step. */
  #gathering: { program: Program; all: Tensor } | undefined;

  constructor(model: Model, data: Dataset, stage: Stage, { batch, seed, optimizer }: StageRunOptions) {
    const given = stage.data ?? data;
    const derived = given instanceof Dataset ? undefined : given;
    const source = given instanceof Dataset ? given : (given.from ?? data);
    if (!derived) checkMagnitude(source, batch);
    this.stage = stage;
    this.#model = model;
    this.#make = derived && ((x, noise) => noGrad(model.device, () => derived.make(x, noise)));
    this.batches = new Batches(source, { batch, seed });
    this.#values = new Float32Array(batch * source.size);
    const atOnce = Math.min(model.atOnce, derived?.atOnce ?? Infinity);
    this.#inputs = partSizes(batch, atOnce).map((size) =>
      empty(model.device, [size, ...source.shape]).keep(),
    );
    this.noise = new RandomState(model.device, seed);
    try {
      this.#phases = phasesOf(model, stage, optimizer);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  get isOver(): boolean {
    return this.step >= this.stage.steps;
  }

  /** The phases that it repeats, in order. */
  get phases(): readonly PhaseRun[] {
    return this.#phases;
  }

  /** Launches one step, all of its phases together; does not wait for it. */
  advance(): void {
    this.#model.beforeStep(this.step);
    this.#model.device.together(() => {
      let x: Batch | undefined;
      for (const phase of this.#phases)
        for (let time = 0; time < (phase.phase.times ?? 1); time++) {
          if (!x || phase.phase.batch === "fresh") x = this.#nextBatch();
          phase.run(x, this.noise);
        }
    });
    this.#gathering ??= this.#recordGathering();
    this.step++;
  }

  /** Launches one step without the recordings, to the same effect. */
  advanceEagerly(): void {
    this.#model.beforeStep(this.step);
    this.#model.device.scope(() => {
      let x: Batch | undefined;
      for (const phase of this.#phases)
        for (let time = 0; time < (phase.phase.times ?? 1); time++) {
          if (!x || phase.phase.batch === "fresh") {
            this.#upload();
            x = this.#make?.(this.#inputs, this.noise) ?? this.#given();
          }
          phase.runEagerly(x, this.noise);
        }
    });
    this.step++;
  }

  /** The losses of the last step by name; none before the first, and none just before it is recorded anew. */
  async readLosses(): Promise<Record<string, number>> {
    const names = this.#losses().map(([name]) => name);
    if (!this.#gathering) return {};
    const { program, all } = this.#gathering;
    program.run();
    const values = await all.read();
    return Object.fromEntries(names.map((name, i) => [name, values[i]!]));
  }

  #losses(): [string, Tensor][] {
    return this.#named((phase) => Object.entries(phase.losses ?? {}));
  }

  #recordGathering(): { program: Program; all: Tensor } {
    const { device } = this.#model;
    const parts = this.#losses().map(([, part]) => part.view([1]));
    const { program, result: all } = record(device, () => noGrad(device, () => concat(parts)));
    for (const part of parts) part.dispose();
    return { program, all };
  }

  /** What the optimizers keep, by name. */
  moments(): Map<string, Tensor> {
    return new Map(this.#named((phase) => phase.moments()));
  }

  restore(step: number, position: Position): void {
    this.step = step;
    this.batches.seek(position);
  }

  /** Records the step anew when it is next taken. */
  rerecord(): void {
    for (const phase of this.#phases) phase.rerecord();
    this.#made?.program.dispose();
    this.#made?.x.dispose();
    this.#made = undefined;
    this.#gathering?.program.dispose();
    this.#gathering?.all.dispose();
    this.#gathering = undefined;
  }

  /** Frees what training needed; the model stays. */
  dispose(): void {
    this.rerecord();
    for (const phase of this.#phases) phase.dispose();
    this.noise.dispose();
    for (const input of this.#inputs) input.dispose();
  }

  #nextBatch(): Batch {
    this.#upload();
    const make = this.#make;
    if (!make) return this.#given();
    if (this.#made) this.#made.program.run();
    else {
      const { program, result } = record(this.#model.device, () => make(this.#given(), this.noise));
      this.#made = { program, x: result };
    }
    return this.#made.x;
  }

  #given(): Batch {
    return this.#inputs.length === 1 ? this.#inputs[0]! : this.#inputs;
  }

  #upload(): void {
    const before = this.batches.waited;
    this.batches.next(this.#values);
    if (before > 0) this.waited += this.batches.waited - before;
    let from = 0;
    for (const input of this.#inputs) {
      input.write(this.#values.subarray(from, from + input.size));
      from += input.size;
    }
  }

  #named(of: (phase: PhaseRun) => [string, Tensor][]): [string, Tensor][] {
    const isOne = this.#phases.length === 1;
    return this.#phases.flatMap((run) =>
      of(run).map(([name, tensor]): [string, Tensor] => [isOne ? name : `${run.phase.name}.${name}`, tensor]),
    );
  }
}

/** The phases of a stage, each with what is not frozen. */
function phasesOf(model: Model, stage: Stage, optimization: Optimization): PhaseRun[] {
  const { frozen = [], phases = model.phases() } = stage;
  const unknown = frozen.find((group) => !model.groups.has(group));
  if (unknown !== undefined)
    throw new ArgumentError(
      `stage ${stage.name}: there is no group ${unknown} to freeze; there are ${[...model.groups.keys()].join(", ")}`,
    );
  const names = phases.map(({ name }) => name);
  if (phases.length === 0 || new Set(names).size < names.length)
    throw new ArgumentError(
      `stage ${stage.name}: phases have names of their own, and there is one at least, not ${names.join(", ") || "none"}`,
    );
  const staged =
    typeof optimization === "function"
      ? optimization
      : { ...optimization, ...definedOnly(stage.optimizer ?? {}) };
  const runs: PhaseRun[] = [];
  try {
    for (const phase of phases) {
      const moves = phase.moves.filter((group) => !frozen.includes(group));
      runs.push(new PhaseRun(model, phase, moves, staged));
    }
    return runs;
  } catch (error) {
    for (const run of runs) run.dispose();
    throw error;
  }
}
