import { needsTape } from "../../tensor/tape.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/**
 * What `body` makes of the inputs by operations that have gradients. What lies between is freed at once where no gradient is
 * asked for; otherwise the tape needs it, and the scope of the caller frees it.
 */
export function composed<T>(inputs: readonly (Tensor | undefined)[], body: () => T): T {
  const given = inputs.filter((input) => input !== undefined);
  return needsTape(given) ? body() : given[0]!.device.scope(body);
}
