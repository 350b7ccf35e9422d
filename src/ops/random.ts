import type { Device } from "../device/device.ts";
import { checkSeed, checkWhole } from "../device/arguments.ts";
import { ArgumentError } from "../device/errors.ts";
import { kernel, linearGrid, type Grid } from "../device/kernel.ts";
import { checkShape, type Shape } from "../tensor/shape.ts";
import { empty, tensor, type Tensor } from "../tensor/tensor.ts";
import { note } from "../tensor/trace.ts";

const randomKernel = kernel("random");
const WG = 64;
const buckets = 1024;
const none = { N: 0, B: 0, low: 0, span: 0, top: 0 };

/**
 * Where a stream of random numbers stands: key and counter of a Threefry generator, in device
 * memory. Every draw moves the counter on there, so a recorded step draws fresh numbers each time
 * it runs, and the same ones as the step run eagerly.
 *
 * Streams of different seeds or stream numbers are independent. Make one from a seed outside of recorded steps.
 */
export class RandomState {
  readonly device: Device;
  /** Four words of 32 bits: the key's two (seed, stream), the counter's low and high. */
  readonly tensor: Tensor;

  /**
   * `seed` and `stream` are whole numbers of 32 bits. In place of a seed another state may stand: the new one then
   * draws the same numbers as that one draws from here on, and a recorded step takes such a copy each time it runs.
   */
  constructor(device: Device, seed: number | RandomState, stream = 0) {
    this.device = device;
    if (seed instanceof RandomState) {
      this.tensor = empty(device, [4], "state").keep();
      randomKernel("hold", { state: seed.tensor, advanced: this.tensor }, none, [1]);
      return;
    }
    checkSeed("RandomState: seed", seed);
    checkSeed("RandomState: stream", stream);
    this.tensor = tensor(device, floatsOf([seed, stream, 0, 0]), [4], "state").keep();
  }

  /** The four words, for a checkpoint. */
  async read(): Promise<Uint32Array> {
    return new Uint32Array(await this.tensor.readBytes());
  }

  /** Continues from where `read()` gave `words`. */
  restore(words: ArrayLike<number>): void {
    if (words.length !== 4)
      throw new ArgumentError(
        `RandomState.restore: 4 words are needed, as read() gives them, not ${words.length}`,
      );
    this.tensor.write(floatsOf(words));
  }

  /** Frees the device memory. */
  dispose(): void {
    this.tensor.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Throws ArgumentError for what is no state of a stream of random numbers. */
export function checkState(op: string, state: unknown): void {
  if (!(state instanceof RandomState))
    throw new ArgumentError(
      `${op}: a RandomState is needed, not ${String(state)}; new RandomState(device, seed) makes one`,
    );
}

/** Standard normal numbers, by Box and Muller's method; every device gives them to 1e-6. */
export function randomNormal(state: RandomState, shape: Shape): Tensor {
  checkState("randomNormal", state);
  checkShape("randomNormal", shape);
  const out = empty(state.device, shape);
  const N = out.size;
  const B = Math.ceil(N / 2);
  randomKernel("normal_numbers", { state: state.tensor, out }, { ...none, N, B }, linearGrid(B, WG));
  advance(state, B);
  note("randomNormal", out, []);
  return out;
}

/** Numbers evenly spread over [low, high): low + (high − low) j / 2²⁴ with j drawn from 0 … 2²⁴ − 1. */
export function randomUniform(state: RandomState, shape: Shape, low = 0, high = 1): Tensor {
  checkState("randomUniform", state);
  checkShape("randomUniform", shape);
  const span = Math.fround(high) - Math.fround(low);
  if (!(span > 0 && span < 3e38))
    throw new ArgumentError(
      `randomUniform: low and high are to be finite with low < high, not ${low}, ${high}`,
    );
  const out = empty(state.device, shape);
  const N = out.size;
  const B = Math.ceil(N / 2);
  const params = { N, B, low, span, top: below(high) };
  randomKernel("uniform_numbers", { state: state.tensor, out }, params, linearGrid(B, WG));
  advance(state, B);
  note("randomUniform", out, [], { low, high });
  return out;
}

/** `n` random words of 32 bits, which `readBytes()` reads. */
export function randomBits(state: RandomState, n: number): Tensor {
  checkShape("randomBits", [n]);
  const B = Math.ceil(n / 2);
  const bits = empty(state.device, [2 * B]);
  randomKernel("words", { state: state.tensor, bits }, { ...none, N: n, B }, linearGrid(B, WG));
  advance(state, B);
  if (n === 2 * B) return bits;
  const first = bits.view([n]);
  bits.dispose();
  return first;
}

/**
 * The numbers 0 … n − 1 in an order drawn at random, all orders alike; shape (n). The place of an
 * element is the rank of a key of 64 bits that it draws, so no two draws are alike but by chance.
 */
export function randomPermutation(state: RandomState, n: number): Tensor {
  checkState("randomPermutation", state);
  checkWhole("randomPermutation: n", n, 0, 2 ** 24);
  const { device } = state;
  const out = empty(device, [n]);
  const counts = empty(device, [buckets]);
  const ends = empty(device, [buckets]);
  const members = empty(device, [4 * n]);
  const params = { ...none, N: n, B: n };
  const constants = { BUCKETS: buckets };
  const grid: Grid = linearGrid(n, WG);
  randomKernel("forget", { counts }, params, [buckets / WG], { constants });
  randomKernel("count", { state: state.tensor, counts }, params, grid, { constants });
  randomKernel("start", { counts, ends }, params, [1], { constants });
  randomKernel("place", { state: state.tensor, ends, members }, params, grid, { constants });
  randomKernel("rank", { final_ends: ends, placed: members, out }, params, grid, { constants });
  for (const temporary of [counts, ends, members]) temporary.dispose();
  advance(state, n);
  return out;
}

/** Moves the counter past the `B` blocks of two words that were drawn. */
export function advance(state: RandomState, B: number): void {
  if (B > 0) randomKernel("advance", { advanced: state.tensor }, { ...none, B }, [1]);
}

/** Words as a list of floats with the same bits. */
function floatsOf(words: ArrayLike<number>): Float32Array {
  return new Float32Array(Uint32Array.from(words).buffer);
}

/** The largest 32-bit float below `x`, leaving out those that devices may take for 0. */
function below(x: number): number {
  const float = new Float32Array([x]);
  const word = new Int32Array(float.buffer);
  if (float[0] === 0) return -(2 ** -126);
  word[0]! += float[0]! > 0 ? -1 : 1;
  return float[0]!;
}
