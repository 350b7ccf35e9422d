import cliProgress from "cli-progress";
import type { Progress } from "../train/session.ts";

/** Shows how far a run is: a bar on a terminal, a line for each logged step elsewhere. */
export class ProgressDisplay {
  readonly #bar: cliProgress.SingleBar | undefined;
  readonly #quiet: boolean;
  #lastError: number | undefined;

  constructor(steps: number, { quiet = false, start = 0 } = {}) {
    this.#quiet = quiet;
    if (quiet || !process.stderr.isTTY) return;
    this.#bar = new cliProgress.SingleBar({
      stream: process.stderr,
      format: "{bar} {value}/{total}  {status}",
      hideCursor: true,
      barsize: 24,
      barCompleteChar: "█",
      barIncompleteChar: "░",
    });
    this.#bar.start(steps, start, { status: "compiling kernels" });
  }

  update({ line, steps, stepsPerSecond, secondsLeft }: Progress): void {
    this.#lastError = line.testError ?? this.#lastError;
    const parts = Object.entries(line.parts).map(([name, value]) => `${name} ${value.toPrecision(4)}`);
    const status = [
      `epoch ${line.epoch}`,
      `loss ${line.loss.toPrecision(4)}` + (parts.length > 0 ? ` (${parts.join(", ")})` : ""),
      this.#lastError === undefined ? "" : `test error ${this.#lastError.toFixed(1)} %`,
      `${stepsPerSecond.toFixed(1)} steps/s`,
      line.step < steps ? `${clock(secondsLeft)} left` : "",
    ].filter((part) => part !== "");
    if (this.#bar) this.#bar.update(line.step, { status: status.join("  ") });
    else if (!this.#quiet) process.stderr.write(`step ${line.step}/${steps}  ${status.join("  ")}\n`);
  }

  /** Prints a line without tearing the bar. */
  note(text: string): void {
    if (this.#quiet) return;
    if (this.#bar) process.stderr.write("\r\x1b[K");
    process.stderr.write(text + "\n");
  }

  stop(): void {
    this.#bar?.stop();
  }
}

/** 75 → "1:15". */
function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
