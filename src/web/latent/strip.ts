import { byId } from "../shared/dom.ts";
import type { Remote } from "../shared/rpc.ts";
import type { CodeStage, Look, TrainApi, TrainEvent } from "../train/protocol.ts";
import type { Point3 } from "./camera.ts";
import { wayBetween } from "./codes.ts";
import type { CodeDrawer } from "./drawer.ts";
import type { CodeOrder } from "./order.ts";

const stripCount = 10;
const words = {
  way: "From the first dot to the second, in equal steps.",
  begun: "A line begins at the nearest dot. Move on with the arrow keys, and press Enter at another dot.",
  same: "This is the dot at which the line begins. Move on to another one, then press Enter.",
  prior:
    "New pictures: codes drawn from the cloud that the model is to fill, its prior: the standard normal one, unless it has its own.",
  mixture: "New pictures: codes drawn from a mixture of normal distributions that was fitted to the dots.",
} as const;

/** A line that is drawn from a dot: to another one, or to where the pointer is. */
export interface Link {
  from: number;
  to: number | undefined;
  at: Point3;
}

/** The row of pictures under the plane: the way from one dot to another, or new samples. */
export class Strip {
  readonly #remote: Remote<TrainApi, TrainEvent>;
  readonly #drawer: CodeDrawer;
  readonly #canvas = byId("strip", HTMLCanvasElement);
  readonly #words = byId("strip-words", HTMLElement);
  #seed = 1;
  /** Codes that were drawn at random, (N, codeSize). */
  samples: Float32Array = new Float32Array();
  link: Link | undefined;

  constructor(remote: Remote<TrainApi, TrainEvent>, drawer: CodeDrawer) {
    this.#remote = remote;
    this.#drawer = drawer;
  }

  clear(): void {
    this.samples = new Float32Array();
    this.link = undefined;
    this.#canvas.hidden = true;
    this.#words.textContent = "";
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

  /** Draws new codes at random and shows their pictures. */
  async sample(lane: number, from: "prior" | "mixture", stage: CodeStage, order: CodeOrder): Promise<void> {
    const samples = await this.#remote.call("sample", lane, from, stripCount, this.#seed++, stage);
    this.clear();
    this.samples = order.arrange(samples);
    this.#words.textContent = words[from];
    this.#draw(this.samples);
  }

  #draw(codes: Float32Array): void {
    void this.#drawer.draw(codes, this.#canvas);
  }
}
