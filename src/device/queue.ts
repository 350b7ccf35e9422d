import { waitFor } from "#gpu";
import { submit, type Command } from "./commands.ts";
import { DeviceLostError, OutOfMemoryError, ValidationError, type HestenesError } from "./errors.ts";
import type { Profiler } from "./profiler.ts";

/**
 * The commands of one device, in order. Launches collect here while their pipelines compile in the
 * background, and go to WebGPU at a flush; once everything is compiled, nothing waits for anything.
 */
export class CommandQueue {
  readonly #device: GPUDevice;
  #pending: Command[] = [];
  #sending: Promise<void> = Promise.resolve();
  #flushes = 0;
  #failure: HestenesError | undefined;
  #lost: DeviceLostError | undefined;
  profiler: Profiler | undefined;

  constructor(device: GPUDevice) {
    this.#device = device;
    void device.lost.then((info) => {
      this.#lost = new DeviceLostError(
        `the device was lost (${info.message || info.reason}): open a new one and load the last checkpoint`,
      );
    });
    device.addEventListener("uncapturederror", (event) => {
      const { error } = event;
      const outOfMemory = error.constructor.name === "GPUOutOfMemoryError";
      this.#failure ??= outOfMemory
        ? new OutOfMemoryError(`the device is out of memory: ${error.message}; use a smaller batch`)
        : new ValidationError(`WebGPU refused a command: ${error.message}`);
    });
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

  /** Whether a command given now may go straight to WebGPU. */
  get #isIdle(): boolean {
    return this.#flushes === 0 && this.#pending.length === 0;
  }

  push(command: Command): void {
    if (this.#lost) throw this.#lost;
    this.#pending.push(command);
    if (this.#pending.length >= 512 && this.#flushes === 0) this.#sendIfCompiled();
  }

  /** Sends `commands`, whose pipelines are compiled, at once if nothing is ahead of them. */
  run(commands: readonly Command[]): void {
    if (this.#lost) throw this.#lost;
    if (this.#isIdle) this.#submit(commands);
    else {
      for (const command of commands) this.#pending.push(command);
      if (this.#flushes === 0) this.#sendIfCompiled();
    }
  }

  /** Writes `data`, in order with everything before and after. */
  write(buffer: GPUBuffer, offset: number, data: Uint8Array<ArrayBuffer>): void {
    if (this.#lost) throw this.#lost;
    if (this.#isIdle) this.#device.queue.writeBuffer(buffer, offset, data);
    else this.push({ kind: "write", buffer, offset, data: data.slice() });
  }

  /** Sends everything that was given so far; resolves when it is with WebGPU, not when it is done. */
  flush(): Promise<void> {
    if (this.#flushes === 0) this.#sendIfCompiled();
    if (this.#pending.length > 0) {
      const commands = this.#pending;
      this.#pending = [];
      this.#flushes++;
      const sent = this.#sending.then(async () => {
        try {
          await Promise.all(
            commands
              .filter((command) => command.kind === "dispatch")
              .map((command) => command.pipeline.settled),
          );
          this.#submit(commands);
        } finally {
          this.#flushes--;
        }
      });
      this.#sending = sent.catch(() => undefined);
      return sent;
    }
    return this.#sending;
  }

  /** Resolves when the device has done everything that was given so far. */
  async finish(): Promise<void> {
    await this.flush();
    await waitFor(this.#device.queue.onSubmittedWorkDone());
    this.check();
  }

  /** The bytes of `staging`, once everything that was given so far is done. */
  async map(staging: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
    await this.flush();
    try {
      await waitFor(staging.mapAsync(0x1, 0, Math.max(4, bytes))); // 0x1 is GPUMapMode.READ
    } catch (cause) {
      await Promise.resolve(); // lets the loss of the device arrive first
      this.check();
      throw new DeviceLostError("the device was closed or lost while a tensor was read", { cause });
    }
    const copy = staging.getMappedRange(0, Math.max(4, bytes)).slice(0, bytes);
    staging.unmap();
    this.check();
    return copy;
  }

  #sendIfCompiled(): void {
    const commands = this.#pending;
    if (commands.length === 0) return;
    if (!commands.every((command) => command.kind !== "dispatch" || command.pipeline.isSettled)) return;
    this.#pending = [];
    this.#submit(commands);
  }

  #submit(commands: readonly Command[]): void {
    for (const command of commands)
      if (command.kind === "dispatch") this.#failure ??= command.pipeline.failure;
    if (this.profiler) this.profiler.submit(commands);
    else submit(this.#device, commands);
  }
}
