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
