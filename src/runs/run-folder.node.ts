import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { ArgumentError, DataError } from "../device/errors.ts";
import { completeConfig, type Config } from "../train/config.ts";
import { leaseNames } from "./lease-folder.node.ts";
import { takeLease, type Lease, type LeaseOptions } from "./lease.node.ts";
import { appendLine, readFile, readJsonLines, writeFileAtomic } from "./files.node.ts";

/** JSON has no NaN and no infinity; `appendLine` writes null for them. */
const number = z.union([z.number(), z.null().transform(() => NaN)]);

const historyLine = z.object({
  step: z.int().min(0),
  epoch: z.int().min(0),
  loss: number,
  parts: z.record(z.string(), number),
  testError: number.exactOptional(),
  seconds: z.number(),
  /** Its name, in a run of several. */
  stage: z.string().exactOptional(),
});

/** A line of `history.jsonl`. */
export type HistoryLine = z.output<typeof historyLine>;

const isLease = (name: string) => leaseNames.some((one) => name.startsWith(one));

/** The folder of one run: its configuration, history, checkpoint and results. */
export class RunFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  get exists(): boolean {
    return existsSync(this.file("config.json"));
  }

  /** Refuses a folder that holds something else than a run, or the lease of one. */
  checkUsable(): void {
    const found = existsSync(this.path) ? statSync(this.path) : undefined;
    if (found && !found.isDirectory())
      throw new ArgumentError(`${this.path} is a file; give a folder with --out`);
    if (found && !this.exists && readdirSync(this.path).some((name) => !isLease(name)))
      throw new ArgumentError(`${this.path} is not empty and holds no run; give another folder with --out`);
  }

  /**
   * Makes the folder where it is missing, and keeps other processes, on any machine, from writing in it until the lease is
   * released, or this process ends. Throws BusyError if one does already.
   */
  lease(options: LeaseOptions = {}): Promise<Lease> {
    this.checkUsable();
    return takeLease(this.path, options);
  }

  /** Writes down the configuration of the run; the folder must be there. */
  create(config: Config): void {
    writeFileAtomic(this.file("config.json"), JSON.stringify(config, null, 2) + "\n");
  }

  /** The configuration that the run was started with. */
  config(): Config {
    const file = this.file("config.json");
    if (!this.exists) throw new ArgumentError(`${this.path} holds no run: there is no config.json in it`);
    try {
      return completeConfig(JSON.parse(readFile(file).toString("utf8")), "quick", file);
    } catch (cause) {
      if (cause instanceof SyntaxError) throw new DataError(file, undefined, `not JSON: ${cause.message}`);
      throw cause;
    }
  }

  /** Adds a line to the history. */
  log(line: HistoryLine): void {
    appendLine(this.file("history.jsonl"), line);
  }

  history(): HistoryLine[] {
    return readJsonLines(this.file("history.jsonl"), historyLine);
  }

  /** Forgets what was logged after `step`: a run goes on from its last checkpoint. */
  rewind(step: number): void {
    const kept = this.history().filter((line) => line.step <= step);
    if (kept.length > 0 || existsSync(this.file("history.jsonl")))
      writeFileAtomic(this.file("history.jsonl"), kept.map((line) => JSON.stringify(line) + "\n").join(""));
  }

  writeJson(name: string, value: unknown): void {
    writeFileAtomic(this.file(name), JSON.stringify(value, null, 2) + "\n");
  }
}
