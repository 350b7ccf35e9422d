import cliProgress from "cli-progress";
import { partTitle } from "../models/known.ts";
import type { Progress } from "../runs/session.node.ts";
import { lossesToTell, OF_PHASE } from "../train/losses.ts";

/** Between two lines where there is no terminal and no news about the test error, in milliseconds. */
const pause = 2000;
/** Characters of a line where there is no terminal, and of the bar with the spaces around it. */
const [width, barWidth] = [120, 24];

/** Before it is said that kernels compile, in milliseconds: a few of them are soon ready. */
const patience = 10_000;

/** Shows how far a run is: a bar on a terminal, now and then a line elsewhere. All of it on standard error. */
export class ProgressDisplay {
  readonly #quiet: boolean;
  #bar: cliProgress.SingleBar | undefined;
  #lastLine = -Infinity;
  #lastError: number | undefined;
  #stage: string | undefined;
  #compiling: NodeJS.Timeout | undefined;

  /** `quiet` leaves out everything but notices. */
  constructor(quiet: boolean) {
    this.#quiet = quiet;
  }

  /** Shows that `step` of `steps` steps are taken; again, where a run begins again. */
  start(step: number, steps: number): void {
    this.stop();
    this.#lastError = this.#stage = undefined;
    this.#lastLine = -Infinity;
    if (this.#quiet) return;
    if (!process.stderr.isTTY) {
      this.#compiling = setTimeout(() => this.say("Compiling kernels, as a first run has to."), patience);
      return;
    }
    this.#bar = new cliProgress.SingleBar({
      stream: process.stderr,
      format: "{bar} {value}/{total}  {status}",
      hideCursor: true,
      barsize: barWidth,
      barCompleteChar: "█",
      barIncompleteChar: "░",
    });
    this.#bar.start(steps, step, { status: "compiling kernels" });
  }

  /** Shows how many pictures are decoded. */
  reading({ read, of }: { read: number; of: number }): void {
    if (this.#quiet) return;
    if (process.stderr.isTTY) {
      if (!this.#bar) {
        this.#bar = new cliProgress.SingleBar({
          stream: process.stderr,
          format: "Decoding pictures {bar} {value}/{total}  {duration_formatted}",
          hideCursor: true,
          barsize: 24,
        });
        this.#bar.start(of, read);
      }
      this.#bar.setTotal(of);
      this.#bar.update(read);
      if (read === of) this.stop();
      return;
    }
    const now = performance.now();
    if (this.#lastLine === -Infinity) this.#lastLine = now; // what takes no time needs no words
    if (now - this.#lastLine < pause) return;
    this.#lastLine = now;
    process.stderr.write(`Decoded ${read} of ${of} pictures.\n`);
  }

  update({ line, steps, stepsPerSecond, stages }: Progress): void {
    clearTimeout(this.#compiling);
    const { stage, step } = line;
    const place =
      stage === undefined ? "" : `stage ${stages.indexOf(stage) + 1} of ${stages.length}, ${stage}`;
    if (stage !== this.#stage) {
      if (this.#stage !== undefined) this.say(`Now ${place}.`);
      this.#stage = stage;
      this.#lastError = undefined; // of the stage before
    }
    this.#lastError = line.testError ?? this.#lastError;
    const count = `${step}/${steps}`;
    const rest = [
      this.#lastError === undefined ? "" : `test error ${this.#lastError.toFixed(1)} %`,
      stepsPerSecond === undefined ? "" : `${stepsPerSecond.toFixed(1)} steps/s`,
      stepsPerSecond === undefined || step >= steps ? "" : `${clock((steps - step) / stepsPerSecond)} left`,
    ];
    const statusOf = (losses: string) =>
      [place, `epoch ${line.epoch}`, losses, ...rest].filter((part) => part !== "").join("  ");
    const before = this.#bar ? barWidth + count.length + 4 : "step ".length + count.length + 2;
    const room = (this.#bar ? (process.stderr.columns ?? width) : width) - before;
    const status = lossesThatFit(line, (losses) => statusOf(losses).length < room);
    if (this.#bar) return this.#bar.update(step, { status: statusOf(status) });
    const isNews = line.testError !== undefined || performance.now() - this.#lastLine >= pause;
    if (this.#quiet || !isNews) return;
    this.#lastLine = performance.now();
    process.stderr.write(`step ${count}  ${statusOf(status)}\n`);
  }

  /** Prints a line about the run, unless quiet. */
  say(text: string): void {
    if (!this.#quiet) this.notice(text);
  }

  /** Prints a line that a person has to see, without tearing the bar. */
  notice(text: string): void {
    if (this.#bar) process.stderr.write("\r\x1b[K");
    process.stderr.write(text + "\n");
  }

  stop(): void {
    clearTimeout(this.#compiling);
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

/** The loss with as many of its parts as fit, from the first on; of several phases, the loss of each. */
function lossesThatFit({ loss, parts }: Progress["line"], fits: (losses: string) => boolean): string {
  const told = lossesToTell(parts).map(([name, value]) => `${partTitle(name)} ${value.toPrecision(4)}`);
  const areOfPhases = Object.keys(parts).some((name) => name.endsWith(OF_PHASE));
  const words = (count: number) => {
    const some = told.slice(0, count).join(", ");
    if (areOfPhases) return `losses: ${some}`;
    return `loss ${loss.toPrecision(4)}` + (some === "" ? "" : ` (${some})`);
  };
  let count = told.length;
  while (count > 0 && !fits(words(count))) count--;
  return words(count);
}

/** 75 → "1:15". */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
