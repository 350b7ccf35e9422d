import cliProgress from "cli-progress";
import type { Progress } from "../sweep/messages.ts";
import type { RunStatus } from "../sweep/store.ts";

/** Shows how far many runs are: on a terminal a bar for all and one for each worker, elsewhere a line for each run that ends. */
export class ManyDisplay {
  readonly #quiet: boolean;
  readonly #total: number;
  #bars: cliProgress.MultiBar | undefined;
  readonly #workers: (cliProgress.SingleBar | undefined)[];
  #all: cliProgress.SingleBar | undefined;

  constructor(quiet: boolean, total: number, workers: number) {
    this.#quiet = quiet;
    this.#total = total;
    this.#workers = Array.from({ length: workers }, () => undefined);
    if (quiet || !process.stderr.isTTY) return;
    this.#bars = new cliProgress.MultiBar({
      stream: process.stderr,
      format: "{bar} {value}/{total}  {status}",
      hideCursor: true,
      barsize: 24,
      barCompleteChar: "█",
      barIncompleteChar: "░",
    });
  }

  begin(all: readonly RunStatus[]): void {
    const done = doneOf(all);
    this.#all = this.#bars?.create(this.#total, done, { status: "runs" });
    if (this.#bars) return;
    const open = this.#total - done;
    const already = done > 0 ? `${done} of ${this.#total} runs are done already. ` : "";
    const workers = this.#workers.length > 0 ? `, ${this.#workers.length} at once` : "";
    if (open > 0) this.#line(`${already}${open} to do${workers}; a line follows for each that ends.`);
    else if (already) this.#line(already.trim());
  }

  progress(worker: number, run: string, { step, steps, loss, testError, stepsPerSecond }: Progress): void {
    if (!this.#bars) return;
    const bar = (this.#workers[worker] ??= this.#bars.create(steps, step, { status: "" }));
    const parts = [
      ...[
        run,
        `loss ${loss.toPrecision(4)}`,
        testError === undefined ? "" : `test error ${testError.toFixed(1)} %`,
      ],
      stepsPerSecond === undefined ? "" : `${stepsPerSecond.toFixed(1)} steps/s`,
    ];
    bar.setTotal(steps);
    bar.update(step, { status: parts.filter((part) => part !== "").join("  ") });
  }

  end(status: RunStatus, all: readonly RunStatus[]): void {
    const done = doneOf(all);
    this.#all?.update(done);
    const { name, state, testError, failure, step } = status;
    const error = testError === undefined ? "" : `, test error ${testError.toFixed(1)} %`;
    const words = failure
      ? `set aside: ${failure.reason}`
      : state === "done"
        ? `done${error}`
        : `at step ${step}${error}`;
    if (!this.#bars) this.#line(`${done}/${this.#total} ${name}: ${words}`);
    else if (failure) this.notice(`${name}: ${words}`);
  }

  /** Prints a line that a person has to see, without tearing the bars. */
  notice(text: string): void {
    if (this.#bars) this.#bars.log(`${text}\n`);
    else process.stderr.write(`${text}\n`);
  }

  stop(): void {
    this.#bars?.stop();
    this.#bars = undefined; // a second stop would write over what came after
  }

  #line(text: string): void {
    if (!this.#quiet) process.stderr.write(`${text}\n`);
  }
}

const doneOf = (all: readonly RunStatus[]) => all.filter(({ state }) => state === "done").length;
