import type { Device } from "../device/device.ts";
import { ArgumentError, LimitError } from "../device/errors.ts";
import type { LayerContext, Mode } from "../nn/layer.ts";
import type { Network } from "../nn/networks.ts";
import type { ParameterSpec, StateSpec } from "../nn/parameter.ts";
import { ParameterArena, type ParameterGroup } from "../optim/arena.ts";
import type { RandomState } from "../ops/random.ts";
import { noGrad } from "../tensor/record.ts";
import { Scalar } from "../tensor/scalar.ts";
import type { Shape } from "../tensor/shape.ts";
import { tensor, type Tensor } from "../tensor/tensor.ts";
import { applyInParts, largestTensor, partsOf, type Batch } from "./parts.ts";
import type { Phase, Stage } from "./phase.ts";
import type { Truncation } from "./truncation.ts";

/** What a model is made of beside its networks. */
export interface ModelParts {
  /** Shape of a sample that it is trained on. */
  input: Shape;
  /** Parameters that are in no network, by their names: a mask, a trained γ. */
  parameters?: readonly ParameterSpec[] | undefined;
  /**
   * Which networks, and parameters that are in none, move together, by the name of the group. Each is a group of its
   * own unless given; put groups that move together side by side, one optimizer then moves them in one launch.
   */
  groups?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Numbers that may change between steps, with their first values. */
  scalars?: Readonly<Record<string, number>> | undefined;
  /** Tensors that steps write and no gradient moves, and that are in no network: a computed γ². Part of a model's file. */
  state?: readonly StateSpec[] | undefined;
}

/** What the trainer trains: parameters in groups, and what happens to them in a step. */
export abstract class Model {
  readonly device: Device;
  /** Shape of a sample, [H, W, C] for images. */
  readonly input: Shape;
  readonly networks: Readonly<Record<string, Network>>;
  /** All parameters: those of the networks as `network.layer.parameter`, and those that are in none. */
  readonly arena: ParameterArena;
  /** The parameters in the groups that phases move, by the groups' names. */
  readonly groups: ReadonlyMap<string, ParameterGroup>;
  /** What layers keep from step to step beside their parameters, as `network.layer.name`: part of a model's file. */
  readonly state: ReadonlyMap<string, Tensor>;
  /** Numbers that a person or a schedule may change between steps with `write`, by name: part of a checkpoint. */
  readonly scalars: ReadonlyMap<string, Scalar>;
  /** Tensors that a step of training hands on to the next beside the weights, by name: part of a checkpoint, not of a model's file. */
  readonly carried: ReadonlyMap<string, Tensor> = new Map();

  /**
   * Samples that the networks take at once while they train; a larger batch goes through them in parts, see `applyInParts`.
   * As many as leave every tensor within what a binding of the adapter may hold, unless set to fewer.
   */
  atOnce: number;

  #mode: Mode = "train";
  #noise: RandomState | undefined;

  constructor(device: Device, networks: Readonly<Record<string, Network>>, parts: ModelParts) {
    checkParameters(device, networks);
    this.device = device;
    this.input = parts.input;
    this.networks = networks;
    const most = Math.floor(device.largestBinding / 4 / largestTensor(Object.values(networks)));
    this.atOnce = Math.max(1, most);
    const members = new Map(
      Object.entries(networks).map(([prefix, network]) => [prefix, named(prefix, network.parameters)]),
    );
    for (const spec of parts.parameters ?? []) members.set(spec.name, [spec]);
    const groups = grouped(members, parts.groups);
    this.arena = new ParameterArena(device, [...groups.values()].flat());
    this.groups = new Map(
      [...groups]
        .filter(([, specs]) => specs.length > 0)
        .map(([name, specs]) => [name, this.arena.part(specs.map((spec) => spec.name))]),
    );
    this.state = new Map(
      [
        ...Object.entries(networks).flatMap(([prefix, network]) => named(prefix, network.state)),
        ...(parts.state ?? []),
      ].map(({ name, values, shape }) => [name, tensor(device, values, shape, "state").keep()]),
    );
    this.scalars = new Map(
      Object.entries(parts.scalars ?? {}).map(([name, value]) => [name, new Scalar(device, value)]),
    );
  }

  /** Its rank and basis, where it is a model that cuts its latent batch to a rank. */
  get truncation(): Truncation | undefined {
    return undefined;
  }

  /** What it makes of samples (N, …input), where it is a model that makes them anew. */
  reconstruct?(x: Tensor): Tensor;

  /** What happens in a step, in order. */
  abstract phases(): readonly Phase[];

  /** The parts of a run whose first, or only, one takes `steps` steps. */
  stages(steps: number): readonly Stage[] {
    return [{ name: "train", steps }];
  }

  /** Runs `body` with the parameters of all other groups than `names` as constants, for which no gradient is computed. */
  moving<T>(names: readonly string[], body: () => T): T {
    const moved = new Set(names);
    const others = [...this.groups].filter(([name]) => !moved.has(name));
    const constants = others.flatMap(([, { parameters }]) => [...parameters.values()]);
    for (const parameter of constants) parameter.requiresGrad = false;
    try {
      return body();
    } finally {
      for (const parameter of constants) parameter.requiresGrad = true;
    }
  }

  /** Runs `body` with layers that draw random numbers, such as dropout, drawing from `noise`. */
  drawingFrom<T>(noise: RandomState, body: () => T): T {
    const before = this.#noise;
    this.#noise = noise;
    try {
      return body();
    } finally {
      this.#noise = before;
    }
  }

  /** Called before each step of a stage, with the number of steps taken in it: writes the scalars that follow a schedule. */
  beforeStep(_step: number): void {}

  /** Runs `body` by the inference path and without a gradient: what it gives is a constant. */
  asConstant<T>(body: () => T): T {
    return this.#inMode("infer", () => noGrad(this.device, body));
  }

  /** Runs `body` as training does, with layers that leave their state as it is: for what a step computes more than once. */
  protected again<T>(body: () => T): T {
    return this.#inMode(this.#mode === "infer" ? "infer" : "recompute", body);
  }

  #inMode<T>(mode: Mode, body: () => T): T {
    const before = this.#mode;
    this.#mode = mode;
    try {
      return body();
    } finally {
      this.#mode = before;
    }
  }

  /** Frees its parameters and whatever else it keeps on the device. */
  dispose(): void {
    const { groups, arena, carried, state, scalars } = this;
    for (const owned of [groups, carried, state, scalars]) for (const one of owned.values()) one.dispose();
    arena.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Runs one of the model's networks on a batch, whose parts, if it comes in such, it puts together. */
  protected run(name: string, x: Batch): Tensor {
    const { network, parameter, context } = this.network(name);
    const [first, ...more] = partsOf(x);
    return more.length > 0
      ? applyInParts(network, [first, ...more], parameter, context)
      : network.apply(first, parameter, context);
  }

  /** A network with its parameters, and what its layers need to know beside them. */
  protected network(name: string): {
    network: Network;
    parameter: (own: string) => Tensor;
    context: LayerContext;
  } {
    const network = this.networks[name];
    if (!network) throw new ArgumentError(`the model has no network named ${name}`);
    const state = (own: string) => this.state.get(`${name}.${own}`)!;
    return {
      network,
      parameter: (own) => this.arena.get(`${name}.${own}`),
      context: { mode: this.#mode, state, noise: this.#noise },
    };
  }
}

function named(prefix: string, specs: readonly ParameterSpec[]): ParameterSpec[] {
  return specs.map((spec) => ({ ...spec, name: `${prefix}.${spec.name}` }));
}

/** What belongs to each group. Throws ArgumentError unless each network and parameter is in one. */
function grouped(
  members: ReadonlyMap<string, readonly ParameterSpec[]>,
  groups: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
    [...members.keys()].map((name) => [name, [name]]),
  ),
): Map<string, ParameterSpec[]> {
  const listed = Object.values(groups).flat();
  for (const name of members.keys())
    if (listed.filter((one) => one === name).length !== 1)
      throw new ArgumentError(`each network and parameter is in one group; ${name} is not`);
  const membersOf = (names: readonly string[]) =>
    names.flatMap((name) => {
      const found = members.get(name);
      if (!found)
        throw new ArgumentError(`a group has ${name}, which is no network or parameter of the model`);
      return found;
    });
  return new Map(Object.entries(groups).map(([group, names]) => [group, membersOf(names)]));
}

/** Refuses, before initial values are drawn, networks whose parameters do not fit one buffer of the device. */
function checkParameters(device: Device, networks: Readonly<Record<string, Network>>): void {
  const most = Math.floor(device.gpu.limits.maxBufferSize / 4);
  const rows = Object.entries(networks).flatMap(([prefix, { layers }]) =>
    layers.map((row) => ({ ...row, name: `${prefix}.${row.name}` })),
  );
  const total = rows.reduce((sum, { parameterCount }) => sum + parameterCount, 0);
  if (total <= most) return;
  const { name, label, parameterCount } = rows.reduce((a, b) =>
    b.parameterCount > a.parameterCount ? b : a,
  );
  throw new LimitError(
    `the networks have ${total} parameters, this adapter holds at most ${most}; most of them, ${parameterCount}, ` +
      `are those of ${name} (${label}): lower the latent length, the size of the samples or the layer's width`,
  );
}
