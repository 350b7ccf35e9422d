import type { Job as QueueJob, Queue, Worker } from "bullmq";
import { HestenesError } from "../device/errors.ts";
import { silenceOf } from "../runs/lease.node.ts";
import { redacted, scrubber } from "./address.ts";

/** The queue's name on its server. */
const queueName = "hestenes";

/** Seconds to wait for a server to answer for the first time. */
const patience = 10;

/** A queue that cannot be used: the package is missing, or the server is not reachable, or refuses. */
export class QueueError extends HestenesError {
  override get name(): string {
    return "QueueError";
  }
}

/** A job of the queue: what to do, and what it belongs to. */
export interface Order<Task> {
  /** Of the same two no second one is taken while the first is there. */
  sweep: string;
  id: string;
  /** Folders in it are relative to the store. */
  task: Task;
}

export interface WorkOptions {
  /** Jobs at once: as many as there are children. */
  workers: number;
  onNotice: (notice: string) => void;
}

const settings = () => ({
  /**
   * A worker renews the lock on its job every half of this, in the parent process, which only waits: training, which may
   * block a process for long, happens in its children. It is shorter than the lease of a run folder: who gets the job of a
   * machine that failed waits there for the rest.
   */
  lockDuration: 500 * silenceOf(),
  /** How soon the jobs of a machine that failed are seen; a look is one command for the server. */
  stalledInterval: 250 * silenceOf(),
  /**
   * A job stalls whenever its machine dies, on preemptible machines many times within one run. What bounds the restarts of a
   * run that kills its machine is counted in its folder, by whether it got a checkpoint further.
   */
  maxStalledCount: 1_000_000,
  /** Seconds that a command of an idle worker waits on the server for a job. */
  drainDelay: 5,
});

const jobSettings = {
  /** A job that was stopped, or that another process has, comes again; there is no bound, for the reason above. */
  attempts: 1_000_000,
  backoff: { type: "fixed", delay: 2000 },
  /** What became of a run is in its folder: the server keeps what is to be done, and nothing else. */
  removeOnComplete: true,
  removeOnFail: true,
  stackTraceLimit: 0,
} as const;

/** The queue on a server, Redis or PostgreSQL. */
export class SweepQueue<Task> {
  readonly #bull: Bull;
  readonly #queue: Queue;
  readonly #scrub: (text: string) => string;

  private constructor(bull: Bull, queue: Queue, scrub: (text: string) => string) {
    this.#bull = bull;
    this.#queue = queue;
    this.#scrub = scrub;
  }

  /** Connects to the queue. Throws QueueError, without the password, where that fails; ArgumentError for another address. */
  static async open<Task>(url: string): Promise<SweepQueue<Task>> {
    const scrub = scrubber(url);
    const bull = await bullFor(url);
    const queue = new bull.Queue(queueName, { connection: bull.connection });
    let failed: (error: Error) => void = () => {};
    queue.on("error", (error) => failed(error));
    try {
      await new Promise<void>((resolve, reject) => {
        failed = reject;
        const late = setTimeout(() => reject(new Error(`no answer in ${patience} seconds`)), 1000 * patience);
        void queue
          .waitUntilReady()
          .then(() => resolve(), reject)
          .finally(() => clearTimeout(late));
      });
      await queue.getJobCounts("wait"); // a password that is wrong, or a database that is not there
    } catch (error) {
      failed = () => {};
      await Promise.race([
        queue.close().catch(() => undefined),
        new Promise((resolve) => setTimeout(resolve, 1000).unref()),
      ]);
      throw new QueueError(`the queue at ${redacted(url)} cannot be used: ${scrub(wordsOf(error))}`);
    }
    failed = () => {};
    return new SweepQueue(bull, queue, scrub);
  }

  /** Puts jobs into the queue; those that are there stay as they are. */
  async submit(orders: readonly Order<Task>[]): Promise<void> {
    const step = 500;
    for (let at = 0; at < orders.length; at += step)
      await this.#queue.addBulk(
        orders.slice(at, at + step).map(({ id, ...order }) => ({
          name: order.sweep,
          data: order,
          opts: { ...jobSettings, jobId: idOf(order.sweep, id) },
        })),
      );
  }

  /** Jobs that wait, now or for another attempt, and that are worked on. */
  async counts(): Promise<{ waiting: number; active: number }> {
    const counts = await this.#queue.getJobCounts("wait", "prioritized", "delayed", "active");
    const { wait = 0, prioritized = 0, delayed = 0, active = 0 } = counts;
    return { waiting: wait + prioritized + delayed, active };
  }

  /** Takes the jobs of those ids that nobody works on out of the queue. */
  async remove(sweep: string, ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.#queue.remove(idOf(sweep, id)).catch(() => 0); // in somebody's hands
  }

  /** Does jobs until `close` of what this gives is called. What `does` throws brings the job back for another attempt. */
  work(
    does: (order: Omit<Order<Task>, "id">) => Promise<void>,
    { workers, onNotice }: WorkOptions,
  ): { close: () => Promise<void> } {
    let last = "";
    const worker: Worker = new this.#bull.Worker(
      queueName,
      async ({ data }: QueueJob) => {
        try {
          await does(data as Order<Task>);
        } catch (error) {
          throw new Error(this.#scrub(wordsOf(error))); // it is kept on the server
        }
      },
      { ...settings(), concurrency: workers, connection: this.#bull.connection },
    );
    worker.on("error", (error) => {
      const words = this.#scrub(wordsOf(error));
      if (words !== last) onNotice(`The queue: ${words}. Trying on.`); // once, not at every attempt to connect
      last = words;
    });
    worker.on("ready", () => (last = ""));
    return { close: () => worker.close() };
  }

  async close(): Promise<void> {
    await this.#queue.close();
  }
}

interface Bull {
  Queue: typeof Queue;
  Worker: typeof Worker;
  connection: { url: string };
}

/** BullMQ for the server of an address. It is an optional dependency, and so are the clients of the servers. */
async function bullFor(url: string): Promise<Bull> {
  const isPostgres = /^postgres(ql)?:/.test(url);
  const client = isPostgres ? "pg" : "ioredis";
  try {
    await import(client);
    const bull = await import("bullmq");
    if (!isPostgres) return { Queue: bull.Queue, Worker: bull.Worker, connection: { url } };
    const bound = bull.withBackend(bull.createPostgresBackend);
    return {
      Queue: bound.Queue,
      Worker: bound.Worker,
      connection: { connectionString: url, migrate: true }, // who comes first makes the tables
    } as unknown as Bull;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new QueueError(`a queue needs the packages bullmq and ${client}: npm install bullmq ${client}`, {
      cause,
    });
  }
}

/** BullMQ takes no colons in ids. */
const idOf = (sweep: string, id: string) => `${sweep}/${id}`.replaceAll(":", "-");

function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join("; "); // one for each address of a host
  return error instanceof Error
    ? error.message || String((error as NodeJS.ErrnoException).code ?? error.name)
    : String(error);
}
