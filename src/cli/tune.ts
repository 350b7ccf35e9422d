import { availableParallelism, loadavg } from "node:os";
import cliProgress from "cli-progress";
import type { Device } from "../device/device.ts";
import { readTuning, saveTuning } from "../device/tuning.node.ts";
import { classOf } from "../ops/lib/choice.ts";
import { judge, steps, trials, type Verdict } from "../ops/lib/tune.ts";
import { columns } from "../device/columns.ts";
import { interruptSignal, UsageError } from "./usage.ts";

/** What `hestenes devices --tune` found. */
export interface Tuned {
  adapter: string;
  driver: string;
  /** Where the choices are kept. */
  file: string;
  seconds: number;
  /** Whether other programs used the processors at the same time. */
  isBusy: boolean;
  shapes: Verdict[];
}

/** Times the kernels of each class of shapes whose name contains `only`, and keeps which are fastest. */
export async function tune(device: Device, only = ""): Promise<Tuned> {
  const { info } = device;
  const all = trials(device);
  const wanted = all.filter((trial) => classOf(trial).includes(only));
  if (wanted.length === 0 && all.length > 0)
    throw new UsageError(`--shapes ${only}: no class is called so; one is called "${classOf(all[0]!)}"`);
  const isBusy = loadavg()[0]! > 0.75 * availableParallelism();
  const start = performance.now();
  const bar = new cliProgress.SingleBar({
    stream: process.stderr,
    format: "{bar} {value}/{total}  {status}",
    barsize: 24,
    barCompleteChar: "█",
    barIncompleteChar: "░",
  });
  const { release } = interruptSignal(() => {
    bar.stop(); // leaves the terminal as it was
    process.stderr.write("Stopped: nothing was changed.\n");
    process.exit(130);
  });
  bar.start(steps(wanted), 0, { status: info.name }); // shows nothing where there is no terminal
  const shapes = await judge(device, wanted, (trial) => bar.increment({ status: classOf(trial) })).finally(
    () => {
      bar.stop();
      release();
    },
  );
  const kept = only === "" ? [] : (readTuning(info, () => undefined)?.choices ?? []);
  const file = saveTuning(info, new Map([...kept, ...shapes.map(choice)]));
  const seconds = Math.round((performance.now() - start) / 100) / 10;
  return { adapter: info.name, driver: info.driver, file, seconds, isBusy, shapes };
}

const choice = ({ name, chosen }: Verdict) => [name, chosen] as const;

/** The result as a table, a class of shapes a line, and where it is kept. */
export function formatTuned({ adapter, file, seconds, shapes, isBusy }: Tuned): string {
  if (shapes.length === 0)
    return `${adapter} has one kernel for each class of shapes: there is nothing to choose.\n`;
  const tiles = [...new Set(shapes.flatMap(({ gflops }) => Object.keys(gflops)))] as Verdict["chosen"][];
  const head = ["kernel, rows × columns", "chosen", "instead of", "gain", ...tiles];
  const lines = shapes.map(({ name, chosen, shipped, gain, gflops }) => [
    ...[name, chosen, ...(chosen === shipped ? ["", ""] : [shipped, `${gain.toFixed(2)}×`])],
    ...tiles.map((tile) => gflops[tile]?.toFixed(1) ?? ""),
  ]);
  const better = shapes.filter(({ chosen, shipped }) => chosen !== shipped).length;
  return [
    `${adapter}: GFLOP/s of each kernel`,
    columns([head, ...lines], 3),
    `${better} of ${shapes.length} get another kernel than the shipped one (measured in ${seconds} s).`,
    `Used on this adapter until its driver or hestenes changes, or you delete ${file}`,
    ...(isBusy ? ["Something else kept the processor busy: tune again when the machine is quiet."] : []),
  ]
    .map((line) => line + "\n")
    .join("");
}
