import { BusyError } from "../device/errors.ts";
import type { SessionHooks } from "../runs/session.node.ts";
import type { FromChild, Progress, ToChild } from "./messages.ts";
import type { TaskEnd } from "./task.ts";

/** Does one task; `hooks` tell how far it is and when to stop. What it gives besides its end is told to the parent. */
export type Doing<Task> = (task: Task, hooks: SessionHooks) => Promise<{ end: TaskEnd; result?: unknown }>;

/** Seconds that a child whose parent is gone has for a checkpoint. */
const grace = 60;

/**
 * Does tasks that come over the channel to the parent process, one after the other, until the channel closes. A child ends by
 * itself, with a checkpoint, when its parent is gone; Ctrl-C is the parent's to hear.
 */
export async function serveTasks<Task>(does: Doing<Task>): Promise<void> {
  let stop = new AbortController();
  let isBusy = false;
  let isOver = false;
  const say = (message: FromChild) => void (process.connected && process.send!(message));
  const tasks: Task[] = [];
  let wake = () => {};
  process.on("message", (message: ToChild<Task>) => {
    if (message.kind === "stop") return stop.abort();
    tasks.push(message.task);
    wake();
  });
  const end = () => {
    isOver = true;
    stop.abort();
    wake();
    if (isBusy) setTimeout(() => process.exit(1), 1000 * grace).unref();
  };
  process.on("disconnect", end);
  process.on("SIGTERM", end);
  process.on("SIGINT", () => {});
  say({ kind: "ready" });
  for (;;) {
    const task = tasks.shift();
    if (task !== undefined && !isOver) {
      isBusy = true;
      say(await outcomeOf(task, does, stop.signal, say));
      isBusy = false;
      stop = new AbortController();
    } else if (isOver) return;
    else await new Promise<void>((resolve) => (wake = resolve));
  }
}

async function outcomeOf<Task>(
  task: Task,
  does: Doing<Task>,
  signal: AbortSignal,
  say: (message: FromChild) => void,
): Promise<FromChild> {
  let testError: number | undefined;
  const onProgress: SessionHooks["onProgress"] = ({ line, steps, stepsPerSecond }) => {
    testError = line.testError ?? testError;
    const progress: Progress = { step: line.step, steps, loss: line.loss, testError, stepsPerSecond };
    say({ kind: "progress", progress });
  };
  try {
    const hooks = { signal, onProgress, onNotice: (text: string) => say({ kind: "notice", text }) };
    return { kind: "end", ...(await does(task, hooks)) };
  } catch (error) {
    if (error instanceof BusyError) return { kind: "busy", message: error.message };
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    return { kind: "error", message: error instanceof Error ? error.message : String(error) };
  }
}
