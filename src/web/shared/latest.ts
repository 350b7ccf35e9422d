/**
 * Does something for the newest of the values that come: one at a time, and of those that come meanwhile, only for
 * the last. So a slider or a pointer never waits for places that it left long ago.
 */
export class Latest<T> {
  readonly #act: (value: T, isLast: () => boolean) => Promise<void>;
  #next: { value: T } | undefined;
  #running: Promise<void> | undefined;

  /** `act` must not reject; its `isLast` says whether no other value has come since. */
  constructor(act: (value: T, isLast: () => boolean) => Promise<void>) {
    this.#act = act;
  }

  give(value: T): void {
    this.#next = { value };
    this.#running ??= this.#run();
  }

  /** Resolves once all that was given so far is done or passed over. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#next) {
      const { value } = this.#next;
      this.#next = undefined;
      await this.#act(value, () => this.#next === undefined);
    }
    this.#running = undefined;
  }
}
