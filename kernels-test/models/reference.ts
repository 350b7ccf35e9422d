import { Matrix, SingularValueDecomposition } from "ml-matrix";
import { affine, convolved, doubled, type Images } from "../nn/reference.ts";
import { truncated } from "../svd/differences.ts";

/** The parameters of a model by name, in float64. */
export type Weights = ReadonlyMap<string, readonly number[]>;

/** A network in float64: one batch, sample after sample, to the next. */
type Apply = (x: number[], weights: (name: string) => number[]) => number[];

/** The two networks of an autoencoder in float64. */
export interface Networks {
  encoder: Apply;
  decoder: Apply;
}

const relu = (list: number[]) => list.map((z) => Math.max(z, 0));

/** Convolutions of stride 2, then an affine map; an affine map, transposed convolutions, then one last convolution. */
export function convolutional(
  [H, W, C]: readonly [number, number, number],
  { down, up }: { down: number; up: number },
): Networks {
  const growth = 2 ** up;
  const small = [Math.ceil(H / growth), Math.ceil(W / growth)] as const;
  const images = (values: number[], h: number, w: number, c: number): Images => ({
    values,
    shape: [values.length / (h * w * c), h, w, c],
  });
  return {
    encoder(x, weights) {
      let image = images(x, H, W, C);
      for (let i = 1; i <= down; i++) {
        image = convolved(image, weights(`conv${i}.weight`), weights(`conv${i}.bias`), [3, 3], 2, 1);
        image.values = relu(image.values);
      }
      return affine(image.values, weights("linear.weight"), weights("linear.bias"));
    },
    decoder(z, weights) {
      const first = affine(z, weights("linear.weight"), weights("linear.bias"));
      let image = images(first, ...small, 32);
      for (let i = 1; i <= up; i++) {
        image = doubled(image, weights(`convTranspose${i}.weight`), weights(`convTranspose${i}.bias`));
        image.values = relu(image.values);
      }
      const filter = [1 + growth * small[0] - H, 1 + growth * small[1] - W] as const;
      return convolved(image, weights("conv.weight"), weights("conv.bias"), filter, 1, 0).values;
    },
  };
}

/** `layers` affine maps with ReLU between them. */
export function perceptron(layers: number): Apply {
  return (x, weights) => {
    let y = x;
    for (let i = 1; i <= layers; i++) {
      y = affine(y, weights(`linear${i}.weight`), weights(`linear${i}.bias`));
      if (i < layers) y = relu(y);
    }
    return y;
  };
}

export const norm = (list: ArrayLike<number>) => Math.sqrt(dot(list, list));
export const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i]!, 0);

/** 100 ‖x̂ − x‖ / ‖x‖. */
const relativeError = (xHat: number[], x: number[]) =>
  (100 * norm(xHat.map((value, i) => value - x[i]!))) / norm(x);

/** ½ Σ (μ² + σ² − 1 − log σ²). */
const kl = (mu: number[], logVariance: number[]) =>
  mu.reduce((sum, m, i) => sum + (m * m + Math.exp(logVariance[i]!) - 1 - logVariance[i]!) / 2, 0);

const sampled = (mu: number[], logVariance: number[], epsilon: ArrayLike<number>) =>
  mu.map((m, i) => m + epsilon[i]! * Math.exp(logVariance[i]! / 2));

const sigmoid = (h: number) => 1 / (1 + Math.exp(-h));
const average = (list: number[]) => list.reduce((total, value) => total + value, 0) / list.length;

/** The divergence of Bernoulli distributions with means rho and r. */
const bernoulliKl = (rho: number, r: number) =>
  rho * Math.log(rho / r) + (1 - rho) * Math.log((1 - rho) / (1 - r));

export interface Case {
  networks: Networks;
  /** B samples. */
  x: number[];
  B: number;
  rank: number;
  beta: number;
  /** Standard normal numbers, one for each coordinate of each sample. */
  epsilon: ArrayLike<number>;
}

/** The loss of each model as the paper writes it. */
export const losses = {
  ae({ networks, x }, weights) {
    const { encode, decode } = bound(networks, weights);
    return relativeError(decode(encode(x)), x);
  },
  vae({ networks, x, beta, epsilon }, weights) {
    const { encode, decode, map } = bound(networks, weights);
    const h = encode(x);
    const [mu, logVariance] = [map("mean", h), map("variance", h)];
    return relativeError(decode(sampled(mu, logVariance, epsilon)), x) + beta * kl(mu, logVariance);
  },
  rrae({ networks, x, B, rank }, weights) {
    const { encode, decode } = bound(networks, weights);
    const { product } = cut(encode(x), B, rank);
    return relativeError(decode(product.to1DArray()), x);
  },
  vrrae({ networks, x, B, rank, beta, epsilon }, weights) {
    const { encode, decode, map } = bound(networks, weights);
    const { coefficients, basis } = cut(encode(x), B, rank);
    const alpha = coefficients.to1DArray();
    const logVariance = map("variance", alpha);
    const z = Matrix.from1DArray(B, rank, sampled(alpha, logVariance, epsilon));
    const xHat = decode(z.mmul(basis.transpose()).to1DArray());
    return relativeError(xHat, x) + beta * kl(alpha, logVariance);
  },
  "vrrae, rank lowered"({ networks, x, B, rank, beta, epsilon }, weights) {
    const { encode, decode, map } = bound(networks, weights);
    const { coefficients, basis } = cut(encode(x), B, rank);
    const alpha = coefficients.to1DArray();
    const whole = weights.get("variance.linear.bias")!.length;
    const padded = coefficients
      .to2DArray()
      .flatMap((row) => [...row, ...Array<number>(whole - rank).fill(0)]);
    const logVariance = map("variance", padded).filter((_, at) => at % whole < rank);
    const z = Matrix.from1DArray(B, rank, sampled(alpha, logVariance, epsilon));
    const xHat = decode(z.mmul(basis.transpose()).to1DArray());
    return relativeError(xHat, x) + beta * kl(alpha, logVariance);
  },
  "vae, f = I"({ networks, x, beta, epsilon }, weights) {
    const { encode, decode, map } = bound(networks, weights);
    const mu = encode(x);
    const logVariance = map("variance", mu);
    return relativeError(decode(sampled(mu, logVariance, epsilon)), x) + beta * kl(mu, logVariance);
  },
  "rrae + vae"({ networks, x, B, rank, beta, epsilon }, weights) {
    const { encode, decode, map } = bound(networks, weights);
    const { coefficients, basis } = cut(encode(x), B, rank);
    const alpha = coefficients.to1DArray();
    const [mu, logVariance] = [map("mean", alpha), map("variance", alpha)];
    const z = Matrix.from1DArray(B, rank, sampled(mu, logVariance, epsilon));
    return relativeError(decode(z.mmul(basis.transpose()).to1DArray()), x) + beta * kl(mu, logVariance);
  },
  irmae({ networks, x }, weights) {
    const { encode, decode, linear } = bound(networks, weights);
    return relativeError(decode(linear("map3", linear("map2", linear("map1", encode(x))))), x);
  },
  "irmae, published"({ networks, x }, weights) {
    const { encode, decode, linear } = bound(networks, weights);
    return relativeError(decode(linear("map2", linear("map1", encode(x)))), x);
  },
  lorae({ networks, x, beta }, weights) {
    const { encode, decode, linear } = bound(networks, weights);
    const map = weights.get("linear.map1.weight")!;
    const side = Math.sqrt(map.length);
    const { diagonal } = new SingularValueDecomposition(Matrix.from1DArray(side, side, [...map]));
    const nuclear = diagonal.reduce((total, s) => total + s, 0);
    return relativeError(decode(linear("map1", encode(x))), x) + beta * nuclear;
  },
  contractive({ networks, x, B, beta }, weights) {
    const { encode, decode } = bound(networks, weights);
    const z = encode(x).map(sigmoid);
    const L = z.length / B;
    const last = [...weights].filter(([name]) => /^encoder.*weight$/.test(name)).at(-1)![1];
    const penalty = z.reduce((total, value, at) => {
      const column = last.filter((_, i) => i % L === at % L);
      return total + (value * (1 - value)) ** 2 * dot(column, column);
    }, 0);
    return relativeError(decode(z), x) + beta * penalty;
  },
  sparse({ networks, x, B, beta }, weights) {
    const { encode, decode } = bound(networks, weights);
    const z = encode(x).map(sigmoid);
    const L = z.length / B;
    const units = Array.from({ length: L }, (_, unit) => average(z.filter((_, i) => i % L === unit)));
    return relativeError(decode(z), x) + beta * units.reduce((total, r) => total + bernoulliKl(0.05, r), 0);
  },
  "sparse, published"({ networks, x, beta }, weights) {
    const { encode, decode } = bound(networks, weights);
    const z = encode(x).map(sigmoid);
    return relativeError(decode(z), x) + beta * bernoulliKl(0.05, average(z));
  },
} satisfies Record<string, (given: Case, weights: Weights) => number>;

/** The truncated SVD of B latent vectors, signed like `truncatedSvd`. */
export function cut(h: number[], B: number, rank: number) {
  return truncated({ M: B, N: h.length / B, data: h }, rank);
}

function bound({ encoder, decoder }: Networks, weights: Weights) {
  const of = (prefix: string) => (name: string) => {
    const found = weights.get(`${prefix}.${name}`);
    if (!found) throw new Error(`no parameter ${prefix}.${name}`);
    return [...found];
  };
  return {
    encode: (x: number[]) => encoder(x, of("encoder")),
    decode: (z: number[]) => decoder(z, of("decoder")),
    linear: (name: string, h: number[]) => {
      const weight = of("linear")(`${name}.weight`);
      return affine(h, weight, weight.slice(0, Math.sqrt(weight.length)).fill(0));
    },
    map: (name: string, h: number[]) => affine(h, of(name)("linear.weight"), of(name)("linear.bias")),
  };
}
