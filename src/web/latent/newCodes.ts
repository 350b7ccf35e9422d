import { deviationOf, variances } from "../../latent/spectrum.ts";
import { byId, segments } from "../shared/dom.ts";
import { sayError } from "../shared/notices.ts";
import type { Remote } from "../shared/rpc.ts";
import type { CodeSource, CodeStage, Look, TrainApi, TrainEvent } from "../train/protocol.ts";
import type { CodeOrder } from "./order.ts";
import type { Strip } from "./strip.ts";

/** Codes that are drawn, so that their spread is known; a few of them are shown. */
const count = 200;
/** Codes that spread by so many times more or less than the dots lie elsewhere. */
const elsewhere = 1.6;

const words: Readonly<Record<CodeSource, string>> = {
  prior:
    "New pictures: codes drawn from the cloud that the model is to fill, its prior: the standard normal one, unless it has its own.",
  mixture: "New pictures: codes drawn from a mixture of normal distributions that was fitted to the dots.",
  "second-stage": "New pictures: codes that the second stage makes of draws from the standard normal cloud.",
};

/** The codes that are in view. */
interface InView {
  lane: number;
  stage: CodeStage;
  order: CodeOrder;
  look: Look;
}

/** The buttons that draw new codes, and the choice between the same ones as drawn and renormalised. */
export class NewCodes {
  readonly #remote: Remote<TrainApi, TrainEvent>;
  readonly #strip: Strip;
  readonly #inView: () => InView | undefined;
  readonly #onShown: () => void;
  #seed = 0;
  #isRenormalised = false;

  /** `inView` tells what is looked at; `onShown` is called when new codes are there to be seen. */
  constructor(
    remote: Remote<TrainApi, TrainEvent>,
    strip: Strip,
    inView: () => InView | undefined,
    onShown: () => void,
  ) {
    this.#remote = remote;
    this.#strip = strip;
    this.#inView = inView;
    this.#onShown = onShown;
    for (const from of ["prior", "mixture", "second-stage"] as const)
      byId(from, HTMLButtonElement).onclick = () => {
        this.#seed++;
        this.#draw(from);
      };
  }

  /** Offers what there is to draw from, where codes of this stage are in view. */
  offer(hasSecond: boolean, stage: CodeStage): void {
    byId("second-stage", HTMLButtonElement).hidden = !hasSecond || stage === 1;
  }

  #draw(from: CodeSource): void {
    const inView = this.#inView();
    if (inView) this.#show(from, inView).then(this.#onShown, sayError);
  }

  async #show(from: CodeSource, { lane, stage, order, look }: InView): Promise<void> {
    const canBe = stage === 0 && from !== "mixture"; // a mixture has the spread of what it is fitted to
    const isRenormalised = canBe && this.#isRenormalised;
    const draw = { from, count, seed: this.#seed, stage, isRenormalised };
    const codes = order.arrange(await this.#remote.call("sample", lane, draw));
    this.#strip.show(codes, look.codeSize, `${words[from]} ${spreadWords(codes, look, isRenormalised)}`);
    if (!canBe) return;
    segments("renormalised", ["as drawn", "renormalised"], Number(isRenormalised), (index) => {
      this.#isRenormalised = index === 1;
      this.#draw(from);
    });
  }
}

/** How far the new codes spread, beside the dots. */
function spreadWords(codes: Float32Array, { codes: dots, codeSize }: Look, isRenormalised: boolean): string {
  const [own, theirs] = [codes, dots].map((points) => spreadOf(points, codeSize)) as [number, number];
  if (!Number.isFinite(own) || !Number.isFinite(theirs)) return "";
  const beside = `A number of theirs spreads by ${own.toPrecision(2)}, of the dots' by ${theirs.toPrecision(2)}`;
  if (isRenormalised) return `${beside}: all are multiplied so that they vary as codes in training do.`;
  const isElsewhere = own > elsewhere * theirs || theirs > elsewhere * own;
  return isElsewhere ? `${beside}: most of them lie where few dots are.` : `${beside}.`;
}

/** The deviation of a number of a code (N, codeSize), in the mean of all. */
function spreadOf(codes: Float32Array, codeSize: number): number {
  if (!codes.every(Number.isFinite)) return NaN;
  return deviationOf(variances(codes, codeSize));
}
