import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { Argument, Command } from "commander";
import { columns } from "../device/columns.ts";
import { ArgumentError } from "../device/errors.ts";
import { makeNetwork } from "../reproduce/networks.ts";
import { makeFolder, writeFileAtomic } from "../runs/files.node.ts";
import { serveTasks } from "../sweep/child.ts";
import { taskOf } from "../sweep/here.ts";
import { settingsOf } from "../sweep/plan.ts";
import { sweepPage } from "../sweep/page.ts";
import { serveSweep } from "../sweep/serve.ts";
import type { RunStatus, Sweep } from "../sweep/store.ts";
import { makeRun } from "../sweep/task.ts";
import { ProgressDisplay } from "./progress.ts";
import { usage, usageOf } from "./settings.ts";
import { startSweep, type StartFlags } from "./sweep-start.ts";
import {
  commandFor,
  countsOf,
  countWords,
  idsOf,
  queueOption,
  setOption,
  shown,
  startsOption,
  storeOption,
  sweepFrom,
  sweepOf,
  withQueue,
  type AnyTask,
} from "./sweeps.ts";
import { interruptSignal, printJson, whole } from "./usage.ts";

export function sweepCommand(): Command {
  const command = new Command("sweep").description(
    "Make many runs: here, on machines that share a folder, or on any number of them over a queue.\n" +
      'FILE is JSON or YAML, such as {"runs": {"model": ["ae", "vrrae"], "steps": 60, "seed": [500, 501]}}.',
  );
  command
    .command("start")
    .summary("Start a sweep, or go on with it.")
    .description("Start a sweep, or go on with it: runs that are done are not done again.")
    .argument("[file]", "the sweep; without it, --set says all")
    .addOption(setOption())
    .addOption(storeOption())
    .option("--workers <count>", "processes at once (default one for each GPU, or one)", whole("--workers"))
    .addOption(queueOption())
    .option("--wait", "with --queue: wait until all runs are done, and put back what the queue lost")
    .option("--retry", "also begin again what was set aside")
    .addOption(startsOption())
    .option("--adapter <name>", "the adapter to use, by part of its name")
    .option("--json", "print how the runs ended as JSON")
    .option("--quiet", "show no progress")
    .action((file: string | undefined, flags: StartFlags) => startSweep(file, flags));
  inspect(command, "status", "Show how far a sweep is.", (sweep, flags) => status(sweep, flags));
  inspect(command, "results", "Show the runs that are done, the best first.", (sweep, flags) =>
    results(sweep, flags),
  );
  inspect(
    command,
    "cancel",
    "Stop a sweep on all machines; its runs keep their checkpoints.",
    async (sweep, flags) => {
      sweep.cancel();
      if (flags.queue !== undefined)
        await withQueue(flags.queue, (queue) => queue.remove(sweep.name, idsOf(sweep)));
      const left = sweep.status().filter(({ state }) => state !== "done" && state !== "failed").length;
      if (flags.json) return printJson({ name: sweep.name, left });
      process.stdout.write(
        `${sweep.name} is cancelled, with ${left} runs left. To go on: npx hestenes sweep start FILE\n`,
      );
    },
  ).addOption(queueOption());
  command
    .command("task")
    .summary("Make one run of a sweep.")
    .description("Make the run of that number, from 1 on, for schedulers that start one process for each.")
    .addArgument(new Argument("<number>", "which run of the sweep").argParser(whole("the number of the run")))
    .argument("<file>", "the sweep")
    .addOption(setOption())
    .addOption(storeOption())
    .addOption(startsOption())
    .option("--adapter <name>", "the adapter to use, by part of its name")
    .option("--json", "print how the run ended as JSON")
    .option("--quiet", "show no progress")
    .action(makeOne);
  inspect(
    command,
    "page",
    "Write a page of a sweep: its runs, their settings and their errors.",
    (sweep, { out, json }) => {
      const file = out ?? join(sweep.path, "sweep.html");
      usage(() => makeFolder(dirname(file)));
      writeFileAtomic(file, sweepPage(sweep));
      if (json) printJson({ page: file });
      else process.stdout.write(`Page: ${file}\n`);
    },
  ).option("--out <file>", "where to write it (default sweep.html in the sweep's folder)");
  inspect(
    command,
    "serve",
    "Show the page of a sweep to this machine, up to date, until Ctrl-C.",
    (sweep, { port, json }) => serve(sweep, port!, json ?? false),
  ).option("--port <port>", "where to listen (0: any that is free)", whole("--port", 0, 65535), 8018);
  command.addCommand(
    new Command("child").action(() =>
      serveTasks<AnyTask>(async (task, hooks) => ({
        end: await ("reproduce" in task ? makeNetwork(task, hooks) : makeRun(task, hooks)),
      })),
    ),
    { hidden: true },
  );
  return command;
}

interface InspectFlags {
  store: string;
  queue?: string;
  out?: string;
  port?: number;
  json?: boolean;
}

/** A command about a sweep that is named by its name, or by its file. */
function inspect(
  command: Command,
  name: string,
  description: string,
  act: (sweep: Sweep, flags: InspectFlags) => void | Promise<void>,
): Command {
  return command
    .command(name)
    .description(description)
    .argument("<sweep>", "its name, or its file")
    .addOption(storeOption())
    .option("--json", "print as JSON")
    .action((given: string, flags: InspectFlags) =>
      act(
        usage(() => sweepOf(flags.store, given)),
        flags,
      ),
    );
}

function status(sweep: Sweep, flags: InspectFlags): void {
  const all = sweep.status();
  if (flags.json)
    return printJson({
      name: sweep.name,
      cancelled: sweep.isCancelled,
      counts: countsOf(all),
      runs: all.map(shown),
    });
  const begun = all.filter(({ state }) => state !== "waiting" && state !== "done");
  const rows = begun.map(({ number, name, state, step, steps, testError, holder, failure }) => [
    ...[String(number), name, state, `${step}/${steps}`, percent(testError)],
    holder ? `process ${holder.pid} on ${holder.host}` : (failure?.reason ?? ""),
  ]);
  const table =
    rows.length === 0 ? [] : [columns([["", "run", "state", "step", "test error", ""], ...rows], 2)];
  process.stdout.write(
    [`${sweep.name}: ${countWords(all)}${sweep.isCancelled ? ", cancelled" : ""}`, ...table, ""].join("\n"),
  );
}

function results(sweep: Sweep, { json }: InspectFlags): void {
  const all = sweep.status();
  const done = all.filter(({ state }) => state === "done");
  const best = done.sort((a, b) => a.testError! - b.testError!);
  if (json) return printJson(best.map(shown));
  if (best.length > 0) process.stdout.write(resultWords(best));
  if (best.length === all.length) return;
  const none = best.length === 0 ? "No run is done yet. " : "";
  process.stderr.write(
    `${none}${sweep.name}: ${countWords(all)}; how far each is: ${commandFor("status", sweep)}\n`,
  );
}

const percent = (value: number | undefined) => (value === undefined ? "" : `${value.toFixed(2)} %`);

function resultWords(best: readonly RunStatus[]): string {
  const keys = settingsOf(best);
  const rows = best.map(({ number, varied, testError, result, name }) => [
    String(number),
    ...keys.map((key) => (varied[key] === undefined ? "" : JSON.stringify(varied[key]).replaceAll('"', ""))),
    ...[percent(testError), `${result!.seconds.toFixed(1)} s`, name],
  ]);
  return columns([["", ...keys, "test error", "time", "run"], ...rows], 1) + "\n";
}

async function serve({ store, name }: Sweep, port: number, json: boolean): Promise<void> {
  const server = await usageOf(serveSweep(store, name, port));
  const { signal, release } = interruptSignal(() => server.closeAllConnections());
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  if (json) printJson({ address });
  else process.stdout.write(`${name} is at ${address} until Ctrl-C.\n`);
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
  server.close();
  release();
}

interface TaskFlags {
  set: Record<string, unknown>;
  store: string;
  starts: number;
  adapter?: string;
  json?: boolean;
  quiet?: boolean;
}

/** `hestenes sweep task N FILE`: one run, in this process. */
async function makeOne(number: number, file: string, flags: TaskFlags): Promise<void> {
  const sweep = sweepFrom(file, flags);
  const run = usage(() => {
    const found = sweep.runs[number - 1];
    if (!found)
      throw new ArgumentError(`${sweep.name} has ${sweep.runs.length} runs; there is no run ${number}`);
    return found;
  });
  const display = new ProgressDisplay(flags.quiet ?? false);
  const { signal, release } = interruptSignal(() =>
    display.notice("Stopping after this step, with a checkpoint."),
  );
  try {
    const end = await makeRun(taskOf(sweep, { run }, flags.starts, flags.adapter), {
      signal,
      onNotice: (text) => display.notice(text),
      onProgress: (progress) => display.update(progress),
    });
    const status = sweep.status()[number - 1]!;
    if (flags.json) printJson(shown(status));
    else
      process.stdout.write(
        `${run.name}: ${end}${status.failure ? `, ${status.failure.reason}` : ""}${end === "done" ? `, test error ${percent(status.testError)}` : ""}\n`,
      );
    if (end !== "done") process.exitCode = end === "failed" ? 1 : 130;
  } finally {
    release();
  }
}
