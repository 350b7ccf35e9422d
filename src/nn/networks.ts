import { ShapeError } from "../device/errors.ts";
import type { Activation } from "../ops/lib/activation.ts";
import { show, sizeOf, type Shape } from "../tensor/shape.ts";
import type { Layers } from "./chain.ts";
import type { Layer } from "./layer.ts";
import { conv2d, convTranspose2d, flatten, linear, reshape } from "./layers.ts";
import { sequential, type InitialValues, type Network } from "./sequential.ts";
import { isSpectral, spectral as divided } from "./spectral.ts";

export type { InitialValues, Network } from "./sequential.ts";

/** What the two networks of an autoencoder have in common. */
export interface AutoencoderShapes {
  /** Shape of a sample: [H, W, C] for images, [D] for vectors. */
  input: Shape;
  /** Length of the latent vector. */
  latent: number;
  /** Fixes the initial weights; 0 unless given. */
  seed?: number | undefined;
  /** After every layer but the last; relu unless given. */
  activation?: Activation | undefined;
  /** After the decoder's last layer; none unless given. */
  outputActivation?: Activation | undefined;
  /** Channels or units of the layers of the encoder, and of the decoder. */
  encoderWidths?: readonly number[] | undefined;
  decoderWidths?: readonly number[] | undefined;
  /** Divides every weight by its largest singular value; false unless given. */
  spectral?: boolean | undefined;
}

/**
 * The paper's networks, for images of any size and number of channels. The encoder halves the image
 * with each convolution (3 × 3, stride 2; 32 and 64 channels) and ends in an affine map. The decoder
 * starts with one, to 32 channels at the size that doubles up to the image's or just past it, doubles
 * with each transposed convolution (256, 128, 32, 8 channels), and cuts to the image's size with a
 * last convolution whose filter is as large as there is too much.
 */
export function convolutionalNetworks(options: AutoencoderShapes): { encoder: Network; decoder: Network } {
  return { encoder: convolutionalEncoder(options), decoder: convolutionalDecoder(options) };
}

function convolutionalEncoder({
  input,
  latent,
  seed,
  activation = "relu",
  encoderWidths = [32, 64],
  spectral = false,
}: AutoencoderShapes): Network {
  let [H, W, channels] = imageShape(input);
  const layers: Record<string, Layer> = {};
  encoderWidths.forEach((width, i) => {
    layers[`conv${i + 1}`] = conv2d(channels, width, { kernel: 3, stride: 2, padding: 1, activation });
    [H, W, channels] = [Math.ceil(H / 2), Math.ceil(W / 2), width];
  });
  layers.flatten = flatten();
  layers.linear = linear(H * W * channels, latent);
  return sequential(input, spectral ? allSpectral(layers) : layers, { seed, stream: "encoder" });
}

/** Channels of the small image that the decoder starts from. */
const seedChannels = 32;

function convolutionalDecoder({
  input,
  latent,
  seed,
  activation = "relu",
  outputActivation = "none",
  decoderWidths = [256, 128, 32, 8],
  spectral = false,
}: AutoencoderShapes): Network {
  const [H, W, C] = imageShape(input);
  const growth = 2 ** decoderWidths.length;
  const small = [Math.ceil(H / growth), Math.ceil(W / growth)] as const;
  const layers: Record<string, Layer> = {
    linear: linear(latent, sizeOf(small) * seedChannels),
    reshape: reshape([...small, seedChannels]),
  };
  let channels = seedChannels;
  decoderWidths.forEach((width, i) => {
    const doubling = { kernel: 3, stride: 2, padding: 1, outputPadding: 1 };
    layers[`convTranspose${i + 1}`] = convTranspose2d(channels, width, { ...doubling, activation });
    channels = width;
  });
  layers.conv = conv2d(channels, C, {
    kernel: [1 + growth * small[0] - H, 1 + growth * small[1] - W],
    activation: outputActivation,
  });
  return sequential([latent], spectral ? allSpectral(layers) : layers, { seed, stream: "decoder" });
}

/** Networks of affine maps, for vectors; hidden layers of 64 units, one in the encoder, six in the decoder. */
export function mlpNetworks({
  input,
  latent,
  seed,
  activation = "relu",
  outputActivation = "none",
  encoderWidths = [64],
  decoderWidths = [64, 64, 64, 64, 64, 64],
  spectral = false,
}: AutoencoderShapes): { encoder: Network; decoder: Network } {
  if (input?.length !== 1)
    throw new ShapeError(`an MLP takes vectors [D], not samples of shape ${show(input)}; flatten them first`);
  const [D] = input as readonly [number];
  return {
    encoder: mlp([D, ...encoderWidths, latent], activation, "none", { seed, stream: "encoder", spectral }),
    decoder: mlp([latent, ...decoderWidths, D], activation, outputActivation, {
      seed,
      stream: "decoder",
      spectral,
    }),
  };
}

export function mlp(
  widths: readonly number[],
  hidden: Activation,
  last: Activation,
  { spectral = false, ...init }: InitialValues & { spectral?: boolean | undefined },
): Network {
  const layers = widths.slice(1).map((outputs, i) => {
    const activation = i + 2 < widths.length ? hidden : last;
    return [`linear${i + 1}`, linear(widths[i]!, outputs, { activation })] as const;
  });
  const named = Object.fromEntries(layers);
  return sequential([widths[0]!], spectral ? allSpectral(named) : named, init);
}

/** The layers, those that have weights divided by the largest singular value of each, unless they are already. */
export function allSpectral(layers: Layers): Layers {
  return Object.fromEntries(
    Object.entries(layers).map(([name, layer]) => [
      name,
      layer.parameters.some((own) => /(^|\.)weight$/.test(own.name)) && !isSpectral(layer)
        ? divided(layer)
        : layer,
    ]),
  );
}

/** One affine map. */
export function linearNetwork(inputs: number, outputs: number, init: InitialValues): Network {
  return sequential([inputs], { linear: linear(inputs, outputs) }, init);
}

function imageShape(input: Shape): [number, number, number] {
  if (input?.length !== 3 || !input.every((extent) => Number.isInteger(extent) && extent > 0))
    throw new ShapeError(
      `convolutional networks take images [H, W, C] with extents from 1, not samples of shape ${show(input)}`,
    );
  return [...input] as [number, number, number];
}
