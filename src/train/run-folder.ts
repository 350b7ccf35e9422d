import { existsSync, mkdirSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ArgumentError, DataError } from "../device/errors.ts";
import { completeConfig, type Config } from "./config.ts";
import { appendLine, readJsonLines, writeFileAtomic } from "./files.ts";

/** A line of `history.jsonl`. */
export interface HistoryLine {
  step: number;
  epoch: number;
  loss: number;
  parts: Record<string, number>;
  testError?: number;
  seconds: number;
}

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

  /** Refuses a folder that holds something else than a run. */
  checkUsable(): void {
    const found = statSync(this.path, { throwIfNoEntry: false });
    if (found && !found.isDirectory())
      throw new ArgumentError(`${this.path} is a file; give a folder with --out`);
    if (found && !this.exists && readdirSync(this.path).length > 0)
      throw new ArgumentError(`${this.path} is not empty and holds no run; give another folder with --out`);
  }

  /** Makes the folder where it is missing, and writes down the configuration of its run. */
  create(config: Config): void {
    this.checkUsable();
    mkdirSync(this.path, { recursive: true });
    writeFileAtomic(this.file("config.json"), JSON.stringify(config, null, 2) + "\n");
  }

  /** The configuration that the run was started with. */
  config(): Config {
    const file = this.file("config.json");
    if (!this.exists) throw new ArgumentError(`${this.path} holds no run: there is no config.json in it`);
    try {
      return completeConfig(JSON.parse(readFileSync(file, "utf8")), "quick", file);
    } catch (cause) {
      if (cause instanceof SyntaxError) throw new DataError(file, 0, `not JSON: ${cause.message}`);
      throw cause;
    }
  }

  /** Adds a line to the history. */
  log(line: HistoryLine): void {
    appendLine(this.file("history.jsonl"), line);
  }

  history(): HistoryLine[] {
    return readJsonLines(this.file("history.jsonl")) as HistoryLine[];
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
