import { resize, type Picture } from "../../data/resize.ts";
import { acceptFiles, byId, make } from "../shared/dom.ts";
import { dismiss, notice, sayError } from "../shared/notices.ts";
import { imageData } from "../shared/paint.ts";
import { decodeImage } from "../shared/pictures.ts";
import { Remote } from "../shared/rpc.ts";
import { valuesChart } from "./chart.ts";
import type { Decomposition, LostEvent, SvdApi } from "./protocol.ts";
import { samplePicture } from "./sample.ts";
import { signedImage } from "./signed.ts";

const remote = new Remote<SvdApi, LostEvent>(
  new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }),
  ({ reason }) => void recover(reason),
);
const rank = byId("rank", HTMLInputElement);
const direction = byId("direction", HTMLInputElement);
const side = byId("side", HTMLSelectElement);

/** The picture at hand, as it was given, as it is decomposed, and what came out. */
let given: Picture | undefined;
let shown: Picture | undefined;
let found: Decomposition | undefined;

/** A picture as a matrix: one row of pixels a row, the channels of a pixel side by side; values from 0 to 1. */
function matrixOf({ data }: Picture): Float32Array {
  return Float32Array.from(data, (byte) => byte / 255);
}

/** Shrinks a picture so that its longer side is at most `most`. */
function shrink(picture: Picture, most: number): Picture {
  const scale = Math.min(1, most / Math.max(picture.width, picture.height));
  return resize(
    picture,
    Math.max(1, Math.round(scale * picture.height)),
    Math.max(1, Math.round(scale * picture.width)),
  );
}

async function take(picture: Picture): Promise<void> {
  given = picture;
  const small = shrink(picture, Number(side.value));
  const { width, height, channels } = small;
  byId("words", HTMLElement).textContent = `Decomposing ${height} × ${channels * width} …`;
  found = await remote.call("decompose", matrixOf(small), height, width * channels);
  shown = small;
  dismiss("error");
  rank.max = direction.max = String(found.values.length);
  rank.value = String(Math.min(Number(rank.value), found.values.length));
  direction.value = String(Math.min(Number(direction.value), found.values.length));
  paint(byId("original", HTMLCanvasElement), matrixOf(small), small);
  byId("size", HTMLElement).textContent = `${height} × ${channels * width}`;
  byId("time", HTMLElement).textContent = `${found.ms < 10 ? found.ms.toFixed(2) : found.ms.toFixed(0)} ms`;
  byId("time", HTMLElement).title = `median of ${found.runs}`;
  const rows = Array.from(found.values.subarray(0, 24), (value, i) =>
    make(
      "tr",
      {},
      make("td", {}, String(i + 1)),
      make("td", {}, value.toPrecision(7)),
      make("td", {}, percent(energy(i + 1))),
    ),
  );
  byId("values", HTMLTableSectionElement).replaceChildren(...rows);
  await Promise.all([showRank(), showDirection()]);
}

/** Opens another device, and decomposes the picture there. */
async function recover(reason: string): Promise<void> {
  found = undefined;
  try {
    if (given) await take(given);
    const text = `The browser took it away (${reason}). A new one was opened, and the picture decomposed again.`;
    notice("lost", "The GPU was lost, and found again", text);
  } catch {
    const again = make("button", { onclick: () => void recover(reason) }, "Try again");
    notice("lost", "The GPU was lost", `The browser took it away (${reason}).`, again);
  }
}

/** The share of the sum of squares that the first k singular values have. */
function energy(k: number): number {
  const squares = Array.from(found?.values ?? [], (value) => value * value);
  const total = squares.reduce((sum, square) => sum + square, 0);
  return total === 0 ? 1 : squares.slice(0, k).reduce((sum, square) => sum + square, 0) / total;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share > 0.999 ? 3 : 1)} %`;
}

function paint(canvas: HTMLCanvasElement, values: Float32Array, { height, width, channels }: Picture): void {
  Object.assign(canvas, { width, height });
  const image = imageData(values, [height, width, channels], { range: [0, 1], colormap: "grey" });
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}

/** Of values that come faster than the worker answers, the last one counts. */
function latest(show: () => Promise<void>): () => Promise<void> {
  let busy = false;
  let again = false;
  return async function run() {
    again = busy;
    if (busy) return;
    busy = true;
    try {
      await show();
    } finally {
      busy = false;
    }
    if (again) await run();
  };
}

const showRank = latest(async () => {
  if (!found || !shown) return;
  const k = Number(rank.value);
  const { width, height, channels } = shown;
  byId("rank-value", HTMLOutputElement).value = `${k} of ${found.values.length}`;
  byId("energy", HTMLElement).textContent = percent(energy(k));
  const stored = k * (1 + height + width * channels);
  byId("stored", HTMLElement).textContent = percent(stored / (height * width * channels));
  byId("words", HTMLElement).textContent =
    `Each of the ${k} kept directions is one column times one row: ${stored.toLocaleString("en")} numbers ` +
    `instead of ${(height * width * channels).toLocaleString("en")}.`;
  valuesChart(byId("curve", HTMLElement), found.values, k);
  const values = await remote.call("atRank", k);
  paint(byId("low-rank", HTMLCanvasElement), values, shown);
});

const showDirection = latest(async () => {
  if (!found || !shown) return;
  const i = Number(direction.value);
  byId("direction-value", HTMLOutputElement).value =
    `s${subscript(i)} = ${found.values[i - 1]!.toPrecision(4)}`;
  const gradient = await remote.call("gradient", i - 1);
  const canvas = byId("gradient", HTMLCanvasElement);
  Object.assign(canvas, { width: shown.width, height: shown.height });
  canvas.getContext("2d")!.putImageData(signedImage(gradient, shown), 0, 0);
  byId("strongest", HTMLElement).textContent = strongest(gradient, shown);
  canvas.dataset.drawn = String(i);
});

/** Where the gradient is largest, in words: what a brighter pixel there does to the singular value. */
function strongest(gradient: Float32Array, { width, channels }: Picture): string {
  let at = 0;
  gradient.forEach((slope, i) => {
    if (Math.abs(slope) > Math.abs(gradient[at]!)) at = i;
  });
  const row = Math.floor(at / (width * channels));
  const column = Math.floor(at / channels) % width;
  const colour = channels === 3 ? ` ${["red", "green", "blue"][at % 3]}` : "";
  return `Strongest at row ${row + 1}, column ${column + 1}${colour}: slope ${gradient[at]!.toFixed(5)}.`;
}

function subscript(i: number): string {
  return String(i).replaceAll(/\d/g, (digit) => String.fromCharCode(0x2080 + Number(digit)));
}

async function open(): Promise<void> {
  const { name, kind } = await remote.call("open");
  byId("device", HTMLElement).textContent = name;
  if (kind === "software") side.value = "128";
  rank.oninput = () => void showRank().catch(sayError);
  direction.oninput = () => void showDirection().catch(sayError);
  side.onchange = () => void (given && take(given).catch(sayError));
  acceptFiles(document.body, byId("choose", HTMLInputElement), ([file]) => {
    if (!file) return;
    decodeImage(file)
      .then(take)
      .catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        notice("error", "That did not work", `${file.name}: ${why} Drop a PNG, JPEG, WebP or GIF picture.`);
      });
  });
  await take(samplePicture());
}

open().catch((error: unknown) => {
  byId("device", HTMLElement).textContent = "no WebGPU";
  byId("words", HTMLElement).textContent = "Nothing can be decomposed without WebGPU; see above.";
  sayError(error);
});
