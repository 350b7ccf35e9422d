import type { Device } from "../device/device.ts";
import { ArgumentError, LifetimeError, ShapeError } from "../device/errors.ts";
import type { Network } from "../nn/networks.ts";
import { BasisFit, type BasisForm, type FittedBasis } from "../latent/basis.ts";
import { matmul } from "../ops/matmul.ts";
import type { RandomState } from "../ops/random.ts";
import { show, sizeOf } from "../tensor/shape.ts";
import { tensor, type Tensor } from "../tensor/tensor.ts";
import { Autoencoder, checkBatch } from "./autoencoder.ts";
import type { ModelParts } from "./model.ts";
import type { Batch } from "./parts.ts";
import type { Losses, Stage } from "./phase.ts";
import type { Truncation } from "./truncation.ts";

/** What a model that keeps the basis of its last step of training, (L, any number), carries it as: signs go by it. */
export const LAST_BASIS = "lastBasis";

/**
 * An autoencoder whose latent batch is cut to rank k by an SVD while it trains. Outside training it
 * needs a fixed basis U_f (L, k), from `fitBasis` or `setBasis`; the code of a sample is then
 * α = U_fᵀ E(x), whatever else is in its batch.
 */
export abstract class BasisAutoencoder extends Autoencoder implements Truncation {
  readonly latentSize: number;
  /** The rank that it was built with: `setRank` may lower it, and raise it back to here. */
  readonly largestRank: number;
  #rank: number;
  #basis: Tensor | undefined;

  constructor(
    device: Device,
    networks: Record<string, Network> & { encoder: Network; decoder: Network },
    latent: number,
    rank: number,
    parts: Omit<ModelParts, "input"> = {},
  ) {
    super(device, networks, parts);
    if (!(Number.isInteger(rank) && rank >= 1 && rank <= latent))
      throw new ArgumentError(`rank is a whole number from 1 to the latent length ${latent}, not ${rank}`);
    this.largestRank = rank;
    this.#rank = rank;
    this.latentSize = latent;
  }

  override get truncation(): Truncation {
    return this;
  }

  /** k: the rank that latent batches are cut to. */
  get codeSize(): number {
    return this.#rank;
  }

  /** The fixed basis U_f (L, k), if there is one yet. */
  get basis(): Tensor | undefined {
    return this.#basis;
  }

  /**
   * Cuts to another rank from now on, from 1 to `largestRank`. The basis, of the rank before, goes; steps that were
   * recorded keep theirs.
   */
  setRank(rank: number): void {
    if (!(Number.isInteger(rank) && rank >= 1 && rank <= this.largestRank))
      throw new ArgumentError(`rank is a whole number from 1 to ${this.largestRank}, not ${rank}`);
    if (rank === this.#rank) return;
    this.#rank = rank;
    this.#basis?.dispose();
    this.#basis = undefined;
  }

  fineTuning(steps: number): Stage {
    const loss = (x: Batch, noise: RandomState) => this.fineTuningLoss(x, noise);
    const phases = [{ name: "fine-tune", moves: [...this.groups.keys()], loss }];
    return { name: "fine-tune", steps, frozen: ["encoder"], phases };
  }

  /** The relative error of the batch x (N, …input) by the inference path, as far as the basis. */
  protected fineTuningLoss(x: Batch, _noise: RandomState): Losses {
    const code = this.asConstant(() => this.codeOf(x));
    return { loss: this.errorOf(this.latentOf(code), x) };
  }

  latentVectors(x: Tensor): Tensor {
    checkBatch("latentVectors", x, this.input);
    return this.quietly(() => this.run("encoder", x));
  }

  /** Fixes the basis: orthonormal columns, (L, k) row-major. Throws ShapeError for another number of values. */
  setBasis(values: ArrayLike<number>): void {
    const shape = [this.latentSize, this.codeSize];
    if (values.length !== sizeOf(shape))
      throw new ShapeError(`setBasis: ${values.length} values do not make a basis (L, k), ${show(shape)}`);
    if (this.#basis) this.#basis.write(values);
    else this.#basis = tensor(this.device, values, [this.latentSize, this.codeSize], "parameter").keep();
  }

  /** As `setBasis`, with the basis that the model had when its weights were saved, for training to go on from. */
  restoreBasis(values: ArrayLike<number>): void {
    this.setBasis(values);
  }

  /**
   * Fixes the basis from the latent vectors of training batches (N, …input), each in one tensor or several, and returns it with
   * its singular values over all of them. `form`: see `BasisFit`.
   */
  async fitBasis(
    batches: Iterable<Batch> | AsyncIterable<Batch>,
    form: BasisForm = "concatenated",
  ): Promise<FittedBasis> {
    const fit = new BasisFit(this.device, this.latentSize, this.codeSize, form);
    for await (const x of batches)
      this.asConstant(() => this.device.scope(() => fit.add(this.run("encoder", x))));
    const fitted = await fit.finish(await this.carried.get(LAST_BASIS)?.read());
    this.setBasis(fitted.basis);
    return fitted;
  }

  override dispose(): void {
    super.dispose();
    this.#basis?.dispose();
  }

  protected codeOf(x: Batch): Tensor {
    return matmul(this.run("encoder", x), this.#fixed());
  }

  protected override sampleOf(code: Tensor): Tensor {
    return this.run("decoder", this.latentOf(code));
  }

  /** The latent vectors (N, L) that codes (N, k) stand for. */
  protected latentOf(code: Tensor): Tensor {
    return matmul(code, this.#fixed(), { transposeB: true });
  }

  #fixed(): Tensor {
    if (!this.#basis)
      throw new LifetimeError(`the model has no basis yet; call fitBasis with training data, or setBasis`);
    return this.#basis;
  }
}
