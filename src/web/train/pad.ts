import type { Picture } from "../../data/resize.ts";
import { byId, isOfBrowser } from "../shared/dom.ts";

type Place = [x: number, y: number];

const stroke = { strokeStyle: "white", lineWidth: 14, lineCap: "round", lineJoin: "round" } as const;
/** Pixels that an arrow key moves the pen by. */
const stride = 8;
const arrows: Partial<Record<string, Place>> = {
  ArrowLeft: [-stride, 0],
  ArrowRight: [stride, 0],
  ArrowUp: [0, -stride],
  ArrowDown: [0, stride],
};

/** What the visitor draws on: with mouse, pen, finger or keys. */
export class Pad {
  readonly canvas = byId("pad", HTMLCanvasElement);
  readonly #context = this.canvas.getContext("2d", { willReadFrequently: true })!;
  readonly #cursor = byId("pad-cursor", HTMLElement);
  #pen: Place = [0, 0];
  #isDown = false;

  constructor() {
    Object.assign(this.#context, stroke);
    this.clear();
    this.#listenToPointer();
    this.#listenToKeys();
  }

  clear(): void {
    const { width, height } = this.canvas;
    this.#context.fillStyle = "black";
    this.#context.fillRect(0, 0, width, height);
    this.#pen = [width / 2, height / 2];
    this.#lift();
  }

  /** What is drawn, white on black; undefined where nothing is. */
  picture(): Picture | undefined {
    const { width, height } = this.canvas;
    const { data } = this.#context.getImageData(0, 0, width, height);
    const grey = Uint8Array.from({ length: width * height }, (_, pixel) => data[4 * pixel]!);
    return grey.some((value) => value > 0) ? { width, height, channels: 1, data: grey } : undefined;
  }

  #listenToPointer(): void {
    const { canvas } = this;
    let drawing = false;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return; // a menu comes
      canvas.setPointerCapture(event.pointerId);
      drawing = true;
      this.#pen = this.#placeOf(event);
      this.#lineTo(this.#pen);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (drawing) this.#lineTo(this.#placeOf(event));
    });
    for (const end of ["pointerup", "pointercancel"] as const)
      canvas.addEventListener(end, () => (drawing = false));
  }

  #placeOf({ clientX, clientY }: PointerEvent): Place {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    return [((clientX - left) * this.canvas.width) / width, ((clientY - top) * this.canvas.height) / height];
  }

  /** Arrows move the pen; the space bar puts it down or lifts it. */
  #listenToKeys(): void {
    const { canvas } = this;
    canvas.addEventListener("keydown", (event) => {
      const step = arrows[event.key];
      if (isOfBrowser(event)) return;
      if (step) this.#step(step);
      else if (event.key === " ") this.#toggle();
      else return;
      event.preventDefault(); // the page would scroll
    });
    canvas.addEventListener("focus", () => this.#showCursor());
    canvas.addEventListener("blur", () => this.#lift());
  }

  #step([dx, dy]: Place): void {
    const { width, height } = this.canvas;
    const clamp = (value: number, end: number) => Math.min(end, Math.max(0, value));
    const next: Place = [clamp(this.#pen[0] + dx, width), clamp(this.#pen[1] + dy, height)];
    if (this.#isDown) this.#lineTo(next);
    else this.#pen = next;
    this.#showCursor();
  }

  #toggle(): void {
    this.#isDown = !this.#isDown;
    if (this.#isDown) this.#lineTo(this.#pen);
    this.#showCursor();
  }

  #lift(): void {
    this.#isDown = false;
    this.#showCursor();
  }

  #lineTo(place: Place): void {
    this.#context.beginPath();
    this.#context.moveTo(...this.#pen);
    this.#context.lineTo(...place);
    this.#context.stroke();
    this.#pen = place;
  }

  /** The cursor is for keys: seen while the pad has the focus that the browser shows. */
  #showCursor(): void {
    const { canvas } = this;
    this.#cursor.hidden = !canvas.matches(":focus-visible");
    this.#cursor.classList.toggle("down", this.#isDown);
    this.#cursor.style.left = `${(100 * this.#pen[0]) / canvas.width}%`;
    this.#cursor.style.top = `${(100 * this.#pen[1]) / canvas.height}%`;
  }
}
