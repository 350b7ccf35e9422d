import { join } from "node:path";
import { columns } from "../device/columns.ts";
import { openDevice } from "../device/device.ts";
import { version } from "../device/version.node.ts";
import type { Scale } from "../reproduce/experiment.ts";
import { measureTimes, overheadOf, timedCases, type TimedCase, type Times } from "../reproduce/time.ts";
import { writeMarkdown } from "../reproduce/markdown.ts";
import {
  timeCaution,
  timeHead,
  timeMarkdown,
  timeNotes,
  timePage,
  timeWords,
} from "../reproduce/time-page.ts";
import { writeFileAtomic } from "../runs/files.node.ts";
import { ProgressDisplay } from "./progress.ts";
import { usage } from "./settings.ts";
import { interruptSignal, printJson } from "./usage.ts";

export interface TimeFlags {
  scale: Scale;
  /** Steps that are measured of each model. */
  steps?: number;
  out?: string;
  adapter?: string;
  markdown?: string;
  json?: boolean;
  quiet?: boolean;
}

/** `hestenes reproduce time`: measures, prints a table or JSON, and writes `results.json` and `results.html`. */
export async function reproduceTime(flags: TimeFlags): Promise<void> {
  const { scale, steps, out, adapter, markdown, json, quiet } = flags;
  const folder = out ?? `reproductions/time-${scale}`;
  const cases = timedCases(scale);
  const display = new ProgressDisplay(quiet ?? false);
  const { signal, release } = interruptSignal(() => display.notice("Stopping after this round."));
  const device = await openDevice({ adapter });
  try {
    const all = await measureTimes(device, cases, {
      ...{ rounds: steps ?? (scale === "paper" ? 31 : 11), out: folder, signal },
      onNotice: (text) => display.say(text),
    });
    const results = resultsOf(cases, all, { scale, adapter: device.info.name });
    writeFileAtomic(join(folder, "results.json"), JSON.stringify(results, null, 2) + "\n");
    const made = { adapter: device.info.name, version };
    writeFileAtomic(join(folder, "results.html"), timePage(cases, all, made));
    if (markdown !== undefined)
      usage(() => writeMarkdown(markdown, { ...timeMarkdown(cases, all, made), command: commandOf(flags) }));
    const { title, facts } = timeHead(all, device.info.name);
    if (json) printJson(results);
    else
      process.stdout.write(
        [
          title,
          `${facts.join(", ")}\n`,
          columns(timeWords(cases, all), 1),
          "",
          ...notesOf(all),
          `\nPage: ${join(folder, "results.html")}`,
          ...(markdown === undefined ? [] : [`Markdown: ${markdown}`]),
          "",
        ].join("\n"),
      );
    if (all.length < cases.length) process.exitCode = 130;
  } finally {
    device.close();
    release();
  }
}

function resultsOf(cases: readonly TimedCase[], all: readonly Times[], more: object): object {
  const rows = all.map((times) => ({
    ...cases.find(({ name }) => name === times.name),
    ...times,
    ...{ vaeSeconds: times.vae, vrraeSeconds: times.vrrae },
    ...overheadOf(times),
  }));
  return { name: "time", ...more, version, complete: all.length === cases.length, rows, notes: notesOf(all) };
}

function commandOf({ scale, steps }: TimeFlags): string {
  return [
    "npx hestenes reproduce time",
    ...(scale === "quick" ? [] : [`--scale ${scale}`]),
    ...(steps === undefined ? [] : [`--steps ${steps}`]),
  ].join(" ");
}

function notesOf(all: readonly Times[]): string[] {
  const warning = timeCaution(all);
  return warning === undefined ? timeNotes : [warning, ...timeNotes];
}
