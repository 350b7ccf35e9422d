import { onWidth } from "../shared/charts.ts";
import { byId, make } from "../shared/dom.ts";
import { acceptFiles } from "../shared/drop.ts";
import { Latest } from "../shared/latest.ts";
import { dismiss, notice, sayError, sayUnusable } from "../shared/notices.ts";
import { imageData } from "../shared/paint.ts";
import { Remote } from "../shared/rpc.ts";
import { valuesChart } from "./chart.ts";
import type { Decomposition, PictureShape, SvdApi, SvdEvent } from "./protocol.ts";
import { byPixel, energy, inWords, percent, sizeInWords, strongest, subscript } from "./words.ts";

const remote = new Remote<SvdApi, SvdEvent>(
  new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }),
  (event) => {
    if (event.kind === "lost") void recover(event.reason);
    else say(`Decomposing ${sizeInWords(event.shape)} …`);
  },
);
const rank = byId("rank", HTMLInputElement);
const direction = byId("direction", HTMLInputElement);
const side = byId("side", HTMLSelectElement);

/** Colours of what makes a number larger, and smaller. */
const up = [220, 60, 40] as const;
const down = [40, 90, 220] as const;

/** The file at hand, undefined for the page's own picture, that which was last asked for, and what came out of it. */
let given: File | undefined;
let wanted: File | undefined;
let found: Decomposition | undefined;
/** Devices that were lost since a picture was last decomposed. */
let losses = 0;
const mostLosses = 3;

function say(text: string): void {
  byId("progress", HTMLElement).textContent = text;
}

async function take(picture: File | undefined): Promise<void> {
  say(picture ? `Reading ${picture.name} …` : "Decomposing …");
  byId("workbench", HTMLElement).ariaBusy = "true";
  wanted = picture;
  try {
    found = await remote.call("decompose", picture, Number(side.value));
    given = picture;
    dismiss("error");
  } catch (error) {
    if (!isOfLoss(error) && wanted === picture) wanted = given;
    throw error;
  } finally {
    say("");
    byId("workbench", HTMLElement).ariaBusy = "false";
  }
  const { shape, matrix, values, ms, runs } = found;
  for (const range of [rank, direction]) {
    range.max = String(values.length);
    range.value = String(Math.min(Number(range.value), values.length));
  }
  paint(byId("original", HTMLCanvasElement), matrix, shape);
  byId("given", HTMLElement).textContent = `${given?.name ?? "An example"}: ${sizeInWords(shape)}.`;
  byId("size-words", HTMLElement).textContent =
    shape.channels === 1 ? "as a matrix" : "as a matrix, colours side by side";
  byId("size", HTMLElement).textContent = `${shape.height} × ${shape.channels * shape.width}`;
  byId("time", HTMLElement).textContent = `${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`;
  byId("time", HTMLElement).title = `median of ${runs}`;
  const rows = Array.from(values.subarray(0, 24), (value, i) =>
    make(
      "tr",
      {},
      make("td", {}, String(i + 1)),
      make("td", {}, value.toPrecision(7)),
      make("td", {}, percent(energy(values, i + 1))),
    ),
  );
  byId("values", HTMLTableSectionElement).replaceChildren(...rows);
  showRank.give();
  showDirection.give();
  await Promise.all([showRank.settled(), showDirection.settled()]);
}

/** Opens another device, and decomposes the picture there; after some that were lost as well, when it is asked to. */
async function recover(reason: string): Promise<void> {
  found = undefined;
  const taken = `The browser took it away (${reason})`;
  if (losses++ < mostLosses)
    try {
      await take(wanted);
      losses = 0;
      const text = `${taken}. A new one was opened, and the picture decomposed again.`;
      return notice("lost", "The GPU was lost, and found again", text);
    } catch (error) {
      if (isOfLoss(error)) return; // which is told of, too
    }
  losses = 0;
  const again = make("button", { onclick: () => void recover(reason) }, "Try again");
  notice("lost", "The GPU was lost", `${taken}, and this page has no other one now.`, again);
}

function paint(canvas: HTMLCanvasElement, values: Float32Array, shape: PictureShape): void {
  const { height, width, channels } = shape;
  draw(canvas, imageData(values, [height, width, channels], { range: [0, 1], colormap: "grey" }));
}

function draw(canvas: HTMLCanvasElement, image: ImageData): void {
  Object.assign(canvas, { width: image.width, height: image.height });
  canvas.getContext("2d")!.putImageData(image, 0, 0);
}

/** Of pictures and slider positions that come faster than the worker answers, the last one counts. */
function latest<T = void>(act: (value: T) => Promise<void>): Latest<T> {
  return new Latest((value: T) => act(value).catch(sayUnlessLost));
}

const isOfLoss = (error: unknown) => error instanceof Error && error.name === "DeviceLostError";

/** A lost device is told of once, as an event, and what was asked of it is done on the next one. */
function sayUnlessLost(error: unknown): void {
  if (!isOfLoss(error)) sayError(error);
}

const taking = latest(take);

const showRank = latest(async () => {
  if (!found) return;
  const { shape, values } = found;
  const k = Number(rank.value);
  const { kept, all } = {
    kept: k * (1 + shape.height + shape.width * shape.channels),
    all: found.matrix.length,
  };
  byId("rank-value", HTMLOutputElement).value = `${k} of ${values.length}`;
  byId("energy", HTMLElement).textContent = percent(energy(values, k));
  byId("stored", HTMLElement).textContent = percent(kept / all);
  byId("words", HTMLElement).textContent = inWords(k, kept, all);
  drawCurve();
  const at = found;
  const copy = await remote.call("atRank", k);
  if (at !== found) return;
  const canvas = byId("low-rank", HTMLCanvasElement);
  paint(canvas, copy, shape);
  canvas.dataset.drawn = String(k);
});

function drawCurve(): void {
  if (found) valuesChart(byId("curve", HTMLElement), found.values, Number(rank.value));
}

const showDirection = latest(async () => {
  if (!found) return;
  const { shape, values } = found;
  const i = Number(direction.value);
  byId("direction-value", HTMLOutputElement).value = `s${subscript(i)} = ${values[i - 1]!.toPrecision(4)}`;
  const at = found;
  const gradient = await remote.call("gradient", i - 1);
  if (at !== found) return;
  const canvas = byId("gradient", HTMLCanvasElement);
  draw(canvas, signedImage(gradient, shape));
  byId("strongest", HTMLElement).textContent = strongest(values[i - 1]!, gradient, shape);
  canvas.dataset.drawn = String(i);
});

async function open(): Promise<void> {
  const { name, kind } = await remote.call("open");
  byId("device", HTMLElement).textContent = name;
  if (kind !== "gpu") side.value = "128";
  if (kind === "processor")
    notice(
      "cpu",
      "Without WebGPU: the processor decomposes the picture",
      "This browser offers the page no GPU. A plain program on the processor does the same here, and the gradient is written down by its formula, uᵢvᵢᵀ.",
    );
  rank.oninput = () => showRank.give();
  direction.oninput = () => showDirection.give();
  side.onchange = () => taking.give(wanted);
  acceptFiles(document.body, byId("choose", HTMLInputElement), ([first, ...others]) => {
    wanted = first; // also for a size that is chosen before its turn
    taking.give(first);
    if (others.length === 0) return dismiss("others");
    const left = others.length === 1 ? others[0]!.name : `${others.length} others`;
    notice(
      "others",
      "One picture at a time",
      `${first!.name} is decomposed; ${left} ${others.length === 1 ? "is" : "are"} left out.`,
    );
  });
  onWidth(byId("curve", HTMLElement), drawCurve);
  taking.give(undefined);
}

open().catch((error: unknown) => sayUnusable(error, "Nothing can be decomposed without WebGPU; see above."));

/**
 * Signed values (H, W, C) as one picture: red where a brighter pixel makes the number larger, blue where it makes it
 * smaller, white where it changes nothing. The channels of a pixel are added up.
 */
function signedImage(values: Float32Array, { height, width, channels }: PictureShape): ImageData {
  const sums = byPixel(values, channels);
  const largest = sums.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-30);
  const image = new ImageData(width, height);
  sums.forEach((value, pixel) => {
    const strength = Math.sqrt(Math.abs(value) / largest);
    const [r, g, b] = value > 0 ? up : down;
    const mix = (channel: number) => 255 + strength * (channel - 255);
    image.data.set([mix(r), mix(g), mix(b), 255], 4 * pixel);
  });
  return image;
}
