import { ShapeError } from "../device/errors.ts";
import { add, leakyRelu, log, mul, softplus } from "../ops/elementwise.ts";
import { slice } from "../ops/rearrange.ts";
import { show, sizeOf } from "../tensor/shape.ts";
import { affineTo, each, halved, imageOf, same, type Architecture } from "./architecture.ts";
import type { Layer } from "./layer.ts";
import { conv2d, convTranspose2d, flatten, linear, reshape } from "./layers.ts";
import { batchNorm } from "./normalization.ts";
import { spectral } from "./spectral.ts";

export interface InfoganNetworksOptions {
  /** Channels of the convolutions next to the image; 64 unless given, and twice as many in the others. */
  width?: number | undefined;
  /** Units of the affine layers; 1024 unless given. */
  units?: number | undefined;
}

const INITIAL = { weight: { normal: 0.02 }, bias: { constant: 0 } };
const NORM = { momentum: 0.001, epsilon: 1e-5, convention: "keras" } as const;

/**
 * The networks of InfoGAN as Dai and Wipf ("Diagnosing and enhancing VAE models", ICLR 2019) have them for MNIST and
 * Fashion-MNIST; those of the encoder are divided by their largest singular values. The last affine map gives μ and what σ
 * is softplus of.
 *
 *     encoder    conv 4 × 4 /2, leaky → (conv 4 × 4 /2 → batch norm, leaky) → (affine → batch norm, leaky) → affine
 *     decoder    (affine → batch norm, ReLU) twice → (transposed conv 4 × 4 /2 → batch norm, ReLU) → transposed conv 4 × 4 /2
 *
 * All leaky ReLUs have the slope 0.2. Running statistics move by 0.001 a step, and need some thousand steps.
 */
export function infoganNetworks({ width = 64, units = 1024 }: InfoganNetworksOptions = {}): Architecture {
  return ({ input, latent, output }) => {
    const [H, W, C] = imageOf("infogan", input);
    const half = halved([H, W]);
    const small = [...halved(half), 2 * width];
    const norm = (channels: number) => batchNorm(channels, { ...NORM, activation: "relu" });
    const features = {
      conv1: spectral(conv2d(C, width, { ...same([H, W], 4, 2), initial: INITIAL })),
      leaky1: leaky(),
      conv2: spectral(conv2d(width, 2 * width, { ...same(half, 4, 2), initial: INITIAL })),
      norm2: batchNorm(2 * width, NORM),
      leaky2: leaky(),
      flatten: flatten(),
      linear1: spectral(linear(sizeOf(small), units, { initial: INITIAL })),
      norm3: batchNorm(units, NORM),
      leaky3: leaky(),
    };
    return {
      features,
      code: { linear: spectral(affineTo(units, latent, INITIAL).linear!) },
      posterior: { linear: spectral(affineTo(units, 2 * latent, INITIAL).linear!) },
      mean: { half: columns(0, latent) },
      variance: {
        half: columns(latent, latent),
        deviation: each("log (softplus + 1e-6)^2", (x) => mul(log(add(softplus(x), 1e-6)), 2)),
      },
      decoder: {
        linear1: linear(latent, units, { initial: INITIAL }),
        norm1: norm(units),
        linear2: linear(units, sizeOf(small), { initial: INITIAL }),
        norm2: norm(sizeOf(small)),
        reshape: reshape(small),
        up1: convTranspose2d(2 * width, width, { ...same(half, 4, 2), initial: INITIAL }),
        norm3: norm(width),
        up2: convTranspose2d(width, C, { ...same([H, W], 4, 2), activation: output, initial: INITIAL }),
      },
    };
  };
}

const leaky = () => each("leakyRelu 0.2", (x) => leakyRelu(x, 0.2));

/** `count` of the numbers of a vector from `from` on. */
function columns(from: number, count: number): Layer {
  return {
    label: `columns ${from} to ${from + count - 1}`,
    parameters: [],
    outputShape(input) {
      if (input.length !== 1 || input[0]! < from + count)
        throw new ShapeError(`columns: takes ${from + count} numbers or more, not ${show(input)}`);
      return [count];
    },
    apply: (x) => slice(x, [0, from], [x.shape[0]!, count]),
  };
}
