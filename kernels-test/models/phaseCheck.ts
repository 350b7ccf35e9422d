import { expect, test } from "vitest";
import type { Model } from "../../src/models/index.ts";
import { randomNormal, RandomState, randomUniform } from "../../src/ops/random.ts";
import { backward } from "../../src/tensor/tape.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { rounded, values } from "../check.ts";
import { affine } from "../nn/reference.ts";
import { dot, norm, type Weights } from "./reference.ts";

/** Samples of a batch, their length, and that of their codes. */
export const [B, P, L] = [6, 5, 4];

export type List = readonly number[];
export const mean = (list: List) => list.reduce((sum, value) => sum + value, 0) / list.length;
export const rows = (list: List, size = L) =>
  Array.from({ length: list.length / size }, (_, n) => list.slice(n * size, (n + 1) * size));
export const softplus = (v: number) => Math.max(v, 0) + Math.log1p(Math.exp(-Math.abs(v)));
/** The cross-entropy of logits with one label. */
export const labelled = (logits: List, real: boolean) => mean(logits.map((v) => softplus(real ? -v : v)));

/** The networks of a model in float64, and what is computed of them. */
export class Networks {
  readonly weights: Weights;
  /** What the layers keep, as the step left it. */
  readonly state: Weights;
  constructor(weights: Weights, state: Weights = new Map()) {
    this.weights = weights;
    this.state = state;
  }

  /** Affine maps with ReLU between them, and batch normalisation before it where there is some. */
  run(name: string, layers: number, x: List): number[] {
    let y = [...x];
    for (let i = 1; i <= layers; i++) {
      y = affine(y, this.#matrix(`${name}.linear${i}.weight`), this.#list(`${name}.linear${i}.bias`));
      if (this.weights.has(`${name}.norm${i}.scale`)) y = this.#normalised(y, `${name}.norm${i}`);
      if (i < layers) y = y.map((value) => Math.max(value, 0));
    }
    return y;
  }

  #list(name: string): number[] {
    return [...this.weights.get(name)!];
  }

  /** A weight (rows, columns), divided by ‖M u‖ where its layer is spectral. */
  #matrix(name: string): number[] {
    const weight = this.#list(name);
    const u = this.state.get(`${name}.u`);
    if (!u) return weight;
    const sigma = norm(rows(weight, u.length).map((row) => dot(row, u))) / norm(u);
    return weight.map((value) => value / sigma);
  }

  #normalised(y: number[], name: string): number[] {
    const [scale, shift] = [this.#list(`${name}.scale`), this.#list(`${name}.shift`)];
    const columns = scale.map((_, c) => y.filter((_, i) => i % scale.length === c));
    const means = columns.map(mean);
    const deviations = columns.map((column, c) =>
      Math.sqrt(mean(column.map((value) => (value - means[c]!) ** 2)) + 1e-5),
    );
    return y.map((value, i) => {
      const c = i % scale.length;
      return ((value - means[c]!) / deviations[c]!) * scale[c]! + shift[c]!;
    });
  }

  encode = (x: List) => this.run("encoder", 2, x);
  decode = (z: List) => this.run("decoder", 2, z);
  critic = (z: List, name = "critic") => this.run(name, 3, z);

  squares = (z: List, x: List) => this.decode(z).reduce((sum, value, i) => sum + (value - x[i]!) ** 2, 0) / B;
  entropy = (z: List, x: List) => mean(this.decode(z).map((logit, i) => softplus(logit) - x[i]! * logit));

  posterior(x: List): { mu: number[]; logVariance: number[] } {
    const h = this.encode(x);
    return { mu: this.affine("mean", h), logVariance: this.affine("variance", h) };
  }

  /** What the network of one affine map makes of h. */
  affine(name: string, h: List): number[] {
    return affine([...h], this.#list(`${name}.linear.weight`), this.#list(`${name}.linear.bias`));
  }

  /** 10 (‖∇‖ − 1)² between a and b; the critic is linear between kinks, so that differences are exact. */
  penalty(a: List, b: List, share: List, size: number, name = "critic"): number {
    const v = a.map((value, i) => value + share[Math.floor(i / size)]! * (b[i]! - value));
    const step = 1e-4;
    const slopes = v.map((value, i) => {
      const n = Math.floor(i / size);
      const at = (sign: number) =>
        this.critic(v.slice(n * size, (n + 1) * size).with(i % size, value + sign * step), name)[0]!;
      return (at(1) - at(-1)) / (2 * step);
    });
    return 10 * mean(rows(slopes, size).map((slope) => (norm(slope) - 1) ** 2));
  }

  wasserstein(high: List, low: List, share: List, size = L, name = "critic"): number {
    const gap = mean(this.critic(low, name)) - mean(this.critic(high, name));
    return gap + this.penalty(high, low, share, size, name);
  }

  /** α of a mask. */
  get mask(): number[] {
    return this.weights.get("mask")!.map((m) => 1 - Math.exp(-m));
  }
  masked = (z: List) => z.map((value, i) => value * this.mask[i % L]!);
}

export const kl = (mu: List, logVariance: List) =>
  mu.reduce((sum, m, i) => sum + (m * m + Math.exp(logVariance[i]!) - 1 - logVariance[i]!) / 2, 0) / B;

type Draw = "normal" | "uniform";
/** The draw of a posterior that `epsilon` gives. */
export const gaussian = ({ mu, logVariance }: { mu: List; logVariance: List }, epsilon: List) =>
  mu.map((m, i) => m + epsilon[i]! * Math.exp(logVariance[i]! / 2));

/** What a phase draws, in order, and its loss from that. */
export interface Reference {
  draws: readonly (readonly [Draw, number])[];
  loss(nets: Networks, x: List, drawn: readonly List[]): number;
}

/** Tests of each phase on a batch x (B, P) from 0 to 1: loss, gradients and what moves, beside float64. */
export function checkPhases(
  build: () => Model,
  phases: Readonly<Record<string, Reference>>,
  x: List,
  shape: readonly number[] = [B, P],
): void {
  test.each(Object.keys(phases))(
    "%s: loss and gradients are those of float64, and nothing else moves",
    async (name) => {
      const model = build();
      const { device } = model;
      const reference = phases[name]!;
      const every = [...model.phases(), ...model.stages(1).flatMap((stage) => stage.phases ?? [])];
      const phase = every.find((one) => one.name === name)!;
      const weights = new Map<string, number[]>();
      for (const [own, parameter] of model.arena.parameters) {
        const list = Array.from(await parameter.read());
        const isZero = list.every((value) => value === 0); // biases and shifts, where a kink may be
        weights.set(own, isZero ? rounded(values(list.length, 8)).map((value) => value / 8) : list);
        parameter.write(weights.get(own)!);
      }

      const again = new RandomState(device, 9);
      const drawn: number[][] = [];
      for (const [kind, size] of reference.draws) {
        const made = kind === "normal" ? randomNormal(again, [size]) : randomUniform(again, [size]);
        drawn.push(Array.from(await made.read()));
      }
      const losses = model.moving(phase.moves, () => {
        const losses = phase.loss(tensor(device, x, shape), new RandomState(device, 9));
        backward(losses.loss);
        return losses;
      });
      const state = new Map<string, number[]>();
      for (const [own, kept] of model.state) state.set(own, Array.from(await kept.read()));
      const want = (at: Weights) => reference.loss(new Networks(at, state), x, drawn);
      const value = want(weights);
      expect(Math.abs((await losses.loss.item()) - value) / Math.max(1, Math.abs(value))).toBeLessThan(1e-5);

      const moved = new Set(phase.moves.flatMap((group) => [...model.groups.get(group)!.parameters.keys()]));
      const gradients = new Map<string, Float32Array>();
      for (const [own, parameter] of model.arena.parameters) {
        if (moved.has(own))
          gradients.set(own, (await parameter.grad?.read()) ?? new Float32Array(parameter.size));
        else expect(parameter.grad, own).toBeUndefined();
      }
      const largest = Math.max(...[...gradients.values()].map((gradient) => norm(gradient)));
      expect(largest).toBeGreaterThan(0);
      for (const [own, gradient] of gradients) {
        const list = weights.get(own)!;
        const direction = values(list.length, list.length + 1);
        const step = 1e-5;
        const along = (sign: number) =>
          want(new Map([...weights, [own, list.map((value, i) => value + sign * step * direction[i]!)]]));
        const error = Math.abs(dot(gradient, direction) - (along(1) - along(-1)) / (2 * step));
        expect(error / (Math.max(norm(gradient), largest / 10) * norm(direction)), own).toBeLessThan(1e-4);
      }
      model.dispose();
    },
  );
}
