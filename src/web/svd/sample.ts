import type { Picture } from "../../data/resize.ts";

/** A picture to begin with, drawn here: hills under a sun, with some detail that only high ranks have. */
export function samplePicture(width = 240, height = 180): Picture {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d")!;
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
  const { data } = context.getImageData(0, 0, width, height);
  const rgb = new Uint8Array(3 * width * height);
  for (let pixel = 0; pixel < width * height; pixel++)
    for (let c = 0; c < 3; c++) rgb[3 * pixel + c] = data[4 * pixel + c]!;
  return { width, height, channels: 3, data: rgb };
}
