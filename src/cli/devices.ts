import { Command } from "commander";
import { listAdapters, openAdapter, readTuning, type AdapterDescription } from "#gpu";
import { openDevice } from "../device/device.ts";
import { formatTuned, tune } from "./tune.ts";
import { printJson, UsageError } from "./usage.ts";

interface Options {
  json?: boolean;
  limits?: boolean;
  tune?: boolean;
  shapes?: string;
}

export function devicesCommand(): Command {
  return new Command("devices")
    .description(
      "List the adapters of this machine, and which one is used; or tune the kernels for that one.",
    )
    .option("--json", "print everything as JSON, limits and features included")
    .option("--limits", "also list limits and features")
    .option(
      "--tune",
      "measure which kernels are fastest on the chosen adapter, and use them from now on; " +
        "results can then differ from before in their last bits",
    )
    .option(
      "--shapes <part>",
      "with --tune: only classes of shapes whose name has this in it, such as matmul",
    )
    .action(async ({ json, limits, tune, shapes }: Options) => {
      if (tune) return tuneChosen(json ?? false, shapes);
      if (shapes !== undefined) throw new UsageError("--shapes says what to --tune: give both");
      if (!json && process.stderr.isTTY)
        process.stderr.write("Asking every driver for its adapters; this takes some seconds …\n");
      const adapters = await listAdapters();
      if (!adapters.some(({ chosen }) => chosen)) await openAdapter(); // throws, and says what to do
      if (json) return printJson(adapters);
      for (const adapter of adapters) process.stdout.write(describe(adapter, limits ?? false));
    });
}

async function tuneChosen(json: boolean, shapes: string | undefined): Promise<void> {
  const device = await openDevice({ tuned: false });
  try {
    const tuned = await tune(device, shapes);
    if (json) printJson(tuned);
    else process.stdout.write(formatTuned(tuned));
  } finally {
    device.close();
  }
}

function describe(adapter: AdapterDescription, all: boolean): string {
  const { name, kind, driver, backend, hint, chosen } = adapter;
  const mebibytes = (name: string) => `${Math.round((adapter.limits[name] ?? 0) / 2 ** 20)} MiB`;
  const tuning = readTuning(adapter);
  const lines = [
    `${chosen ? "*" : " "} ${name}${chosen ? "  (chosen)" : ""}`,
    `    kind      ${kind}`,
    `    driver    ${driver || "unknown"} (${backend})`,
    `    largest   binding ${mebibytes("maxStorageBufferBindingSize")}, ` +
      `buffer ${mebibytes("maxBufferSize")}, ` +
      `workgroup memory ${(adapter.limits.maxComputeWorkgroupStorageSize ?? 0) / 1024} KiB, ` +
      `${adapter.limits.maxComputeInvocationsPerWorkgroup} invocations`,
    `    kernels   ${tuning ? `as measured here on ${tuning.date}, see ${tuning.file}` : "as shipped"}`,
  ];
  if (hint) lines.push(`    faster    ${hint}`);
  if (all) {
    lines.push(`    features  ${adapter.features.join(", ")}`);
    for (const [limit, value] of Object.entries(adapter.limits)) lines.push(`    ${limit} ${value}`);
  }
  return lines.join("\n") + "\n";
}
