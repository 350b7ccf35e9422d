import { mul, sub, tanh } from "../ops/elementwise.ts";
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

export interface RaeNetworksOptions {
  /** Channels of the first convolution; 128 unless given, doubled by each further one. */
  width?: number | undefined;
  /** What a batch weighs in the running moments of batch norm, 0.01 unless given; more where steps are few. */
  momentum?: number | undefined;
}

/** Images with a longer side than this get what the paper has for faces. */
const SMALL = 32;
/** Convolutions of the encoder. */
const DEPTH = 4;

/**
 * The networks of the regularised autoencoder (Ghosh et al., "From variational to deterministic autoencoders", ICLR 2020);
 * `norm` is batch norm and ReLU. For images of up to 32 × 32:
 *
 *     encoder    2 x − 1 → (conv 4 × 4 /2, norm) four times → affine
 *     decoder    affine, to a quarter of the size → (transposed conv 4 × 4 /2, norm) twice → transposed conv 4 × 4
 *
 * Larger ones get what the paper has for faces of 64 × 64: filters of 5 × 5, samples as they are, and a decoder that begins at
 * an eighth of the size and doubles three times. The head for the variance gives log σ / 5 before tanh.
 */
export function raeNetworks({ width = 128, momentum = 0.01 }: RaeNetworksOptions = {}): Architecture {
  return ({ input, latent, output }) => {
    const [H, W, C] = imageOf("rae", input);
    const isSmall = Math.max(H, W) <= SMALL;
    const [kernel, doublings] = isSmall ? [4, 2] : [5, 3];
    const sizes: Size[] = [[H, W]];
    for (let i = 0; i < DEPTH; i++) sizes.push(halved(sizes[i]!));
    const norm = (channels: number) =>
      batchNorm(channels, { convention: "keras", momentum, activation: "relu" });

    const features: Record<string, Layer> = isSmall
      ? { scale: each("2 x - 1", (x) => sub(mul(x, 2), 1)) }
      : {};
    for (let i = 0; i < DEPTH; i++) {
      const to = width * 2 ** i;
      const options = { ...same(sizes[i]!, kernel, 2), initial: KERAS };
      features[`conv${i + 1}`] = conv2d(i === 0 ? C : to / 2, to, options);
      features[`norm${i + 1}`] = norm(to);
    }
    features.flatten = flatten();
    const deepest = width * 2 ** (DEPTH - 1);
    const small = [...sizes[doublings]!, deepest];

    const decoder: Record<string, Layer> = {
      linear: linear(latent, sizeOf(small), { initial: KERAS }),
      reshape: reshape(small),
    };
    for (let i = 1; i <= doublings; i++) {
      const to = deepest / 2 ** i;
      const options = { ...same(sizes[doublings - i]!, kernel, 2), initial: KERAS };
      decoder[`up${i}`] = convTranspose2d(2 * to, to, options);
      decoder[`norm${i}`] = norm(to);
    }
    decoder.last = convTranspose2d(deepest / 2 ** doublings, C, {
      ...same([H, W], kernel, 1),
      activation: output,
      initial: KERAS,
    });

    const head = () => affineTo(sizeOf(sizes[DEPTH]!) * deepest, latent);
    return {
      features,
      code: head(),
      posterior: {},
      mean: head(),
      variance: { ...head(), spread: each("10 tanh", (x) => mul(tanh(x), 10)) },
      decoder,
    };
  };
}
