import type { Engine } from "../../../bench/engine.ts";
import { HestenesEngine } from "../../../bench/hestenes.ts";
import { inputsOf } from "../../../bench/inputs.ts";
import { measure, type Measured } from "../../../bench/measure.ts";
import { tasks, type Task } from "../../../bench/tasks.ts";
import { openDevice, type Device } from "../../device/device.ts";
import { reasonOf } from "../shared/loss.ts";
import { serve, tell } from "../shared/rpc.ts";
import type { BenchApi, BenchEvent, Choice, Peer } from "./protocol.ts";

const mostRuns = 60;

let device: Device | undefined;
let lost: string | undefined;
let stopped = false;
const engines = new Map<string, Promise<Engine>>();
const say = (event: BenchEvent) => tell(event);

async function open(): Promise<Device> {
  if (device) return device;
  const opened = (device = await openDevice());
  lost = undefined;
  void opened.gpu.lost.then((info) => {
    device = undefined;
    lost = reasonOf(info);
  });
  return opened;
}

const isLost = () => lost !== undefined;

/** Loads a peer when it is first asked for: the page stays small without. */
const peers: Record<Peer, () => Promise<Engine>> = {
  "tfjs-webgpu": async () => (await import("../../../bench/peers/tfjs.ts")).openTfjs(),
  "jax-js": async () => (await import("../../../bench/peers/jax.ts")).openJax(),
};

function engine(name: Peer): Promise<Engine> {
  let opened = engines.get(name);
  if (!opened) {
    opened = peers[name]();
    engines.set(name, opened);
    opened.catch(() => engines.delete(name));
  }
  return opened;
}

async function run({ groups, peers, heavy, budget, only }: Choice): Promise<void> {
  stopped = false;
  const others: Engine[] = [];
  for (const name of peers) {
    say({ kind: "doing", what: `loading ${name}`, done: 0, of: 1 });
    try {
      others.push(await engine(name));
    } catch (error) {
      say({
        kind: "measured",
        rows: [],
        failed: [{ engine: name, case: "all", op: "open", reason: messageOf(error) }],
      });
    }
  }
  const chosen = tasks({ heavy, only }).filter(({ kind }) => groups.includes(kind));
  for (const [done, task] of chosen.entries()) {
    if (stopped) return;
    const what = `${task.name} ${task.op}`;
    const sayDoing = (doing: string) =>
      say({ kind: "doing", what: `${what}: ${doing}`, done, of: chosen.length });
    sayDoing("prepares");
    const attempt = async () =>
      measure(
        [new HestenesEngine(await open()), ...others],
        task,
        inputsOf(task),
        { budget, most: mostRuns },
        sayDoing,
      );
    const tried = () => attempt().catch((error: unknown) => failure(task, messageOf(error)));
    let measured = await tried();
    if (lost !== undefined) {
      say({ kind: "lost", reason: lost, what });
      measured = await tried();
      if (isLost()) measured = failure(task, "its GPU was lost twice");
    }
    say({ kind: "measured", ...measured });
  }
}

/** What is told of a task that no engine came to the end of. */
function failure({ name, op }: Task, reason: string): Measured {
  return { rows: [], failed: [{ engine: "hestenes", case: name, op, reason }] };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

serve<BenchApi>({
  open: async () => (await open()).info,
  run,
  stop: () => {
    stopped = true;
    return Promise.resolve();
  },
});
