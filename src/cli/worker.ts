import { join } from "node:path";
import { Command } from "commander";
import { setTimeout as sleep } from "node:timers/promises";
import { counted } from "../reproduce/words.ts";
import { Pool } from "../sweep/pool.ts";
import { Scheduler } from "../sweep/scheduler.ts";
import { isCancelled, Sweep } from "../sweep/store.ts";
import type { Task } from "../sweep/task.ts";
import { redacted } from "../sweep/address.ts";
import { adaptersHere, submit } from "./sweep-start.ts";
import { queueOption, storeOption, withQueue, type AnyTask } from "./sweeps.ts";
import { interruptSignal, UsageError, whole } from "./usage.ts";

interface Flags {
  queue?: string;
  store: string;
  workers?: number;
  adapter?: string;
  idle?: number;
}

/** Seconds between two looks at whether a sweep was cancelled, or the queue is empty. */
const pause = 1;

export function workerCommand(): Command {
  return new Command("worker")
    .description(
      "Work on the runs in a queue, on this machine, until Ctrl-C or SIGTERM: runs at work get a checkpoint then.",
    )
    .addOption(queueOption())
    .addOption(storeOption())
    .option("--workers <count>", "processes at once (default one for each GPU, or one)", whole("--workers"))
    .option("--adapter <name>", "the adapter to use, by part of its name")
    .option("--idle <seconds>", "end when the queue was empty for so long", whole("--idle", 1))
    .action(work);
}

async function work({ queue: address, store, workers, adapter, idle }: Flags): Promise<void> {
  if (address === undefined) throw new UsageError("--queue says where the queue is, or HESTENES_QUEUE");
  const adapters = adapter === undefined ? await adaptersHere() : [adapter];
  const pool = new Pool<AnyTask>({ workers: workers ?? adapters.length, command: ["sweep", "child"] });
  const say = (text: string) => process.stderr.write(`${text}\n`);
  const { signal, release } = interruptSignal(() => {
    say("Stopping: runs at work get a checkpoint, and go back to the queue.");
    process.once("exit", () => pool.kill());
  });
  let turn = 0;
  let active = 0;
  /** Has a child do a task; throws where that was stopped, and is to be gone on with. */
  const does = async (task: AnyTask, where: string, isOver: () => boolean): Promise<void> => {
    const end = new AbortController();
    const stop = () => end.abort();
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    const watch = setInterval(() => isOver() && stop(), 1000 * pause);
    try {
      const folder = "folder" in task ? { folder: task.folder } : {};
      const { end: ended } = await pool.run(task, { signal: end.signal, onNotice: say, ...folder });
      say(`${where}: ${ended}`);
      if (ended === "stopped" && !isOver()) throw new Error("stopped here, with a checkpoint");
    } finally {
      clearInterval(watch);
      signal.removeEventListener("abort", stop);
    }
  };
  try {
    await withQueue(address, async (queue) => {
      const { close } = queue.work(
        async ({ sweep: name, task: given }) => {
          const own = adapters[turn++ % adapters.length];
          const where = "reproduce" in given ? `${name}, ${given.label}, seed ${given.seed}` : given.folder;
          active++;
          try {
            if ("reproduce" in given) {
              const settings = { ...given.settings, ...(own === undefined ? {} : { adapter: own }) };
              await does({ ...given, settings, out: join(store, given.out) }, where, () => false);
              return;
            }
            if (isCancelled(store, name)) return;
            const task: Task = {
              ...{ ...given, folder: join(store, given.folder) },
              ...(own === undefined ? {} : { adapter: own }),
            };
            await does(task, where, () => isCancelled(store, name));
            if (!task.isCompared) return;
            const sweep = Sweep.open(store, name);
            await submit(queue, sweep, task.mostStarts, new Scheduler(sweep).jobs());
          } catch (error) {
            if (!signal.aborted) say(`${where}: ${error instanceof Error ? error.message : String(error)}`);
            throw error;
          } finally {
            active--;
          }
        },
        { workers: pool.workers, onNotice: say },
      );
      say(`Working for ${redacted(address)} on ${counted(pool.workers, "run")} at a time, in ${store}.`);
      let quiet = 0;
      while (!signal.aborted && !(idle !== undefined && quiet >= idle)) {
        await sleep(1000 * pause, undefined, { signal }).catch(() => undefined);
        if (idle === undefined) continue;
        const counts = await queue.counts().catch(() => ({ waiting: 1, active: 1 })); // its server is away: not empty
        quiet = active + counts.waiting + counts.active > 0 ? 0 : quiet + pause;
      }
      await close();
    });
  } finally {
    await pool.close();
    release();
  }
}
