/** Draws frames one at a time: when it is asked to, and on for as long as a frame says that more is to come. */
export class Frames {
  readonly #draw: (now: number) => Promise<boolean>;
  #drawing = false;
  #dirty = false;

  constructor(draw: (now: number) => Promise<boolean>) {
    this.#draw = draw;
  }

  ask(): void {
    this.#dirty = true;
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame((now) => {
      this.#dirty = false;
      void this.#draw(now)
        .catch(() => false) // the device was lost; another one is on its way
        .then((goesOn) => {
          this.#drawing = false;
          if (goesOn || this.#dirty) this.ask();
        });
    });
  }
}

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
