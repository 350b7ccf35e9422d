import { byId } from "../shared/dom.ts";
import { Latest } from "../shared/latest.ts";
import { drawRow } from "../shared/paint.ts";
import type { Remote } from "../shared/rpc.ts";
import type { DataFacts, TrainApi, TrainEvent } from "../train/protocol.ts";

/** Has a model draw codes, and shows what it drew. */
export class CodeDrawer {
  readonly #remote: Remote<TrainApi, TrainEvent>;
  readonly #followed = new Latest<Float32Array>((code) =>
    this.draw(code, byId("decoded", HTMLCanvasElement)),
  );
  #facts: DataFacts | undefined;
  #lane = 0;
  #codeSize = 1;

  constructor(remote: Remote<TrainApi, TrainEvent>) {
    this.#remote = remote;
  }

  /** From now on draws with this model. */
  aim(facts: DataFacts | undefined, lane: number, codeSize: number): void {
    this.#facts = facts;
    this.#lane = lane;
    this.#codeSize = codeSize;
  }

  /** Draws the code at the probe; of codes that come faster than pictures, the last one counts. */
  follow(code: Float32Array): void {
    this.#followed.give(code);
  }

  /** Draws codes (N, codeSize) in a row on `canvas`; nothing while a lost device is replaced. */
  async draw(codes: Float32Array, canvas: HTMLCanvasElement): Promise<void> {
    const facts = this.#facts;
    const codeSize = this.#codeSize;
    if (!facts || codes.length % codeSize !== 0) return;
    const pictures = await this.#remote.call("decode", this.#lane, codes).catch(() => undefined);
    if (!pictures || facts !== this.#facts || codeSize !== this.#codeSize) return;
    drawRow(canvas, pictures, facts.shape, facts, codes.length / codeSize);
    canvas.hidden = false;
    canvas.dataset.drawn = String(Number(canvas.dataset.drawn ?? 0) + 1);
  }
}
