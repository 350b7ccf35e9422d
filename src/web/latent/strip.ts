import { byId } from "../shared/dom.ts";
import type { Look } from "../train/protocol.ts";
import type { Point3 } from "./camera.ts";
import { wayBetween } from "./codes.ts";
import type { CodeDrawer } from "./drawer.ts";

const stripCount = 10;
const words = {
  way: "From the first dot to the second, in equal steps.",
  begun: "A line begins at the nearest dot. Move on with the arrow keys, and press Enter at another dot.",
  same: "This is the dot at which the line begins. Move on to another one, then press Enter.",
} as const;

/** A line that is drawn from a dot: to another one, or to where the pointer is. */
export interface Link {
  from: number;
  to: number | undefined;
  at: Point3;
}

/** The row of pictures under the plane: the way from one dot to another, or new samples. */
export class Strip {
  readonly #drawer: CodeDrawer;
  readonly #canvas = byId("strip", HTMLCanvasElement);
  readonly #words = byId("strip-words", HTMLElement);
  /** Codes that were drawn at random, (N, codeSize). */
  samples: Float32Array = new Float32Array();
  link: Link | undefined;

  constructor(drawer: CodeDrawer) {
    this.#drawer = drawer;
  }

  clear(): void {
    this.samples = new Float32Array();
    this.link = undefined;
    this.#canvas.hidden = true;
    this.#words.textContent = "";
    byId("renormalised", HTMLElement).replaceChildren();
  }

  /** Begins a line at the dot `from`. */
  begin(from: number, at: Point3): void {
    this.clear();
    this.link = { from, to: undefined, at };
  }

  /** Leads the line to `at`, and shows the way to the dot `to` if there is one near. */
  lead(at: Point3, to: number | undefined, look: Look): void {
    if (!this.link) return;
    this.link.at = at;
    if (to === undefined || to === this.link.from || to === this.link.to) return;
    this.link.to = to;
    this.#words.textContent = words.way;
    this.refresh(look);
  }

  /** Begins a line at a dot; where one was begun, shows the way from there to this dot. */
  pick(dot: number, at: Point3, look: Look): void {
    if (!this.link || this.link.to !== undefined) {
      this.begin(dot, at);
      this.#words.textContent = words.begun;
    } else if (dot === this.link.from) this.#words.textContent = words.same;
    else this.lead(at, dot, look);
  }

  /** Leads the end of a line that has none yet to `at`. */
  stretch(at: Point3): void {
    if (this.link && this.link.to === undefined) this.link.at = at;
  }

  /** Ends the line; one that led to no dot is gone. */
  end(): void {
    if (this.link?.to === undefined) this.link = undefined;
  }

  /** Draws anew what is shown, with the model as it is now. */
  refresh(look: Look): void {
    const { from, to } = this.link ?? {};
    if (from !== undefined && to !== undefined) this.#draw(wayBetween(look, from, to, stripCount));
    else if (this.samples.length > 0) this.#draw(this.samples);
  }

  /** Shows the pictures of new codes (N, codeSize), the first ones, with words on them. */
  show(codes: Float32Array, codeSize: number, about: string): void {
    this.clear();
    this.samples = codes.slice(0, stripCount * codeSize);
    this.#words.textContent = about;
    this.#draw(this.samples);
  }

  #draw(codes: Float32Array): void {
    void this.#drawer.draw(codes, this.#canvas);
  }
}
