import type { FixedBindings } from "./bindings.ts";
import type { Command } from "./commands.ts";
import { LifetimeError } from "./errors.ts";
import type { CommandQueue } from "./queue.ts";
import type { MemoryKind, Storage, StoragePool } from "./storage.ts";

export interface RecordOptions {
  /** Whether recording also takes the step, as running the program does; true unless given. */
  run?: boolean | undefined;
}

/**
 * A step that was recorded: its launches, in order, with the memory that they use. Running it again
 * makes no buffer, no pipeline and no bind group, and calls none of the code that was recorded.
 *
 * Memory that the step allocated and freed is reused within the step, but by nobody else, for as
 * long as the program lives.
 */
export class Program {
  /** Where the step's tensors come from while it is recorded. */
  readonly pool: StoragePool;
  /** Where its bind groups come from. */
  readonly bindings: FixedBindings;
  /** Whether its launches are also made while they are recorded. */
  readonly runs: boolean;
  readonly #queue: CommandQueue;
  readonly #commands: Command[] = [];
  readonly #uses = new Set<Storage>();
  #isCompiled = false;
  #disposed = false;

  constructor(
    queue: CommandQueue,
    pool: StoragePool,
    bindings: FixedBindings,
    { run = true }: RecordOptions = {},
  ) {
    this.runs = run;
    this.#queue = queue;
    this.pool = pool;
    this.bindings = bindings;
  }

  /** How many launches a run makes. */
  get length(): number {
    return this.#commands.length;
  }

  /** Adds a launch while the step is recorded. */
  add(command: Command, uses: readonly Storage[]): void {
    this.#commands.push(command);
    for (const storage of uses) {
      if (this.#uses.has(storage)) continue;
      this.#uses.add(storage);
      if (!this.pool.made(storage)) storage.retain();
    }
  }

  /** A constant of the step: written once, never reused while the program lives. */
  pin(data: Uint8Array<ArrayBuffer>, kind: MemoryKind, pool: StoragePool): Storage {
    const storage = pool.allocate(data.byteLength, kind);
    this.#queue.write(storage.buffer, 0, data);
    storage.retain();
    this.#uses.add(storage);
    return storage;
  }

  /** Launches the step once more. */
  run(): void {
    if (this.#disposed) throw new LifetimeError("this program was disposed");
    this.#isCompiled ||= this.#commands.every(
      (command) => command.kind !== "dispatch" || command.pipeline.isSettled,
    );
    this.#queue.run(this.#commands, this.#isCompiled);
  }

  /** Frees the step's memory. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#commands.length = 0;
    for (const storage of this.#uses) if (!this.pool.made(storage)) storage.release();
    this.bindings.dispose();
    this.pool.trim(true);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
