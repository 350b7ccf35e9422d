import type { Camera, Point3 } from "./camera.ts";

/** What is drawn at one place. */
export interface Dot {
  position: Point3;
  /** Half its width, in CSS pixels. */
  size: number;
  colour: string;
}

/** From here to there, in a colour. */
export interface Line {
  ends: readonly [Point3, Point3];
  colour: string;
}

/** The share of a dot's width that its darker rim takes, and how dark it is. */
const rim = { width: 0.3, colour: "rgb(0 0 0 / 0.3)" };

/** Draws lines, and dots over them, as `camera` sees them; in space what is nearer is larger and in front. */
export function drawScatter(
  canvas: HTMLCanvasElement,
  camera: Camera,
  dots: readonly Dot[],
  lines: readonly Line[],
): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  const context = fitted(canvas);
  const place = (position: Point3) => {
    const [x, y, depth] = camera.see(position);
    return { x: ((1 + x) / 2) * width, y: ((1 - y) / 2) * height, depth };
  };
  context.clearRect(0, 0, width, height);
  for (const { ends, colour } of lines) {
    const [from, to] = ends.map(place) as [ReturnType<typeof place>, ReturnType<typeof place>];
    context.strokeStyle = colour;
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
  }
  const seen = dots.map((dot) => ({ ...dot, ...place(dot.position) }));
  if (camera.dimensions === 3) seen.sort((a, b) => b.depth - a.depth);
  for (const { x, y, depth, size, colour } of seen) {
    const near = Math.min(2, Math.max(0.5, camera.distance / depth));
    context.beginPath();
    context.arc(x, y, size * near, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
    context.lineWidth = rim.width * size * near;
    context.strokeStyle = rim.colour;
    context.stroke();
    context.lineWidth = 1;
  }
}

/** The context of a canvas that is as sharp as the screen, in CSS pixels. */
function fitted(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const ratio = Math.min(2, devicePixelRatio);
  const [width, height] = [canvas.clientWidth, canvas.clientHeight].map((side) =>
    Math.max(1, Math.round(side * ratio)),
  );
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}
