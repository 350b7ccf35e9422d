import { checkList } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import { kernel } from "../device/kernel.ts";
import { Scalar } from "../tensor/scalar.ts";
import { empty, tensor, type Tensor } from "../tensor/tensor.ts";
import { inWindows, windowSize } from "../tensor/windows.ts";
import type { ParameterGroup } from "./arena.ts";
import { packSchedule, type Schedule } from "./schedules.ts";

const clockKernel = kernel("optimizerClock");
const WG = 64;
const folds = 64;
const largestFloat = 2 ** 127 * (2 - 2 ** -23);

export interface ClockOptions {
  /** Learning rate; the schedule starts from it. */
  rate: number;
  schedule?: Schedule | undefined;
  /**
   * Largest Euclidean norm of the whole gradient: a longer one is scaled down to it. With a clip,
   * an update whose gradient holds a NaN or an infinity is left out. `Infinity` does only that.
   */
  clip?: number | undefined;
  /** Decay rates of the first and second moment, 0 for none. */
  betas: readonly [number, number];
}

/** What an optimizer's clock shows. */
export interface ClockReading {
  /** Updates so far. */
  step: number;
  /** Learning rate of the last update. */
  rate: number;
  /** Norm of the last gradient, before it was clipped; undefined without a clip. */
  gradientNorm: number | undefined;
  /** Updates left out because a gradient was not finite. */
  skipped: number;
}

/** Counts an optimizer's updates on the device, and works out there what depends on their number. */
export class Clock {
  /** The words of `Clock` in `shaders/lib/clock.wgsl`. */
  readonly tensor: Tensor;
  /** What the learning rate is multiplied by, beside its schedule. */
  readonly factor: Scalar;
  readonly #gradients: Tensor;
  readonly #params: Record<string, number>;
  readonly #milestones: Tensor;
  /** Partial sums of squares that a launch gives. */
  readonly #partialCount: number;
  /** Sums of squares, in two stages, the first of them window by window; without a clip there are none. */
  readonly #sums: { partials: Tensor; folded: Tensor } | undefined;

  constructor(group: ParameterGroup, { rate, schedule, clip, betas }: ClockOptions) {
    const { device, gradients } = group;
    if (!(rate >= 0 && Number.isFinite(rate)))
      throw new ArgumentError(`optimizer: the rate is a number from 0, not ${rate}`);
    if (clip !== undefined && !(clip > 0))
      throw new ArgumentError(`optimizer: clip is a positive number, not ${clip}`);
    checkList("optimizer: betas", betas);
    const { milestones, ...packed } = packSchedule(schedule ?? { kind: "constant" });
    const window = windowSize(gradients);
    const P = Math.min(16384, Math.ceil(window / 4 / (8 * WG)) * WG);
    const allP = P * Math.ceil(gradients.size / window);
    this.#partialCount = P;
    this.#gradients = gradients;
    this.tensor = tensor(device, new Float32Array(8), [8], "optimizer").keep();
    this.factor = new Scalar(device, 1);
    this.#milestones = tensor(
      device,
      new Float32Array(Uint32Array.from([...milestones, 0]).buffer),
      undefined,
      "optimizer",
    ).keep();
    this.#params = {
      ...packed,
      N4: 0,
      P: allP,
      M: milestones.length,
      rate,
      clip: Math.min(clip ?? 0, largestFloat),
      minus_log_beta1: minusLog(betas[0]),
      minus_log_beta2: minusLog(betas[1]),
    };
    if (clip !== undefined)
      this.#sums = {
        partials: empty(device, [allP, 3], "optimizer").keep(),
        folded: empty(device, [folds, 3], "optimizer").keep(),
      };
  }

  /** Goes on to the next update, whose gradients are in the arena. */
  advance(): void {
    const { tensor: clock } = this;
    const params = this.#params;
    const operands = { clock, milestones: this.#milestones, factor: this.factor.tensor };
    if (!this.#sums) return clockKernel("advance", operands, params, [1]);
    const { partials, folded } = this.#sums;
    const P = this.#partialCount;
    let from = 0;
    inWindows({ gradients: this.#gradients }, ({ gradients }, size) => {
      using own = partials.view([P, 3], 3 * from);
      const work = { flops: 2 * size, bytes: 4 * size };
      const sizes = { N4: size / 4, P };
      clockKernel("square", { gradients, partials: own }, { ...params, ...sizes }, [P / WG], { work });
      from += P;
    });
    clockKernel("fold", { squares: partials, folded }, params, [1]);
    clockKernel("advance_clipped", { total: folded, ...operands }, params, [1]);
  }

  /** What the clock shows after all updates launched so far. */
  async read(): Promise<ClockReading> {
    const bytes = await this.tensor.readBytes();
    const [step, , , , , , , skipped] = new Uint32Array(bytes);
    const [, rate, , , , norm] = new Float32Array(bytes);
    return { step: step!, rate: rate!, gradientNorm: this.#sums ? norm! : undefined, skipped: skipped! };
  }

  /** Frees the device memory. */
  dispose(): void {
    for (const owned of [
      this.tensor,
      this.factor,
      this.#milestones,
      this.#sums?.partials,
      this.#sums?.folded,
    ])
      owned?.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** −log β; for β = 0 a number so large that 1 − β^t is 1 from the first step on. */
function minusLog(beta: number): number {
  if (!(beta >= 0 && beta < 1))
    throw new ArgumentError(`optimizer: a decay rate β is from 0 to below 1, not ${beta}`);
  return Math.min(200, -Math.log(beta));
}
