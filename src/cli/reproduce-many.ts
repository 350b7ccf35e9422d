import { relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BusyError } from "../device/errors.ts";
import { networksLeft, type NetworkTask } from "../reproduce/networks.ts";
import { counted } from "../reproduce/words.ts";
import { Pool } from "../sweep/pool.ts";
import type { SweepQueue } from "../sweep/queue.ts";
import type { ProgressDisplay } from "./progress.ts";
import { withQueue, type AnyTask } from "./sweeps.ts";

export interface ManyOptions {
  /** Child processes, where there is no queue. */
  workers: number;
  queue: string | undefined;
  store: string;
  signal: AbortSignal;
  display: Pick<ProgressDisplay, "say" | "notice">;
}

type Work = Omit<NetworkTask, "label" | "seed">;

/** Deaths of the processes that make one network, after which something is wrong with it. */
const mostDeaths = 5;
/** Seconds between two looks at what others make; and after which the queue is given again what is not there. */
const pause = 2;
const again = 30;

/** Has all networks of an experiment made that are not there yet, in child processes or by those who work on a queue. */
export async function makeNetworks(work: Work, options: ManyOptions): Promise<void> {
  const left = networksLeft(work);
  if (left.length === 0) return;
  if (options.queue === undefined) return inChildren(left, options);
  await withQueue(options.queue, (queue) => byOthers(queue, work, options));
}

async function inChildren(
  left: readonly NetworkTask[],
  { workers, signal, display }: ManyOptions,
): Promise<void> {
  const pool = new Pool<AnyTask>({ workers: Math.min(workers, left.length), command: ["sweep", "child"] });
  const tasks = left.values();
  let done = 0;
  const end = new AbortController();
  const stop = () => end.abort();
  signal.addEventListener("abort", stop);
  process.once("exit", () => pool.kill());
  const one = async () => {
    for (const task of tasks) {
      if (end.signal.aborted) return;
      const onNotice = (text: string) => display.notice(text);
      const made = await pool
        .run(task, { signal: end.signal, mostDeaths, onNotice })
        .catch((error: unknown) => {
          if (error instanceof BusyError) return undefined; // another process makes it
          stop();
          throw error;
        });
      if (made?.end === "done") display.say(`${++done}/${left.length} ${task.label}, seed ${task.seed}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: pool.workers }, one));
  } finally {
    signal.removeEventListener("abort", stop);
    await pool.close();
  }
}

async function byOthers(
  queue: SweepQueue<AnyTask>,
  work: Work,
  { store, signal, display }: ManyOptions,
): Promise<void> {
  const name = relative(store, work.out);
  let before = Infinity;
  for (let time = 0; !signal.aborted; time += pause) {
    const left = networksLeft(work);
    if (left.length === 0) return;
    if (left.length < before)
      display.say(`Those who work on the queue have ${counted(left.length, "network")} to make.`);
    before = left.length;
    if (time % again < pause)
      await queue
        .submit(
          left.map((task) => ({
            sweep: name,
            id: `${task.label}-${task.seed}`,
            task: { ...task, out: name },
          })),
        )
        .catch(() => undefined); // its server may be away
    await sleep(1000 * pause, undefined, { signal }).catch(() => undefined);
  }
}
