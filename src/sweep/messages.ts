import type { TaskEnd } from "./task.ts";

/** What a child tells while it works on a task. */
export interface Progress {
  step: number;
  steps: number;
  loss: number;
  testError: number | undefined;
  stepsPerSecond: number | undefined;
}

/** What a child says to its parent. */
export type FromChild =
  | { kind: "ready" }
  | { kind: "progress"; progress: Progress }
  | { kind: "notice"; text: string }
  | { kind: "end"; end: TaskEnd; result?: unknown }
  /** Another process has the run: another time, or never. */
  | { kind: "busy"; message: string }
  /** It could not be done, and may be done another time. */
  | { kind: "error"; message: string };

/** What a parent says to a child: a task, or to end the one at hand with a checkpoint. */
export type ToChild<Task> = { kind: "task"; task: Task } | { kind: "stop" };
