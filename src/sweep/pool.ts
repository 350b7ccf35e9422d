import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BusyError, HestenesError } from "../device/errors.ts";
import type { FromChild, Progress, ToChild } from "./messages.ts";
import type { TaskEnd } from "./task.ts";

/** Seconds that children have for their checkpoints once they are told to stop, unless a number is given. */
const graceUnlessGiven = 60;
/** Deaths of children in one task after which something is wrong, unless a task says how many; runs count theirs themselves. */
const deathsUnlessGiven = 50;
/** What is kept of what a child says on its standard error. */
const mostWords = 16_384;

export interface PoolOptions {
  /** Child processes at once; the cores are shared among them. */
  workers: number;
  /** The first words of the command line that makes a child: it calls `serveTasks`. */
  command: readonly string[];
  /** The script that children run; the one of this package unless given. */
  program?: string;
  /** Seconds that a child has for its checkpoint once it is told to stop; then it is killed. */
  grace?: number;
}

/** What a task tells while a child does it. */
export interface TaskHooks {
  onProgress?: (progress: Progress, worker: number) => void;
  onNotice?: (notice: string) => void;
  /** Ends the task after the step at hand, with a checkpoint. */
  signal?: AbortSignal;
  /** The run's folder, for the log of a child that dies. */
  folder?: string;
  /** After so many deaths of its children the task is given up. */
  mostDeaths?: number;
}

/** Ended by a signal or of itself, in the middle of a task. */
class Death extends Error {}

/** Child processes that do tasks. A child that dies is replaced, and its task is begun again, from its last checkpoint. */
export class Pool<Task> {
  readonly workers: number;
  readonly #command: readonly string[];
  readonly #grace: number;
  readonly #idle: Child<Task>[] = [];
  readonly #all = new Set<Child<Task>>();
  readonly #numbers: number[];
  #isClosed = false;

  constructor({ workers, command, program = hestenes, grace = graceUnlessGiven }: PoolOptions) {
    this.#grace = 1000 * grace;
    this.workers = workers;
    this.#command = [program, ...command];
    this.#numbers = Array.from({ length: workers }, (_, i) => i);
  }

  /**
   * Has a child do the task; at most as many at once as there are workers. Throws BusyError where another process has the
   * run, HestenesError where it could not be done.
   */
  async run(task: Task, hooks: TaskHooks = {}): Promise<{ end: TaskEnd; result?: unknown }> {
    for (let deaths = 0; ; deaths++) {
      if (hooks.signal?.aborted) return { end: "stopped" };
      const child = this.#idle.pop() ?? this.#start();
      try {
        const said = await child.does(task, hooks);
        if (said.kind === "busy") throw new BusyError(said.message);
        if (said.kind === "error") throw new HestenesError(said.message);
        return said;
      } catch (error) {
        if (!(error instanceof Death)) throw error;
        logDeath(hooks.folder, error.message);
        const { mostDeaths = deathsUnlessGiven } = hooks;
        if (deaths + 1 >= mostDeaths)
          throw new HestenesError(`${error.message}\n${mostDeaths} processes ended like that`);
      } finally {
        if (child.isAlive && !this.#isClosed) this.#idle.push(child);
      }
    }
  }

  /** Ends all children: those at work write a checkpoint first, and those that take too long are ended anyway. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#all].map((child) => child.close()));
  }

  /** Ends all children at once, without checkpoints. */
  kill(): void {
    for (const child of this.#all) child.kill();
  }

  #start(): Child<Task> {
    const number = this.#numbers.shift() ?? 0;
    const child = new Child<Task>(number, this.#command, this.workers, this.#grace, () => {
      this.#all.delete(child);
      this.#numbers.unshift(number);
      const at = this.#idle.indexOf(child);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    this.#all.add(child);
    return child;
  }
}

/** The command of this package, which needs nothing but Node to start. */
const hestenes = fileURLToPath(new URL("../cli/hestenes.mjs", import.meta.url));

class Child<Task> {
  readonly #number: number;
  readonly #process: ChildProcess;
  /** Milliseconds. */
  readonly #grace: number;
  #words = "";

  constructor(number: number, command: readonly string[], workers: number, grace: number, onEnd: () => void) {
    this.#number = number;
    this.#grace = grace;
    const [program = "", ...args] = command;
    this.#process = fork(program, args, {
      execArgv: [],
      env: { ...process.env, NODE_OPTIONS: "", ...shareOf(workers) },
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#process.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#words = (this.#words + text).slice(-mostWords);
    });
    this.#process.on("exit", onEnd);
    this.#process.on("error", () => {}); // of a message to a child that has just ended
  }

  get isAlive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async does(
    task: Task,
    { onProgress, onNotice, signal }: TaskHooks,
  ): Promise<FromChild & { kind: "end" | "busy" | "error" }> {
    let late: NodeJS.Timeout | undefined;
    const stop = () => {
      this.#say({ kind: "stop" });
      late ??= setTimeout(() => this.kill(), this.#grace);
    };
    let hear: ((message: FromChild) => void) | undefined;
    let ended: ((code: number | null, by: string | null) => void) | undefined;
    try {
      return await new Promise((resolve, reject) => {
        hear = (message) => {
          if (message.kind === "progress") onProgress?.(message.progress, this.#number);
          else if (message.kind === "notice") onNotice?.(message.text);
          else if (message.kind !== "ready") resolve(message);
        };
        ended = (code, by) =>
          reject(new Death(`the process ended with ${by ?? `code ${code}`}\n${this.#words}`.trim()));
        this.#process.on("message", hear);
        this.#process.on("close", ended);
        signal?.addEventListener("abort", stop, { once: true });
        if (!this.isAlive) ended(this.#process.exitCode, this.#process.signalCode);
        this.#say({ kind: "task", task });
        if (signal?.aborted) stop();
      });
    } finally {
      signal?.removeEventListener("abort", stop);
      clearTimeout(late);
      if (hear) this.#process.off("message", hear);
      if (ended) this.#process.off("close", ended);
    }
  }

  async close(): Promise<void> {
    if (!this.isAlive) return;
    const late = setTimeout(() => this.kill(), this.#grace);
    const ended = once(this.#process, "exit");
    if (this.#process.connected) this.#process.disconnect();
    else this.#process.kill("SIGTERM");
    await ended;
    clearTimeout(late);
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  #say(message: ToChild<Task>): void {
    if (this.#process.connected) this.#process.send(message, () => {});
  }
}

/** The environment of one of so many children: its share of the cores, for a software adapter and for Node. */
function shareOf(workers: number): NodeJS.ProcessEnv {
  if (workers === 1) return {};
  const cores = String(Math.max(1, Math.floor(availableParallelism() / workers)));
  return {
    HESTENES_THREADS: process.env.HESTENES_THREADS ?? cores,
    UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? cores,
  };
}

/** Keeps what a child said before it died with its run, for whoever looks at a run that was set aside. */
function logDeath(folder: string | undefined, words: string): void {
  if (folder === undefined || !existsSync(folder)) return;
  appendFileSync(join(folder, "log.txt"), `${new Date().toISOString()} ${words}\n`);
}
