import cliProgress from "cli-progress";
import { Argument, Command } from "commander";
import type { Dataset } from "../data/dataset.ts";
import { leftOutInWords } from "../data/left-out.ts";
import { datasetNames, downloadNames, type DatasetName, type DownloadName } from "../data/known.ts";
import { loadDataset, setsOf, type LoadOptions } from "../data/load.node.ts";
import { download } from "../data/download.node.ts";
import { completeConfig } from "../train/config.ts";
import { emptyCache, listCache, pictureCache } from "../data/picture-cache.node.ts";
import { columns } from "../device/columns.ts";
import { makeFolder } from "../runs/files.node.ts";
import { ProgressDisplay } from "./progress.ts";
import { refusePath, requirePath, usage, usageOf } from "./settings.ts";
import { dataFlags, flagOf } from "./settingFlags.ts";
import { interruptSignal, printJson, UsageError } from "./usage.ts";

export function dataCommand(): Command {
  const command = new Command("data").description("Download data sets, and look at those you have.");
  command
    .command("download")
    .description(
      "Download a data set from its official address; an interrupted download goes on where it was.",
    )
    .addArgument(new Argument("<name>", "which data set").choices(downloadNames))
    .option("--into <folder>", "where to put it (default data/NAME)")
    .option("--from <address>", "a mirror to use instead of the official address")
    .option("--json", "print the files as JSON")
    .action((name: DownloadName, flags: { into?: string; from?: string; json?: boolean }) =>
      fetchData(name, flags),
    );
  const info = command
    .command("info")
    .description("Show what a data set holds.")
    .addArgument(new Argument("<name>", "which data set").choices(datasetNames))
    .option("--path <folder>", "where its files are")
    .option("--json", "print as JSON")
    .action((name: DatasetName, flags: InfoFlags) => showData(name, flags));
  for (const flag of dataFlags()) info.addOption(flag);
  command
    .command("cache")
    .description(
      "Show the decoded pictures that are kept for later starts, in the folder that HESTENES_CACHE names,\n" +
        "or else the user's cache folder. A folder that machines share serves them all; HESTENES_CACHE=off keeps none.",
    )
    .option("--empty", "remove them")
    .option("--json", "print as JSON")
    .action((flags: { empty?: boolean; json?: boolean }) => showCache(flags));
  return command;
}

async function fetchData(
  name: DownloadName,
  flags: { into?: string; from?: string; json?: boolean },
): Promise<void> {
  const into = flags.into ?? `data/${name}`;
  usage(() => makeFolder(into));
  const bar = process.stderr.isTTY
    ? new cliProgress.MultiBar({
        stream: process.stderr,
        format: "{file} {bar} {percentage} %  {megabytes} MB",
      })
    : undefined;
  const bars = new Map<string, cliProgress.SingleBar>();
  const { signal, release } = interruptSignal(() =>
    process.stderr.write("\nStopping; what was received is kept.\n"),
  );
  try {
    const files = await download(name, {
      into,
      baseUrl: flags.from,
      signal,
      onProgress: ({ file, received, total }) => {
        const megabytes = (received / 1e6).toFixed(1);
        if (!bar) {
          if (received === total) process.stderr.write(`${file}  ${megabytes} MB\n`);
          return;
        }
        const single = bars.get(file) ?? bar.create(total, 0, { file, megabytes });
        bars.set(file, single);
        single.update(received, { megabytes });
      },
    });
    bar?.stop();
    if (flags.json) printJson(files);
    else
      process.stdout.write(
        `${name} is in ${into}. To train on it: npx hestenes train --data ${name} --path ${into}\n`,
      );
  } catch (error) {
    if (!signal.aborted) throw error;
    process.exitCode = 130;
  } finally {
    bar?.stop();
    release();
  }
}

interface InfoFlags extends Pick<LoadOptions, "path" | "divideBy" | "layout"> {
  size?: number;
  json?: boolean;
}

async function showData(name: DatasetName, { json, ...options }: InfoFlags): Promise<void> {
  requirePath(name, options.path);
  refusePath(name, options.path);
  usage(() => completeConfig({ data: name, ...options }, "quick", optionFlag));
  const display = new ProgressDisplay(false);
  const { signal, release } = interruptSignal(() => undefined);
  let loaded;
  try {
    loaded = await usageOf(
      loadDataset(name, {
        ...options,
        signal,
        onProgress: (progress) => display.reading(progress),
        onNotice: (notice) => display.notice(notice),
      }),
    );
  } catch (error) {
    if (error !== signal.reason) throw error;
    display.notice("Stopped; the pictures that were decoded are kept.");
    process.exitCode = 130;
    return;
  } finally {
    display.stop();
    release();
  }
  const sets = Object.entries<Dataset>({ ...loaded }).map(([part, data]) => {
    const { mean, std, min, max } = data.statistics();
    return {
      part,
      count: data.count,
      leftOut: data.leftOut,
      shape: data.shape,
      labels: data.labels !== undefined,
      mean,
      std,
      min,
      max,
    };
  });
  if (json) return printJson(sets);
  for (const sentence of leftOutInWords(setsOf(loaded))) process.stderr.write(`${sentence}\n`);
  for (const { part, count, shape, mean, std, min, max } of sets) {
    const shownMean = Math.abs(mean) < 1e-7 * std ? 0 : mean; // of standardised data, what rounding leaves
    process.stdout.write(
      `${part}: ${count} samples of shape ${shape.join("×")}, from ${min.toPrecision(4)} to ${max.toPrecision(4)}, ` +
        `mean ${shownMean.toPrecision(4)}, standard deviation ${std.toPrecision(4)}\n`,
    );
  }
}

async function showCache({ empty, json }: { empty?: boolean; json?: boolean }): Promise<void> {
  const folder = pictureCache();
  if (folder === undefined) throw new UsageError("HESTENES_CACHE is off: no pictures are kept");
  if (empty) {
    const bytes = await emptyCache(folder);
    if (json) printJson({ folder, removedBytes: bytes });
    else process.stdout.write(`Removed ${sizeWords(bytes)} of decoded pictures from ${folder}.\n`);
    return;
  }
  const { kept, otherBytes } = await listCache(folder);
  if (json) return printJson({ folder, kept, otherBytes });
  const all = kept.reduce((sum, { bytes }) => sum + bytes, otherBytes);
  if (all === 0) {
    process.stdout.write(`No decoded pictures are kept in ${folder}.\n`);
    return;
  }
  const rows = kept.map(({ label, height, width, pictures, bytes }) => [
    JSON.stringify(label).slice(1, -1), // a name may hold line breaks
    `${height}×${width}`,
    String(pictures),
    sizeWords(bytes),
  ]);
  if (otherBytes > 0) rows.push(["unfinished or damaged", "", "", sizeWords(otherBytes)]);
  process.stdout.write(
    columns([["folder", "size", "pictures", ""], ...rows], 1) +
      `\n${sizeWords(all)} in ${folder}. To remove them: npx hestenes data cache --empty\n`,
  );
}

const sizeWords = (bytes: number) =>
  bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

/** How messages name an option. */
function optionFlag(setting?: string): string {
  return setting === undefined ? "options" : flagOf(setting);
}
