import { variances } from "../../latent/spectrum.ts";
import { Turn } from "./turn.ts";

/** A number whose variance is a smaller share than this of the largest one's says nothing. */
const silent = 0.01;
/** By how much more another has to vary to take its place. */
const better = 4;

/**
 * The order in which the numbers of a code are shown: their own, until one of the first two falls silent beside others; and
 * how they are turned, where they are coordinates in a basis that is found anew.
 */
export class CodeOrder {
  #order: readonly number[] = [];
  #turn: Turn | undefined;

  /** Which number of the code is shown in that place. */
  at(place: number): number {
    return this.#order[place] ?? place;
  }

  /** The map of the first two numbers, row by row. */
  get plane(): readonly number[] {
    return this.#turn?.plane ?? [1, 0, 0, 1];
  }

  /**
   * Puts the numbers that vary most over `codes` (N, codeSize) first, where that is needed; whether it was. Turns them to
   * lie where the last ones did, where their basis is found anew.
   */
  follow(codes: Float32Array, codeSize: number, isFoundAnew: boolean): boolean {
    const changed = this.#sort(codes, codeSize);
    if (changed || !isFoundAnew) this.#turn = undefined;
    if (isFoundAnew) (this.#turn ??= new Turn()).follow(this.#sorted(codes), codeSize);
    return changed;
  }

  #sort(codes: Float32Array, codeSize: number): boolean {
    if (this.#order.length !== codeSize) this.#order = Array.from({ length: codeSize }, (_, i) => i);
    if (codeSize < 3 || !codes.every((value) => Number.isFinite(value))) return false;
    const variance = variances(codes, codeSize);
    const strongest = this.#order.toSorted((a, b) => variance[b]! - variance[a]!);
    const [most, second] = [variance[strongest[0]!]!, variance[strongest[1]!]!];
    const least = Math.min(...this.#order.slice(0, 2).map((number) => variance[number]!));
    if (least >= silent * most || second <= better * least) return false;
    this.#order = strongest;
    return true;
  }

  /** Codes as the model has them, in this order. */
  arrange(codes: Float32Array): Float32Array {
    const sorted = this.#sorted(codes);
    return this.#turn?.apply(sorted, this.#order.length) ?? sorted;
  }

  #sorted(codes: Float32Array): Float32Array {
    return this.#moved(
      codes,
      (row, place) => row + this.at(place),
      (row, place) => row + place,
    );
  }

  /** Codes in this order, as the model has them. */
  restore(codes: Float32Array): Float32Array {
    return this.#moved(
      this.#turn?.undo(codes, this.#order.length) ?? codes,
      (row, place) => row + place,
      (row, place) => row + this.at(place),
    );
  }

  #moved(
    codes: Float32Array,
    from: (row: number, place: number) => number,
    to: (row: number, place: number) => number,
  ): Float32Array {
    const size = this.#order.length;
    const moved = new Float32Array(codes.length);
    codes.forEach((_, i) => {
      const place = i % size;
      moved[to(i - place, place)] = codes[from(i - place, place)]!;
    });
    return moved;
  }
}
