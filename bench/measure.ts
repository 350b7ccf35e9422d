import { complaint } from "./check.ts";
import type { Engine, Inputs, Prepared } from "./engine.ts";
import { median, type Failure, type Row } from "./results.ts";
import type { Task } from "./tasks.ts";

/** How long an engine is measured: for `budget` ms or `most` runs, and 5 runs at least unless one takes seconds. */
export interface Effort {
  budget: number;
  most: number;
}

/** Milliseconds that an engine may take for its first 5 runs; a slower one is run less often, but once at least. */
const PATIENCE = 6_000;

/** Where preparing and checking took longer than so many milliseconds, the engine is warm enough. */
const WARM = 5_000;

export interface Measured {
  rows: Row[];
  failed: Failure[];
}

interface Contender {
  engine: Engine;
  prepared: Prepared;
  times: number[];
  /** Milliseconds of the warm-up run, or of what came in its place. */
  first: number;
}

/**
 * Measures one task on all engines. Each is prepared, checked and warmed up first; then rounds go
 * through the engines, from another first engine each time, so that they share the machine's good
 * and bad moments. hestenes comes first in `engines`: the others' answers are compared with its.
 */
export async function measure(
  engines: readonly Engine[],
  task: Task,
  inputs: Inputs,
  effort: Effort,
  say: (message: string) => void,
): Promise<Measured> {
  const failed: Failure[] = [];
  const contenders: Contender[] = [];
  let reference: readonly Float32Array[] | undefined;
  try {
    for (const engine of engines) {
      if (engine.takes && !engine.takes(task)) continue;
      say(`${engine.name} prepares`);
      let prepared: Prepared | undefined;
      const start = performance.now();
      try {
        prepared = await engine.prepare(task, inputs);
        const answer = await prepared.answer();
        const wrong = complaint(task, inputs, answer, reference ?? answer);
        if (wrong !== undefined) throw new Error(`wrong answer: ${wrong}`);
        reference ??= answer;
        const spent = performance.now() - start;
        contenders.push({
          engine,
          prepared,
          times: [],
          first: spent > WARM ? spent : await timeOf(prepared),
        });
      } catch (error) {
        prepared?.dispose();
        failed.push({ engine: engine.name, case: task.name, op: task.op, reason: reasonOf(error) });
      }
    }
    await runRounds(contenders, effort, say);
  } finally {
    for (const { prepared } of contenders) prepared.dispose();
  }
  return { rows: contenders.map((contender) => rowOf(contender, task)), failed };
}

async function runRounds(contenders: Contender[], effort: Effort, say: (message: string) => void) {
  let open = contenders;
  for (let round = 1; open.length > 0; round++) {
    say(`round ${round}`);
    for (let i = 0; i < open.length; i++) {
      const { prepared, times } = open[(i + round) % open.length]!;
      times.push(await timeOf(prepared));
    }
    open = open.filter((contender) => !isDone(contender, effort));
  }
}

function isDone({ times, first }: Contender, { budget, most }: Effort): boolean {
  const least = Math.min(5, Math.max(1, Math.floor(PATIENCE / first)));
  const spent = times.reduce((sum, time) => sum + time, 0);
  return times.length >= most || (times.length >= least && spent >= budget);
}

async function timeOf(prepared: Prepared): Promise<number> {
  const start = performance.now();
  await prepared.run();
  return performance.now() - start;
}

function rowOf({ engine, times }: Contender, task: Task): Row {
  const ms = median(times);
  const row: Row = {
    engine: engine.name,
    case: task.name,
    op: task.op,
    ms,
    min: Math.min(...times),
    n: times.length,
  };
  return task.flops === undefined ? row : { ...row, gflops: task.flops / ms / 1e6 };
}

function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0]!.slice(0, 200);
}
