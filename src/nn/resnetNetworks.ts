import { mul } from "../ops/elementwise.ts";
import { sizeOf } from "../tensor/shape.ts";
import {
  affineTo,
  each,
  halved,
  imageOf,
  KERAS,
  same,
  type Architecture,
  type Size,
} from "./architecture.ts";
import { residual } from "./branches.ts";
import type { Layers } from "./chain.ts";
import type { Layer } from "./layer.ts";
import { activation, conv2d, convTranspose2d, linear, reshape } from "./layers.ts";
import { batchNorm } from "./normalization.ts";
import { globalAveragePool } from "./pooling.ts";

export interface ResnetNetworksOptions {
  /** Channels at the size of the image; 32 unless given. They double each time the size is halved. */
  width?: number | undefined;
  /** Sizes that the encoder looks at, each half of the one before; 3 unless given. */
  scales?: number | undefined;
  /** Residual blocks at each of them; 1 unless given. */
  blocks?: number | undefined;
  /** Units of the residual block of affine maps after the mean over the image; 512 unless given. */
  units?: number | undefined;
  /** What a batch weighs in the running moments of batch norm, 0.01 unless given; more where steps are few. */
  momentum?: number | undefined;
}

/** No more channels than this. */
const MOST = 1024;

/**
 * The residual networks of Dai and Wipf ("Diagnosing and enhancing VAE models", ICLR 2019), with which Asperti and Trentin
 * work too: width 32, 3 scales for CIFAR-10 and 4 for CelebA, codes of 64.
 *
 *     encoder    conv 3 × 3 → block, (conv 3 × 3 /2 → block) … → mean over the image → affine block
 *     decoder    affine, to 2 × 2 or less → (transposed conv 3 × 3 /2 → block) … → conv 3 × 3
 *     block      (batch norm → ReLU → conv 3 × 3) twice, + conv 3 × 3 of what came in
 *
 * The head for the variance gives log σ.
 */
export function resnetNetworks({
  width = 32,
  scales = 3,
  blocks = 1,
  units = 512,
  momentum = 0.01,
}: ResnetNetworksOptions = {}): Architecture {
  return ({ input, latent, output }) => {
    const [H, W, C] = imageOf("resnet", input);
    let size: Size = [H, W];
    const channelsAt = (depth: number) => Math.min(MOST, width * 2 ** depth);
    const features: Record<string, Layer> = { conv: conv(size, C, width) };
    for (let i = 0; i < scales; i++) {
      if (i > 0) {
        features[`down${i}`] = conv(size, channelsAt(i - 1), channelsAt(i), 2);
        size = halved(size);
      }
      for (let b = 0; b < blocks; b++)
        features[`block${i * blocks + b + 1}`] = block(size, channelsAt(i), momentum);
    }
    features.mean = globalAveragePool();
    features.affine = affineBlock(channelsAt(scales - 1), units);

    const sizes: Size[] = [[H, W]];
    while (Math.max(...sizes[0]!) > 2) sizes.unshift(halved(sizes[0]!));
    const deepest = sizes.length - 1;
    const small = [...sizes[0]!, channelsAt(deepest)];
    const decoder: Record<string, Layer> = {
      linear: linear(latent, sizeOf(small), { initial: KERAS }),
      reshape: reshape(small),
    };
    sizes.slice(1).forEach((larger, i) => {
      const [from, to] = [channelsAt(deepest - i), channelsAt(deepest - i - 1)];
      decoder[`up${i + 1}`] = convTranspose2d(from, to, { ...same(larger, 3, 2), initial: KERAS });
      for (let b = 0; b < blocks; b++) decoder[`block${i * blocks + b + 1}`] = block(larger, to, momentum);
    });
    decoder.conv = conv2d(width, C, { ...same([H, W], 3, 1), activation: output, initial: KERAS });

    return {
      features,
      code: affineTo(units, latent),
      posterior: {},
      mean: affineTo(units, latent),
      variance: { ...affineTo(units, latent), double: each("x 2", (logDeviation) => mul(logDeviation, 2)) },
      decoder,
    };
  };
}

function conv(size: Size, inputs: number, outputs: number, stride = 1): Layer {
  return conv2d(inputs, outputs, { ...same(size, 3, stride), initial: KERAS });
}

function block(size: Size, channels: number, momentum: number): Layer {
  const half = (i: number): Layers => ({
    [`norm${i}`]: batchNorm(channels, { convention: "keras", momentum, activation: "relu" }),
    [`conv${i}`]: conv(size, channels, channels),
  });
  return residual({ ...half(1), ...half(2) }, { conv: conv(size, channels, channels) });
}

/** (ReLU → affine) twice, + an affine map of what came in. */
function affineBlock(inputs: number, units: number): Layer {
  const affine = (from: number) => linear(from, units, { initial: KERAS });
  const main = {
    relu1: activation("relu"),
    linear1: affine(inputs),
    relu2: activation("relu"),
    linear2: affine(units),
  };
  return residual(main, { linear: affine(inputs) });
}
