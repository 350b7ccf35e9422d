import { ArgumentError } from "../device/errors.ts";
import type { Sampler } from "../latent/sampler.ts";
import type { Autoencoder } from "../models/autoencoder.ts";
import { encodeOnnx, writeGraph, OPSET } from "./onnx.ts";
import { decoderOf, encoderOf, networkOf, samplerGraphOf } from "./parts.ts";
import type { Graph } from "./graph.ts";

/** What is exported of a model. */
export interface OnnxOptions {
  /** Where new samples come from: a sampler that is fitted, `models.samplerOf(model, "prior")` for one. None unless given. */
  sampler?: Sampler | undefined;
  /** The networks of these names, each as it is; all that the model has are in `model.networks`. None unless given. */
  networks?: readonly string[] | undefined;
  /** What the files say of themselves, by key. */
  about?: Readonly<Record<string, string>> | undefined;
}

/**
 * The ONNX files of a model, by the names of its parts, as inference computes them. Images are (N, C, H, W) there, weights lie
 * as PyTorch's, and a latent basis is among them.
 *
 *     encoder    samples (N, …) → codes (N, codeSize)
 *     decoder    codes (N, codeSize) → samples (N, …)
 *     sampler    noise (N, …), drawn from N(0, I) by who runs it → samples (N, …)
 *
 * A mixture's sampler takes `uniform` (N, 1) beside the noise, from 0 to 1, and a second stage with noise of its own `noise2`.
 *
 * @throws ArgumentError for an operation, a sampler or a network that cannot be exported; LifetimeError for a model whose
 * latent basis is not fitted yet.
 */
export async function exportOnnx(
  model: Autoencoder,
  { sampler, networks = [], about = {} }: OnnxOptions = {},
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  if (typeof model?.encode !== "function")
    throw new ArgumentError(
      "exportOnnx: an autoencoder is needed; exportFunction takes networks and functions of your own",
    );
  const parts: [name: string, graph: () => Promise<Graph>][] = [
    ["encoder", () => encoderOf(model)],
    ["decoder", () => decoderOf(model)],
    ...networks.map((name): (typeof parts)[number] => [`network-${name}`, () => networkOf(model, name)]),
  ];
  if (sampler) parts.push(["sampler", () => samplerGraphOf(model, sampler.save())]);
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const [name, graph] of parts)
    files.set(name, await encodeOnnx(writeGraph(name, await graph()), about));
  return files;
}

export { OPSET };
