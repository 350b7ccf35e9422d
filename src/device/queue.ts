import { waitFor } from "#gpu";
import type { Settle } from "./adapters.ts";
import { submit, type Command, type Write } from "./commands.ts";
import { DeviceLostError, OutOfMemoryError, ValidationError, type HestenesError } from "./errors.ts";
import type { Profiler } from "./profiler.ts";
import type { Uploads } from "./uploads.ts";

/** Launches that go to WebGPU in one command buffer. */
const BATCH = 512;

/** Launches that may be under way: one more waits until all of them are done, where the runtime can wait. */
const MOST_UNDER_WAY = 8192;

/** Submissions that may be under way before short programs are sent in batches too. */
const MOST_SUBMISSIONS = 64;

/** Bytes of a write that count as much as a launch does. */
const BYTES_OF_A_LAUNCH = 1 << 15;

/**
 * The commands of one device, in order. Launches collect here while their pipelines compile in the
 * background, and go to WebGPU at a flush; once everything is compiled, nothing waits for anything
 * but for a device that has fallen far behind.
 */
export class CommandQueue {
  readonly #device: GPUDevice;
  readonly #settle: Settle;
  #pending: Command[] = [];
  #pendingWeight = 0;
  #sending: Promise<void> = Promise.resolve();
  /** Commands taken out of `#pending` since the beginning. */
  #taken = 0;
  /** What was submitted, and what of it is done, in launches. */
  #submitted = 0;
  #done = 0;
  #submissions = 0;
  /** Whether commands wait for more to go with them. */
  #isHeld = false;
  #failure: HestenesError | undefined;
  #lost: DeviceLostError | undefined;
  profiler: Profiler | undefined;
  /** Takes the small writes of a batch. */
  uploads: Uploads | undefined;

  readonly #onError = ({ error }: GPUUncapturedErrorEvent): void => {
    const outOfMemory = error.constructor.name === "GPUOutOfMemoryError";
    this.#failure ??= outOfMemory
      ? new OutOfMemoryError(`the device is out of memory: ${error.message}; use a smaller batch`)
      : new ValidationError(`WebGPU refused a command: ${error.message}`);
  };

  constructor(device: GPUDevice, settle: Settle) {
    this.#device = device;
    this.#settle = settle;
    void device.lost.then((info) => {
      this.#lost = new DeviceLostError(
        `the device was lost (${info.message || info.reason}): open a new one and load the last checkpoint`,
      );
    });
    device.addEventListener("uncapturederror", this.#onError);
  }

  /** Throws what went wrong on the device since the last call. */
  check(): void {
    if (this.#lost) throw this.#lost;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) throw failure;
  }

  /** Throws if the device is lost or out of memory. What else went wrong waits for the next `check`. */
  checkAlive(): void {
    if (this.#lost || this.#failure instanceof OutOfMemoryError) this.check();
  }

  /** Leaves errors of the device that come from now on to others that use it. */
  close(): void {
    this.#device.removeEventListener("uncapturederror", this.#onError);
  }

  push(command: Command): void {
    if (this.#lost) throw this.#lost;
    this.#add(command);
    this.#sendIfMany();
  }

  /** Sends `commands` at once if their pipelines are compiled, nothing is ahead of them and the device keeps up. */
  run(commands: readonly Command[], isCompiled: boolean): void {
    if (this.#lost) throw this.#lost;
    const isNext = isCompiled && this.#pending.length === 0 && !this.#isHeld;
    if (isNext && this.#submissions < MOST_SUBMISSIONS) return this.#submit(commands);
    for (const command of commands) this.#add(command);
    this.#sendIfMany();
  }

  /**
   * Runs `body`, which waits for nothing, and sends what it gives in one submission, as far as nothing is ahead of it and its
   * pipelines are compiled; the first writes come before.
   */
  together(body: () => void): void {
    if (this.#isHeld) return body();
    this.#isHeld = true;
    try {
      body();
    } finally {
      this.#isHeld = false;
    }
    if (this.#submissions < MOST_SUBMISSIONS) this.#sendIfCompiled();
    else this.#sendIfMany();
  }

  /** Writes `data`, in order with everything before and after. */
  write(buffer: GPUBuffer, offset: number, data: Uint8Array<ArrayBuffer>): void {
    if (this.#lost) throw this.#lost;
    const write: Write = { kind: "write", buffer, offset, data };
    if (this.#pending.length === 0) this.#submit([write]);
    else this.push({ ...write, data: data.slice() });
  }

  /** Destroys `buffer` after everything that was given so far is sent. */
  free(buffer: GPUBuffer): void {
    if (this.#pending.length === 0 || this.#lost) buffer.destroy();
    else this.#add({ kind: "free", buffer });
  }

  /** Sends everything that was given so far; resolves when it is with WebGPU, not when it is done. */
  flush(): Promise<void> {
    this.#sendIfCompiled();
    if (this.#pending.length === 0) return Promise.resolve();
    const end = this.#taken + this.#pending.length;
    const sent = this.#sending.then(async () => {
      const left = () => Math.max(0, end - this.#taken);
      const commands = this.#pending.slice(0, left());
      const compiled = commands.flatMap((command) =>
        command.kind === "dispatch" && !command.pipeline.isSettled ? [command.pipeline.settled] : [],
      );
      if (compiled.length > 0) await waitFor(Promise.all(compiled));
      if (left() > 0) this.#submit(this.#take(left()));
    });
    this.#sending = sent.catch(() => undefined);
    return sent;
  }

  /** Sends everything that was given so far, and compiles for that what is not compiled yet. */
  sendNow(): void {
    const commands = this.#take(this.#pending.length);
    for (const command of commands)
      if (command.kind === "dispatch") command.pipeline.compileNow(this.#settle);
    if (commands.length > 0) this.#submit(commands);
  }

  /** See `Settle`. */
  settle(begin: () => Promise<unknown>): ReturnType<Settle> {
    return this.#settle(begin);
  }

  /** Resolves when the device has done everything that was given so far. */
  async finish(): Promise<void> {
    await this.flush();
    await this.waitFor(waitFor(this.#device.queue.onSubmittedWorkDone()));
    this.check();
  }

  /** Waits for something that comes after everything that was submitted so far. */
  async waitFor(promise: Promise<unknown>): Promise<void> {
    const before = this.#submitted;
    await promise;
    this.#isDone(before);
  }

  #isDone(submitted: number): void {
    this.#done = Math.max(this.#done, submitted);
    this.#submissions = 0;
  }

  #add(command: Command): void {
    this.#pending.push(command);
    this.#pendingWeight += weightOf(command);
  }

  #take(count: number): Command[] {
    const taken = count === this.#pending.length ? this.#pending : this.#pending.slice(0, count);
    this.#pending = this.#pending.slice(count);
    this.#pendingWeight = this.#pending.reduce((sum, command) => sum + weightOf(command), 0);
    this.#taken += count;
    return taken;
  }

  #sendIfMany(): void {
    if (this.#pendingWeight < BATCH) return;
    if (!this.#isHeld) this.#sendIfCompiled();
    if (this.#pendingWeight >= MOST_UNDER_WAY) this.sendNow();
  }

  #sendIfCompiled(): void {
    const commands = this.#pending;
    if (commands.length === 0) return;
    if (!commands.every((command) => command.kind !== "dispatch" || command.pipeline.isSettled)) return;
    this.#submit(this.#take(commands.length));
  }

  #submit(commands: readonly Command[]): void {
    if (this.#submitted - this.#done >= MOST_UNDER_WAY) {
      this.#settle(() => this.#device.queue.onSubmittedWorkDone());
      this.#isDone(this.#submitted);
    }
    for (const command of commands) {
      this.#submitted += weightOf(command);
      if (command.kind === "dispatch") this.#failure ??= command.pipeline.failure;
    }
    this.#submissions++;
    if (this.profiler) this.profiler.submit(commands);
    else submit(this.#device, commands, this.uploads?.stage(commands));
  }
}

/** How much a command counts against what may be under way: a launch is 1. */
function weightOf(command: Command): number {
  return command.kind === "write" ? 1 + command.data.length / BYTES_OF_A_LAUNCH : 1;
}
