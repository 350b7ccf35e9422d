import { byId } from "../shared/dom.ts";
import { LookLog } from "./lookLog.ts";
import type { LookEvent } from "./protocol.ts";

/** Milliseconds between two looks of a replay. */
const pause = 140;

/** The slider that goes back to what was seen of a run before, and through all of it. */
export class Replay {
  readonly #log = new LookLog();
  readonly #row = byId("replay-row", HTMLElement);
  readonly #slider = byId("replay", HTMLInputElement);
  readonly #said = byId("replay-value", HTMLOutputElement);
  readonly #button = byId("replay-play", HTMLButtonElement);
  readonly #onMove: () => void;
  /** The look that is shown in place of the last one. */
  #past: LookEvent | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `onMove` is called when another look is to be shown. */
  constructor(onMove: () => void) {
    this.#onMove = onMove;
    this.#slider.oninput = () => {
      this.#stop();
      this.#go(Number(this.#slider.value));
    };
    this.#button.onclick = () => (this.#timer === undefined ? this.#play() : this.#stop());
  }

  /** What is to be seen: the last look, or one before. */
  get event(): LookEvent | undefined {
    return this.#past ?? this.#log.events.at(-1);
  }

  get isNow(): boolean {
    return this.#past === undefined;
  }

  add(event: LookEvent): void {
    this.#log.add(event);
    this.#show();
  }

  cutTo(step: number): void {
    this.#log.cutTo(step);
    this.#past = undefined;
    this.#show();
  }

  clear(): void {
    this.#stop();
    this.#log.clear();
    this.#past = undefined;
    this.#show();
  }

  #go(index: number): void {
    const { events } = this.#log;
    this.#past = index >= events.length - 1 ? undefined : events[index];
    this.#show();
    this.#onMove();
  }

  #play(): void {
    let next = 0;
    this.#button.textContent = "Stop";
    this.#timer = setInterval(() => {
      this.#go(next++);
      if (this.isNow) this.#stop();
    }, pause);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#button.textContent = "Replay";
  }

  #show(): void {
    const { events } = this.#log;
    this.#row.hidden = events.length < 2;
    const last = events.length - 1;
    const at = this.#past ? events.findIndex(({ step }) => step >= this.#past!.step) : last;
    this.#slider.max = String(Math.max(0, last));
    this.#slider.value = String(at);
    const words = this.#past ? `step ${this.#past.step.toLocaleString("en")}` : "now";
    this.#said.value = this.#slider.ariaValueText = words;
  }
}
