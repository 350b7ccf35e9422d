/**
 * Does something for the newest of the values that come: one at a time, and of those that come meanwhile, only for
 * the last. So a slider or a pointer never waits for places that it left long ago.
 */
export class Latest<T> {
  readonly #act: (value: T, isLast: () => boolean) => Promise<void>;
  readonly #onPassedOver: (value: T) => void;
  #next: { value: T } | undefined;
  #running: Promise<void> | undefined;

  /**
   * `act` must not reject; its `isLast` says whether no other value has come since. `onPassedOver` is called for a value
   * whose place another one takes.
   */
  constructor(
    act: (value: T, isLast: () => boolean) => Promise<void>,
    onPassedOver: (value: T) => void = () => undefined,
  ) {
    this.#act = act;
    this.#onPassedOver = onPassedOver;
  }

  /** Whether something is done now. */
  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  give(value: T): void {
    if (this.#next) this.#onPassedOver(this.#next.value);
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
