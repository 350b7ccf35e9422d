import { LimitError } from "../../device/errors.ts";

/** Throws LimitError where indices of `extent` elements, which are f32, would not all be whole numbers. */
export function checkCountable(op: string, extent: number): void {
  if (extent > 2 ** 24)
    throw new LimitError(
      `${op}: indices are 32-bit floats, which count to 2^24; an axis of ${extent} elements is longer: split it`,
    );
}
