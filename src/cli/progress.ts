import cliProgress from "cli-progress";
import { partTitle } from "../models/known.ts";
import type { Progress } from "../runs/session.node.ts";

/** Between two lines where there is no terminal and no news about the test error, and before the first, in milliseconds. */
const pause = 2000;

/** Shows how far a run is: a bar on a terminal, now and then a line elsewhere. All of it on standard error. */
export class ProgressDisplay {
  readonly #quiet: boolean;
  #bar: cliProgress.SingleBar | undefined;
  #lastLine = -Infinity;
  #lastError: number | undefined;
  #compiling: NodeJS.Timeout | undefined;

  /** `quiet` leaves out everything but notices. */
  constructor(quiet: boolean) {
    this.#quiet = quiet;
  }

  /** Shows that `step` of `steps` steps are taken; again, where a run begins again. */
  start(step: number, steps: number): void {
    this.stop();
    this.#lastError = undefined;
    if (this.#quiet) return;
    if (!process.stderr.isTTY) {
      this.#compiling = setTimeout(() => this.say("Compiling kernels, as a first run has to."), pause);
      return;
    }
    this.#bar = new cliProgress.SingleBar({
      stream: process.stderr,
      format: "{bar} {value}/{total}  {status}",
      hideCursor: true,
      barsize: 24,
      barCompleteChar: "█",
      barIncompleteChar: "░",
    });
    this.#bar.start(steps, step, { status: "compiling kernels" });
  }

  update({ line, steps, stepsPerSecond }: Progress): void {
    clearTimeout(this.#compiling);
    this.#lastError = line.testError ?? this.#lastError;
    const parts = Object.entries(line.parts).map(
      ([name, value]) => `${partTitle(name)} ${value.toPrecision(4)}`,
    );
    const status = [
      `epoch ${line.epoch}`,
      `loss ${line.loss.toPrecision(4)}` + (parts.length > 0 ? ` (${parts.join(", ")})` : ""),
      this.#lastError === undefined ? "" : `test error ${this.#lastError.toFixed(1)} %`,
      stepsPerSecond === undefined ? "" : `${stepsPerSecond.toFixed(1)} steps/s`,
      stepsPerSecond === undefined || line.step >= steps
        ? ""
        : `${clock((steps - line.step) / stepsPerSecond)} left`,
    ].filter((part) => part !== "");
    if (this.#bar) return this.#bar.update(line.step, { status: status.join("  ") });
    const isNews = line.testError !== undefined || performance.now() - this.#lastLine >= pause;
    if (this.#quiet || !isNews) return;
    this.#lastLine = performance.now();
    process.stderr.write(`step ${line.step}/${steps}  ${status.join("  ")}\n`);
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

/** 75 → "1:15". */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
