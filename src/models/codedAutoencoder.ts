import type { Device } from "../device/device.ts";
import { ArgumentError } from "../device/errors.ts";
import type { Network } from "../nn/networks.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Autoencoder } from "./autoencoder.ts";
import type { ModelParts } from "./model.ts";
import { partsOf, type Batch } from "./parts.ts";
import { checkReconstruction, reconstructionLoss, samplesOf, type Reconstruction } from "./reconstruction.ts";

/** What models whose encoder gives the code itself are told. */
export interface CodedOptions {
  /** Length of the code. */
  latent: number;
  /** How samples are compared with what becomes of them. */
  reconstruction?: Reconstruction | undefined;
}

/** An autoencoder whose encoder gives the code of a sample, and whose loss begins with a reconstruction of a named kind. */
export abstract class CodedAutoencoder extends Autoencoder {
  readonly codeSize: number;
  readonly reconstruction: Reconstruction;

  constructor(
    device: Device,
    networks: Record<string, Network> & { encoder: Network; decoder: Network },
    latent: number,
    reconstruction: Reconstruction,
    parts: Omit<ModelParts, "input"> = {},
  ) {
    checkReconstruction("autoencoder", reconstruction);
    super(device, networks, parts);
    this.codeSize = latent;
    this.reconstruction = reconstruction;
  }

  protected codeOf(x: Batch): Tensor {
    return this.run("encoder", x);
  }

  protected override sampleOf(code: Tensor): Tensor {
    return samplesOf(this.run("decoder", code), this.reconstruction);
  }

  /** The reconstruction's loss of a batch x, from its codes. */
  protected compared(code: Tensor, x: Batch): Tensor {
    if (this.reconstruction.kind === "relative") return this.errorOf(code, x);
    return reconstructionLoss(this.run("decoder", code), whole(x), this.reconstruction);
  }
}

/** A batch in one tensor. Throws ArgumentError for one in parts, whose samples the loss would have to see at once. */
export function whole(x: Batch): Tensor {
  const [first, ...more] = partsOf(x);
  if (more.length > 0)
    throw new ArgumentError(
      `this model takes its batch at once, and ${partsOf(x).reduce((sum, part) => sum + part.shape[0]!, 0)} samples are ` +
        `more than the adapter binds of a tensor: use a smaller batch`,
    );
  return first;
}
