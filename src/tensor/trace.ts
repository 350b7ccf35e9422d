import type { Tensor } from "./tensor.ts";

/** An operation as it was called. */
export interface Operation {
  /** Undefined where all that is known is what it depends on: an operation from outside of the package. */
  readonly name: string | undefined;
  readonly output: Tensor;
  /** In the order of the operation's description; a bias or a scale that was not given is undefined. */
  readonly inputs: readonly (Tensor | number | undefined)[];
  readonly options: Readonly<Record<string, unknown>>;
}

let heard: ((operation: Operation) => void) | undefined;

/** Calls `listener` with each operation that `body` calls, also with those that one operation is made of, in their order. */
export function listen<T>(listener: (operation: Operation) => void, body: () => T): T {
  const before = heard;
  heard = listener;
  try {
    return body();
  } finally {
    heard = before;
  }
}

/** Tells the listener, if there is one, which operation made `output`: what an export of a computation is made of. */
export function note(
  name: string | undefined,
  output: Tensor,
  inputs: Operation["inputs"],
  options: Operation["options"] = {},
): void {
  heard?.({ name, output, inputs, options });
}
