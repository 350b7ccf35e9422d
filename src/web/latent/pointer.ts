/** A place on a canvas in clip space: −1 … 1, y upwards. */
export type Place = readonly [number, number];

export interface PointerHandlers {
  /** The pointer moves with nothing held. */
  hover(at: Place): void;
  /** A button goes down; true where something there is held from now on. */
  grab(at: Place): boolean;
  /** What is held is pulled here, and then let go. */
  pull(at: Place): void;
  drop(): void;
  /** The view is dragged by so much of the screen's half. */
  drag(dx: number, dy: number): void;
  zoom(factor: number): void;
  /** Arrow keys, one step each. */
  step(dx: number, dy: number): void;
}

const keys: Partial<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** Tells `handlers` what mouse, finger, wheel and keys do on `canvas`. */
export function followPointer(canvas: HTMLCanvasElement, handlers: PointerHandlers): void {
  let held: "thing" | "view" | undefined;
  let last: Place = [0, 0];
  const place = ({ clientX, clientY }: PointerEvent): Place => {
    const { left, top, width, height } = canvas.getBoundingClientRect();
    return [(2 * (clientX - left)) / width - 1, 1 - (2 * (clientY - top)) / height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    last = place(event);
    held = handlers.grab(last) ? "thing" : "view";
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    const at = place(event);
    if (held === "thing") handlers.pull(at);
    else if (held === "view") handlers.drag(at[0] - last[0], at[1] - last[1]);
    else handlers.hover(at);
    last = at;
  });
  for (const end of ["pointerup", "pointercancel"] as const)
    canvas.addEventListener(end, () => {
      if (held === "thing") handlers.drop();
      held = undefined;
    });
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
    const step = keys[event.key];
    if (step) handlers.step(...step);
    else if (event.key === "+" || event.key === "=") handlers.zoom(0.8);
    else if (event.key === "-") handlers.zoom(1.25);
    else return;
    event.preventDefault();
  });
}
