import type { Picture } from "../../data/resize.ts";
import { acceptFiles, byId, make } from "../shared/dom.ts";
import { decodeImage, withChannels } from "../shared/pictures.ts";
import type { DataKind } from "./controls.ts";
import type { DataChoice, GivenFile } from "./datasets.ts";

/** Where the pictures come from: the drawing pad and the files that the visitor gave. */
export class Sources {
  readonly #pad = byId("pad", HTMLCanvasElement);
  readonly #drawings: Picture[] = [];
  #files: DataChoice | undefined;
  readonly #size: number;

  /** `size`: side of the bumps in pixels. `onChange` is called when there is something new to train on. */
  constructor(size: number, onChange: (kind: DataKind) => void, onError: (error: unknown) => void) {
    this.#size = size;
    this.#listenToPad();
    byId("add-drawing", HTMLButtonElement).onclick = () => {
      if (!this.#addDrawing()) return;
      onChange("drawn");
    };
    byId("clear-pad", HTMLButtonElement).onclick = () => this.#clear();
    byId("forget-drawings", HTMLButtonElement).onclick = () => {
      this.#drawings.length = 0;
      byId("drawings", HTMLElement).replaceChildren();
    };
    acceptFiles(document.body, byId("choose-files", HTMLInputElement), (files) => {
      if (files.some(({ name }) => name.endsWith(".safetensors"))) return; // a model; taken by the page
      this.#take(files).then(() => onChange("files"), onError);
    });
  }

  /** Shows the pad or the files' corner. */
  reveal(kind: DataKind): void {
    byId("drawing", HTMLElement).hidden = kind !== "drawn";
    byId("files", HTMLElement).hidden = kind !== "files";
  }

  /** The data of this kind, or undefined where the visitor has still to draw or to drop something. */
  choice(kind: DataKind): DataChoice | undefined {
    if (kind === "bumps") return { kind: "bumps", size: this.#size };
    if (kind === "files") return this.#files;
    return this.#drawings.length > 0 ? { kind: "drawn", drawings: [...this.#drawings] } : undefined;
  }

  async #take(files: File[]): Promise<void> {
    const images = files.filter(({ type }) => type.startsWith("image/"));
    if (images.length > 0) {
      const decoded = await Promise.all(images.map(decodeImage));
      const channels = Math.max(...decoded.map((picture) => picture.channels));
      this.#files = { kind: "pictures", pictures: decoded.map((picture) => withChannels(picture, channels)) };
      return;
    }
    const given = files.map(async (file): Promise<GivenFile> => ({
      name: file.name,
      bytes: new Uint8Array(await file.arrayBuffer()),
    }));
    this.#files = { kind: "idx", files: await Promise.all(given) };
  }

  #listenToPad(): void {
    const pad = this.#pad;
    const context = pad.getContext("2d", { willReadFrequently: true })!;
    Object.assign(context, { strokeStyle: "white", lineWidth: 14, lineCap: "round", lineJoin: "round" });
    this.#clear();
    let last: [number, number] | undefined;
    const place = (event: PointerEvent): [number, number] => {
      const box = pad.getBoundingClientRect();
      return [
        ((event.clientX - box.left) * pad.width) / box.width,
        ((event.clientY - box.top) * pad.height) / box.height,
      ];
    };
    pad.addEventListener("pointerdown", (event) => {
      pad.setPointerCapture(event.pointerId);
      last = place(event);
      line(context, last, last);
    });
    pad.addEventListener("pointermove", (event) => {
      if (!last) return;
      const here = place(event);
      line(context, last, here);
      last = here;
    });
    for (const end of ["pointerup", "pointercancel"] as const)
      pad.addEventListener(end, () => (last = undefined));
  }

  #clear(): void {
    const context = this.#pad.getContext("2d")!;
    context.fillStyle = "black";
    context.fillRect(0, 0, this.#pad.width, this.#pad.height);
  }

  /** Keeps what is on the pad; false where there is nothing. */
  #addDrawing(): boolean {
    const { width, height } = this.#pad;
    const { data } = this.#pad.getContext("2d")!.getImageData(0, 0, width, height);
    const grey = Uint8Array.from({ length: width * height }, (_, pixel) => data[4 * pixel]!);
    if (!grey.some((value) => value > 0)) return false;
    this.#drawings.push({ width, height, channels: 1, data: grey });
    const thumbnail = make("canvas", { width, height });
    thumbnail.getContext("2d")!.drawImage(this.#pad, 0, 0);
    thumbnail.setAttribute("role", "listitem");
    thumbnail.setAttribute("aria-label", `drawing ${this.#drawings.length}`);
    byId("drawings", HTMLElement).append(thumbnail);
    this.#clear();
    return true;
  }
}

function line(context: CanvasRenderingContext2D, from: [number, number], to: [number, number]): void {
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}
