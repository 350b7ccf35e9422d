import { sizeOf } from "../tensor/shape.ts";
import { affineTo, type Architecture } from "./architecture.ts";
import type { Layers } from "./chain.ts";
import { flatten, linear, reshape, type LayerInitial } from "./layers.ts";

export interface MaskAaeNetworksOptions {
  /** Units of each hidden layer; 1024 unless given. */
  units?: number | undefined;
  /** Hidden layers of the encoder, and of the decoder; 4 unless given. */
  layers?: number | undefined;
}

const INITIAL: LayerInitial = { weight: "glorotNormal", bias: { constant: 0 } };

/**
 * The networks of the masked adversarial autoencoder as its authors' code has them for MNIST (Mondal et al., UAI 2020), for
 * images and vectors of any size: nothing but affine maps, and no normalisation.
 *
 *     encoder    flatten → (affine, ReLU) four times → affine
 *     decoder    (affine, ReLU) four times → affine → the samples' shape
 */
export function maskAaeNetworks({ units = 1024, layers = 4 }: MaskAaeNetworksOptions = {}): Architecture {
  const hidden = (inputs: number): Layers =>
    Object.fromEntries(
      Array.from({ length: layers }, (_, i) => [
        `linear${i + 1}`,
        linear(i === 0 ? inputs : units, units, { activation: "relu", initial: INITIAL }),
      ]),
    );
  return ({ input, latent, output }) => {
    const head = () => affineTo(units, latent, INITIAL);
    return {
      features: { flatten: flatten(), ...hidden(sizeOf(input)) },
      code: head(),
      posterior: {},
      mean: head(),
      variance: head(),
      decoder: {
        ...hidden(latent),
        last: linear(units, sizeOf(input), { activation: output, initial: INITIAL }),
        reshape: reshape(input),
      },
    };
  };
}
