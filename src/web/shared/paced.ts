/**
 * Draws before the next frame when asked to, but not more often than every so many milliseconds; of all that is asked
 * for while a frame is awaited, however long a page is hidden, one drawing comes.
 */
export class Paced {
  readonly #pause: number;
  readonly #draw: () => void;
  #due = 0;
  #isAsked = false;

  constructor(pause: number, draw: () => void) {
    this.#pause = pause;
    this.#draw = draw;
  }

  ask(): void {
    if (this.#isAsked || performance.now() < this.#due) return;
    this.#isAsked = true;
    requestAnimationFrame(() => {
      this.#isAsked = false;
      this.#due = performance.now() + this.#pause;
      this.#draw();
    });
  }
}
