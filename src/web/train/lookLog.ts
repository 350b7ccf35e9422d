import type { LookEvent } from "./protocol.ts";

/** Looks that are kept, at most, and numbers in all of them together: of more, every other one is forgotten. */
const most = { looks: 240, numbers: 2 ** 23 };

/** The looks of a run so far, the first and the last among them; evenly thinned in a long run. */
export class LookLog {
  #events: LookEvent[] = [];

  get events(): readonly LookEvent[] {
    return this.#events;
  }

  /** Adds a look; one at the same step takes the place of the last. */
  add(event: LookEvent): void {
    if (this.#events.at(-1)?.step === event.step) this.#events.pop();
    this.#events.push(event);
    const isFull = () =>
      this.#events.length > 2 &&
      (this.#events.length > most.looks || this.#events.length * numbersOf(event) > most.numbers);
    while (isFull())
      this.#events = this.#events.filter((_, i, { length }) => i % 2 === 0 || i === length - 1);
  }

  /** Forgets what came after `step`: the run went back there. */
  cutTo(step: number): void {
    this.#events = this.#events.filter((event) => event.step <= step);
  }

  clear(): void {
    this.#events = [];
  }
}

function numbersOf({ looks }: LookEvent): number {
  return looks.reduce(
    (sum, { pictures, codes, trace }) => sum + pictures.length + codes.length + (trace.long?.length ?? 0),
    0,
  );
}
