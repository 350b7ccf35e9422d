import type { Picture } from "../../data/resize.ts";
import { ArgumentError } from "../../device/errors.ts";
import { byId, make } from "../shared/dom.ts";
import { acceptFiles } from "../shared/drop.ts";
import { dismiss, sayError } from "../shared/notices.ts";
import type { DataChoice } from "./datasets.ts";
import { Pad } from "./pad.ts";

export type DataKind = DataChoice["kind"];

/** Where the pictures come from: the drawing pad and the files that the visitor gave. */
export class Sources {
  readonly #size: number;
  readonly #pad = new Pad();
  readonly #drawings: Picture[] = [];
  #files: File[] = [];

  /**
   * `size`: side of the moving spot's and the emoji's pictures in pixels. `onData` is called when there is something new to train on, `onModel` for a
   * file that is a model.
   */
  constructor(size: number, onData: (choice: DataChoice) => void, onModel: (file: File) => void) {
    this.#size = size;
    byId("add-drawing", HTMLButtonElement).onclick = () => this.#add(onData);
    byId("clear-pad", HTMLButtonElement).onclick = () => this.#pad.clear();
    byId("forget-drawings", HTMLButtonElement).onclick = () => this.#forget();
    acceptFiles(document.body, byId("choose-files", HTMLInputElement), (files) => {
      const model = files.find(({ name }) => /\.safetensors$/i.test(name));
      if (!model) onData({ kind: "files", files });
      else if (files.length === 1) onModel(model);
      else
        sayError(
          new ArgumentError(
            `${model.name} is a model. Drop it alone, and what it is to learn from by itself.`,
          ),
        );
    });
  }

  /** Shows the pad or the files' corner. */
  reveal(kind: DataKind): void {
    byId("drawing", HTMLElement).hidden = kind !== "drawn";
    byId("files", HTMLElement).hidden = kind !== "files";
  }

  /** The data of this kind, or undefined where the visitor has still to draw or to give something. */
  choice(kind: DataKind): DataChoice | undefined {
    if (kind === "bumps" || kind === "emoji") return { kind, size: this.#size };
    if (kind === "drawn")
      return this.#drawings.length > 0 ? { kind, drawings: [...this.#drawings] } : undefined;
    return this.#files.length > 0 ? { kind, files: this.#files } : undefined;
  }

  /** Remembers the files of a choice that turned out to be good. */
  keep(choice: DataChoice): void {
    if (choice.kind === "files") this.#files = choice.files;
  }

  #add(onData: (choice: DataChoice) => void): void {
    const drawing = this.#pad.picture();
    if (!drawing)
      return sayError(new ArgumentError("The pad is empty. Draw a digit on it first, then add it."));
    dismiss("error");
    this.#drawings.push(drawing);
    const { width, height } = drawing;
    const thumbnail = make("canvas", { width, height });
    thumbnail.getContext("2d")!.drawImage(this.#pad.canvas, 0, 0);
    thumbnail.setAttribute("role", "listitem");
    thumbnail.setAttribute("aria-label", `drawing ${this.#drawings.length}`);
    byId("drawings", HTMLElement).append(thumbnail);
    this.#pad.clear();
    onData({ kind: "drawn", drawings: [...this.#drawings] });
  }

  #forget(): void {
    this.#drawings.length = 0;
    byId("drawings", HTMLElement).replaceChildren();
  }
}
