import { lossesToTell, type StepLosses } from "./losses.ts";

/** Milliseconds between two writings of the line. */
const pause = 100;

type Terminal = Pick<NodeJS.WriteStream, "isTTY" | "write"> & { columns?: number | undefined };

/** A line on a terminal that tells how far a run is, written over itself. */
export class ProgressLine {
  readonly #terminal: Terminal | undefined;
  readonly #total: number;
  readonly #first: number;
  readonly #begun = performance.now();
  #due = 0;
  #told: readonly string[] = [];

  /** Writes to `terminal`, the standard error of Node unless given, if it is one; elsewhere it stays silent. */
  constructor(
    first: number,
    total: number,
    terminal: Terminal | undefined = (
      globalThis as { process?: { stderr?: Terminal | undefined } | undefined }
    ).process?.stderr,
  ) {
    this.#terminal = terminal?.isTTY ? terminal : undefined;
    this.#first = first;
    this.#total = total;
  }

  /** What the line says of the losses and the evaluation from now on. */
  tell({ losses }: Pick<StepLosses, "losses">, evaluation?: number): void {
    const [first, ...parts] = lossesToTell(losses).map(
      ([name, value]) => `  ${name} ${value.toPrecision(4)}`,
    );
    const measured = evaluation === undefined ? [] : [`  evaluation ${evaluation.toPrecision(4)}`];
    this.#told = [...(first === undefined ? [] : [first]), ...measured, ...parts];
  }

  /** Shows that `step` is taken. */
  show(step: number): void {
    const now = performance.now();
    if (!this.#terminal || (now < this.#due && step < this.#total)) return;
    this.#due = now + pause;
    const rate = (step - this.#first) / ((now - this.#begun) / 1000);
    const left = Math.ceil((this.#total - step) / rate);
    const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left`;
    const lineOf = (told: readonly string[]) =>
      `step ${step}/${this.#total}${told.join("")}  ${rate.toPrecision(3)} steps/s  ${time}`;
    const { columns = Infinity } = this.#terminal;
    let told = this.#told;
    while (told.length > 0 && lineOf(told).length >= columns) told = told.slice(0, -1); // or it would not write over itself
    this.#terminal.write(`\r\x1b[K${lineOf(told)}`);
  }

  /** Ends the line. */
  end(): void {
    if (this.#due > 0) this.#terminal?.write("\n");
  }
}
