import type * as Jax from "@jax-js/jax";
import type { Values } from "../engine.ts";

export type JaxModule = typeof Jax;

/** jax-js, and how its arrays come and are waited for. */
export interface JaxTools {
  readonly jax: JaxModule;
  upload(values: Values): Jax.Array;
  /** Sends all that leads to `results`, and waits until it is done by reading from the first. */
  settle(results: readonly Jax.Array[]): Promise<void>;
}

/** A transposed convolution in the words of `lax`: zeros between the pixels, then a convolution. */
export function transposedConvolution(
  { lax }: JaxModule,
  { R, S, stride, pad, outputPad }: Record<"R" | "S" | "stride" | "pad" | "outputPad", number>,
): (x: Jax.Array, w: Jax.Array) => Jax.Array {
  const around = (taps: number): [number, number] => [taps - 1 - pad, taps - 1 - pad + outputPad];
  return (x, w) =>
    lax.convGeneralDilated(x, w, [1, 1], [around(R), around(S)], { lhsDilation: [stride, stride] });
}
