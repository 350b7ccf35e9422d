/**
 * Does something for the newest of the values that come: one at a time, and of those that come meanwhile, only for
 * the last. So a slider or a pointer never waits for places that it left long ago.
 */
export class Latest<T> {
  readonly #act: (value: T, isLast: () => boolean) => Promise<void>;
  #next: { value: T } | undefined;
  #busy = false;

  /** `act` must not reject; its `isLast` says whether no other value has come since. */
  constructor(act: (value: T, isLast: () => boolean) => Promise<void>) {
    this.#act = act;
  }

  give(value: T): void {
    this.#next = { value };
    if (!this.#busy) void this.#run();
  }

  async #run(): Promise<void> {
    this.#busy = true;
    while (this.#next) {
      const { value } = this.#next;
      this.#next = undefined;
      await this.#act(value, () => this.#next === undefined);
    }
    this.#busy = false;
  }
}
