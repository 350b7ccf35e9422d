import { isOfBrowser } from "../shared/dom.ts";

/** A place on a canvas in clip space: −1 … 1, y upwards. */
export type Place = readonly [number, number];

export interface PointerHandlers {
  /** The pointer is here, with nothing held; or a finger or button just came down here. */
  hover(at: Place): void;
  /** A button goes down; true where something there is held from now on. */
  grab(at: Place): boolean;
  /** What is held is pulled here, and then let go. */
  pull(at: Place): void;
  drop(): void;
  /** The view is dragged by so much of half the screen. */
  drag(dx: number, dy: number): void;
  zoom(factor: number): void;
  /** Arrow keys, one step each. */
  step(dx: number, dy: number): void;
  /** A line begins at the place that arrow keys lead to, or ends there. */
  pick(): void;
  /** The line is taken away. */
  clear(): void;
  /** The view as it was at first. */
  reset(): void;
}

const arrows: Partial<Record<string, Place>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};
/** How much of half the screen an arrow key drags the view by. */
const keyDrag = 0.1;

/**
 * Tells `handlers` what mouse, fingers, wheel and keys do on `canvas`. One finger is a mouse with its button down; two
 * drag the view with their middle and zoom with their distance. Arrow keys step, with Shift they drag the view; Enter picks the ends of a line.
 */
export function followPointer(canvas: HTMLCanvasElement, handlers: PointerHandlers): void {
  followPointers(canvas, handlers);
  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && document.activeElement !== canvas) return; // lets the page scroll
      event.preventDefault();
      handlers.zoom(Math.exp(event.deltaY / 400));
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    if (isOfBrowser(event)) return;
    const arrow = arrows[event.key];
    if (arrow && event.shiftKey) handlers.drag(-keyDrag * arrow[0], -keyDrag * arrow[1]);
    else if (arrow) handlers.step(...arrow);
    else if (event.key === "+" || event.key === "=") handlers.zoom(0.8);
    else if (event.key === "-") handlers.zoom(1.25);
    else if (event.key === "0") handlers.reset();
    else if (event.key === "Enter") handlers.pick();
    else if (event.key === "Escape") handlers.clear();
    else return;
    event.preventDefault();
  });
}

function followPointers(canvas: HTMLCanvasElement, handlers: PointerHandlers): void {
  const down = new Map<number, Place>();
  let holds = false;
  const place = ({ clientX, clientY }: PointerEvent): Place => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [(2 * (clientX - left)) / width - 1, 1 - (2 * (clientY - top)) / height];
  };
  const letGo = () => {
    if (holds) handlers.drop();
    holds = false;
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return; // a menu comes, and takes the button's way up
    const at = place(event);
    down.set(event.pointerId, at);
    canvas.setPointerCapture(event.pointerId);
    if (down.size > 1) return letGo();
    handlers.hover(at);
    holds = handlers.grab(at);
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = place(event);
    const before = down.get(event.pointerId);
    if (!before) return handlers.hover(at);
    if (holds) handlers.pull(at);
    else {
      const share = 1 / down.size; // of two fingers, each moves the middle by half of its way
      handlers.drag(share * (at[0] - before[0]), share * (at[1] - before[1]));
      const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
      if (other) handlers.zoom(apart(before, other) / Math.max(1e-3, apart(at, other)));
    }
    down.set(event.pointerId, at);
  });
  for (const end of ["pointerup", "pointercancel"] as const)
    canvas.addEventListener(end, (event) => {
      down.delete(event.pointerId);
      letGo();
    });
}

const apart = (p: Place, q: Place) => Math.hypot(p[0] - q[0], p[1] - q[1]);
