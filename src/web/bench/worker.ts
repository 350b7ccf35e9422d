import type { Engine } from "../../../bench/engine.ts";
import { HestenesEngine } from "../../../bench/hestenes.ts";
import { inputsOf } from "../../../bench/inputs.ts";
import { measure } from "../../../bench/measure.ts";
import { tasks } from "../../../bench/tasks.ts";
import { openDevice, type Device } from "../../device/device.ts";
import { serve, tell } from "../shared/rpc.ts";
import type { BenchApi, BenchEvent, Choice, Peer } from "./protocol.ts";

const mostRuns = 60;

let device: Device | undefined;
let stopped = false;
const engines = new Map<string, Promise<Engine>>();
const say = (event: BenchEvent) => tell(event);

async function open(): Promise<Device> {
  return (device ??= await openDevice());
}

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
  const own = new HestenesEngine(await open());
  const others: Engine[] = [];
  for (const name of peers) {
    say({ kind: "doing", what: `loading ${name}`, done: 0, of: 1 });
    try {
      others.push(await engine(name));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      say({ kind: "measured", rows: [], failed: [{ engine: name, case: "all", op: "open", reason }] });
    }
  }
  const chosen = tasks({ heavy, only }).filter(({ kind }) => groups.includes(kind));
  for (const [done, task] of chosen.entries()) {
    if (stopped) return;
    const label = `${task.name} ${task.op}`;
    const tellDoing = (what: string) =>
      say({ kind: "doing", what: `${label}: ${what}`, done, of: chosen.length });
    tellDoing("prepares");
    const { rows, failed } = await measure(
      [own, ...others],
      task,
      inputsOf(task),
      { budget, most: mostRuns },
      tellDoing,
    );
    say({ kind: "measured", rows, failed });
  }
}

serve<BenchApi>({
  open: async () => (await open()).info,
  run,
  stop: () => {
    stopped = true;
    return Promise.resolve();
  },
});
