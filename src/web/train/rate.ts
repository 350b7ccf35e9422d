/** Steps per second over about the last second. */
export class Rate {
  #steps = 0;
  #ms = 0;

  add(steps: number, ms: number): void {
    const keep = Math.exp(-ms / 1000);
    this.#steps = keep * this.#steps + steps;
    this.#ms = keep * this.#ms + ms;
  }

  get perSecond(): number {
    return this.#ms > 0 ? (1000 * this.#steps) / this.#ms : 0;
  }
}
