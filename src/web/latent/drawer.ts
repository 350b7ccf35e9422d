import { Latest } from "../shared/latest.ts";
import { drawRow } from "../shared/paint.ts";
import type { Remote } from "../shared/rpc.ts";
import type { CodeStage, DataFacts, TrainApi, TrainEvent } from "../train/protocol.ts";
import { CodeOrder } from "./order.ts";

/** Whose codes are drawn, how long they are, and the order in which they come here. */
export interface Aim {
  lane: number;
  stage: CodeStage;
  codeSize: number;
  order: CodeOrder;
}

/** Has a model draw codes, and shows what it drew. */
export class CodeDrawer {
  readonly #remote: Remote<TrainApi, TrainEvent>;
  readonly #followed: Latest<Float32Array>;
  #facts: DataFacts | undefined;
  #aim: Aim = { lane: 0, stage: 0, codeSize: 1, order: new CodeOrder() };

  /** `canvas` is for codes that are followed. */
  constructor(remote: Remote<TrainApi, TrainEvent>, canvas: HTMLCanvasElement) {
    this.#remote = remote;
    this.#followed = new Latest<Float32Array>((code) => this.draw(code, canvas));
  }

  /** From now on draws such codes. */
  aim(facts: DataFacts | undefined, aim: Aim): void {
    this.#facts = facts;
    this.#aim = aim;
  }

  /** Draws the code at the probe; of codes that come faster than pictures, the last one counts. */
  follow(code: Float32Array): void {
    this.#followed.give(code);
  }

  /** Draws codes (N, codeSize) in a row on `canvas`; nothing while a lost device is replaced. */
  async draw(codes: Float32Array, canvas: HTMLCanvasElement): Promise<void> {
    const facts = this.#facts;
    const aim = this.#aim;
    const { lane, stage, codeSize, order } = aim;
    if (!facts || codes.length % codeSize !== 0) return;
    const pictures = await this.#remote
      .call("decode", lane, order.restore(codes), stage)
      .catch(() => undefined);
    if (!pictures || facts !== this.#facts || aim !== this.#aim) return;
    drawRow(canvas, pictures, facts.shape, facts, codes.length / codeSize);
    canvas.hidden = false;
    canvas.dataset.drawn = String(Number(canvas.dataset.drawn ?? 0) + 1);
  }
}
