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
import type { Layer } from "./layer.ts";
import { conv2d, convTranspose2d, flatten, linear, reshape } from "./layers.ts";
import { batchNorm } from "./normalization.ts";

export interface WaeNetworksOptions {
  /** Channels of the first convolution; 128 unless given. They double each time the size is halved. */
  width?: number | undefined;
  /** How often the size is halved; 3 unless given. */
  scales?: number | undefined;
  /** What a batch weighs in the running moments of batch norm, 0.01 unless given; more where steps are few. */
  momentum?: number | undefined;
}

/**
 * The networks of the Wasserstein autoencoder as Dai and Wipf ("Diagnosing and enhancing VAE models", ICLR 2019) have them
 * for faces of 64 × 64; `norm` is batch norm and ReLU.
 *
 *     encoder    conv 5 × 5, norm → (conv 5 × 5 /2, norm) three times → affine
 *     decoder    affine, ReLU → (transposed conv 5 × 5 /2, norm) three times → conv 5 × 5
 *
 * The head for the variance gives log σ.
 */
export function waeNetworks({
  width = 128,
  scales = 3,
  momentum = 0.01,
}: WaeNetworksOptions = {}): Architecture {
  return ({ input, latent, output }) => {
    const [H, W, C] = imageOf("wae", input);
    const sizes: Size[] = [[H, W]];
    for (let i = 0; i < scales; i++) sizes.push(halved(sizes[i]!));
    const small = [...sizes[scales]!, width * 2 ** scales];
    const norm = (channels: number) =>
      batchNorm(channels, { convention: "keras", momentum, activation: "relu" });

    const features: Record<string, Layer> = {};
    for (let i = 0; i <= scales; i++) {
      const from = i === 0 ? C : width * 2 ** (i - 1);
      const geometry = same(sizes[Math.max(0, i - 1)]!, 5, i === 0 ? 1 : 2);
      features[`conv${i + 1}`] = conv2d(from, width * 2 ** i, { ...geometry, initial: KERAS });
      features[`norm${i + 1}`] = norm(width * 2 ** i);
    }
    features.flatten = flatten();

    const decoder: Record<string, Layer> = {
      linear: linear(latent, sizeOf(small), { activation: "relu", initial: KERAS }),
      reshape: reshape(small),
    };
    for (let i = 1; i <= scales; i++) {
      const [from, to] = [width * 2 ** (scales - i + 1), width * 2 ** (scales - i)];
      decoder[`up${i}`] = convTranspose2d(from, to, { ...same(sizes[scales - i]!, 5, 2), initial: KERAS });
      decoder[`norm${i}`] = norm(to);
    }
    // a transposed convolution of stride 1 is a convolution with its filter turned round
    decoder.conv = conv2d(width, C, { ...same([H, W], 5, 1), activation: output, initial: KERAS });

    const head = () => affineTo(sizeOf(small), latent);
    return {
      features,
      code: head(),
      posterior: {},
      mean: head(),
      variance: { ...head(), double: each("x 2", (logDeviation) => mul(logDeviation, 2)) },
      decoder,
    };
  };
}
