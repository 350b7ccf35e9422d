import type { Picture } from "../../data/resize.ts";
import { pictureOf } from "../shared/pictures.ts";

/** What the picture is drawn in units of. */
const [width, height] = [240, 180];

/**
 * A picture to begin with, drawn here: hills under a sun, with some detail that only high ranks have. Its longer side
 * is `side` pixels, 240 at most.
 */
export function samplePicture(side: number): Picture {
  const scale = Math.min(1, side / width);
  const canvas = new OffscreenCanvas(Math.round(scale * width), Math.round(scale * height));
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.scale(scale, scale);
  const sky = context.createLinearGradient(0, 0, 0, height);
  for (const [at, colour] of [
    [0, "#1d3461"],
    [0.55, "#e8985e"],
    [1, "#f9dc8b"],
  ] as const)
    sky.addColorStop(at, colour);
  context.fillStyle = sky;
  context.fillRect(0, 0, width, height);
  context.fillStyle = "#fff3c4";
  context.beginPath();
  context.arc(0.68 * width, 0.46 * height, 0.11 * height, 0, 7);
  context.fill();
  const hills = ["#7d5a7d", "#4c4a6e", "#26304f"];
  hills.forEach((colour, layer) => {
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(0, height);
    for (let x = 0; x <= width; x++) {
      const t = x / width;
      const wave =
        Math.sin(7 * t + 2.1 * layer) + 0.5 * Math.sin(17 * t + layer * 4) + 0.12 * Math.sin(61 * t + layer);
      context.lineTo(x, height * (0.62 + 0.12 * layer - 0.07 * wave));
    }
    context.lineTo(width, height);
    context.fill();
  });
  context.fillStyle = "#0d1326";
  for (let tree = 0; tree < 26; tree++) {
    const x = ((tree * 0.381966) % 1) * width;
    const y = height * (0.93 + 0.06 * ((tree * 0.618) % 1));
    const size = 9 + ((tree * 7) % 9);
    context.beginPath();
    context.moveTo(x, y - 2.4 * size);
    context.lineTo(x - 0.6 * size, y);
    context.lineTo(x + 0.6 * size, y);
    context.fill();
  }
  return pictureOf(canvas);
}
