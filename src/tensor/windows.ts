import { LimitError } from "../device/errors.ts";
import type { Tensor } from "./tensor.ts";

/** Elements at whose multiples a window may begin, of float16 too: WebGPU binds memory from multiples of 256 bytes on. */
const step = 128;

/**
 * Runs `body` on tensors of one size, of which a binding of their device may hold but a part: on windows of all of them,
 * of `size` elements from `first` on, one after the other; on the tensors themselves where they fit.
 */
export function inWindows<Name extends string>(
  tensors: Readonly<Record<Name, Tensor>>,
  body: (windows: Readonly<Record<Name, Tensor>>, size: number, first: number) => void,
): void {
  const [any] = Object.values<Tensor>(tensors);
  if (!any || 4 * any.size <= any.device.largestBinding) return body(tensors, any?.size ?? 0, 0);
  const most = windowSize(any);
  for (let first = 0; first < any.size; first += most) {
    const size = Math.min(most, any.size - first);
    any.device.scope(() => {
      const views = Object.entries<Tensor>(tensors).map(([name, whole]) => [name, whole.view([size], first)]);
      body(Object.fromEntries(views) as Record<Name, Tensor>, size, first);
    });
  }
}

/** Elements of the windows that `inWindows` makes of a tensor; all of them where it fits. */
export function windowSize({ size, device }: Tensor): number {
  return Math.min(size, Math.floor(device.largestBinding / 4 / step) * step);
}

/**
 * A matrix (R, …) as blocks of its rows, in order, each as large as a binding of the device holds.
 *
 * @throws LimitError where it does not even hold the rows from one possible beginning to the next, 128 at most.
 */
export function rowWindows(x: Tensor): { first: number; rows: Tensor }[] {
  const [R, ...rest] = x.shape as [number, ...number[]];
  const { largestBinding } = x.device;
  const length = x.size / R;
  const { bytes } = x.dtype;
  const step = 256 / bytes;
  const least = step / greatestCommonDivisor(step, length);
  const most = Math.floor(largestBinding / (bytes * length * least)) * least;
  if (most === 0)
    throw new LimitError(
      `${x.toString()} has rows of ${bytes * length} bytes and can be parted at each ${least} of them, ` +
        `but this adapter binds at most ${largestBinding} bytes at once: make the matrix narrower`,
    );
  return Array.from({ length: Math.ceil(R / most) }, (_, i) => {
    const first = i * most;
    return { first, rows: x.view([Math.min(most, R - first), ...rest], first * length) };
  });
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
