import { existsSync } from "node:fs";
import { Option } from "commander";
import { ArgumentError } from "../device/errors.ts";
import type { NetworkTask } from "../reproduce/networks.ts";
import { queueAddress } from "../sweep/address.ts";
import { readSweepFile, settingOf } from "../sweep/file.ts";
import { SweepQueue } from "../sweep/queue.ts";
import { defaultStore, states, Sweep, type RunStatus, type State } from "../sweep/store.ts";
import { mostStarts, type Task } from "../sweep/task.ts";
import { counted } from "../reproduce/words.ts";
import { usage } from "./settings.ts";
import { whole } from "./usage.ts";

// What several commands about sweeps share.

/** What children and workers do: runs of sweeps, and networks of experiments. */
export type AnyTask = Task | NetworkTask;

export const storeOption = () =>
  new Option("--store <folder>", "where sweeps lie, on all machines the same files").default(defaultStore);
export const queueOption = () =>
  new Option(
    "--queue <address>",
    "redis://… or postgres://…; by HESTENES_QUEUE it is in no list of processes",
  ).env("HESTENES_QUEUE");
export const startsOption = () =>
  new Option(
    "--starts <count>",
    "how often a run may be begun without getting anywhere before it is set aside",
  )
    .argParser(whole("--starts"))
    .default(mostStarts);
export const setOption = () =>
  new Option("--set <setting=value,…>", "a setting of all runs, with one value or several; may be repeated")
    .argParser((word, before: Record<string, unknown>) => {
      const [name, value] = usage(() => settingOf(word));
      return { ...before, [name]: value };
    })
    .default({}, "none");

/** The sweep in the store that is meant by a name, or by the file that it was started from. */
export function sweepOf(store: string, given: string): Sweep {
  return Sweep.open(
    store,
    existsSync(given) && /\.(json|ya?ml)$/i.test(given) ? readSweepFile(given).name : given,
  );
}

/** The sweep of a file and of settings, put into the store. */
export function sweepFrom(
  file: string | undefined,
  flags: { set: Record<string, unknown>; store: string },
): Sweep {
  return usage(() => {
    if (file === undefined && Object.keys(flags.set).length === 0)
      throw new ArgumentError("which sweep? Give a file, or settings with --set");
    return Sweep.create(flags.store, readSweepFile(file, flags.set));
  });
}

/** A command about a sweep, as a person types it. */
export function commandFor(command: string, { name, store }: Sweep): string {
  return `npx hestenes sweep ${command} ${name}${store === defaultStore ? "" : ` --store ${store}`}`;
}

export const idsOf = (sweep: Sweep) => sweep.runs.map(({ name }) => name);

/** Does something with the queue of an address. */
export async function withQueue<T>(
  address: string,
  body: (queue: SweepQueue<AnyTask>) => Promise<T>,
): Promise<T> {
  usage(() => queueAddress(address));
  const queue = await SweepQueue.open<AnyTask>(address);
  try {
    return await body(queue);
  } finally {
    await queue.close();
  }
}

/** How many runs are how far. */
export function countsOf(all: readonly RunStatus[]): Record<State, number> {
  const count = (state: State) => all.filter((run) => run.state === state).length;
  return Object.fromEntries(states.map((state) => [state, count(state)])) as Record<State, number>;
}

export function countWords(all: readonly RunStatus[]): string {
  const counts = Object.entries(countsOf(all)).filter(([, count]) => count > 0);
  return `${counted(all.length, "run")}: ${counts.map(([state, count]) => `${count} ${state}`).join(", ")}`;
}

/** What JSON shows of a run. */
export function shown({ config, ...run }: RunStatus): object {
  return { ...run, model: config.model, data: config.data, seed: config.seed };
}
