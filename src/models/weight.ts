import { ArgumentError } from "../device/errors.ts";

/** Refuses a weight of a term of the loss that is no weight; `model` and `what` name it in the message. */
export function checkWeight(model: string, what: string, value: number): void {
  if (Number.isFinite(value) && value >= 0) return;
  throw new ArgumentError(`${model}: ${what} is a number from 0 on, not ${value}`);
}
