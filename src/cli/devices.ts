import { Command } from "commander";
import { listAdapters, openAdapter, type AdapterDescription } from "#gpu";
import { printJson } from "./usage.ts";

export function devicesCommand(): Command {
  return new Command("devices")
    .description("List the adapters of this machine, and which one is used.")
    .option("--json", "print everything as JSON, limits and features included")
    .option("--limits", "also list limits and features")
    .action(async ({ json, limits }: { json?: boolean; limits?: boolean }) => {
      const adapters = await listAdapters();
      if (!adapters.some(({ chosen }) => chosen)) await openAdapter(); // throws, and says what to do
      if (json) return printJson(adapters);
      for (const adapter of adapters) process.stdout.write(describe(adapter, limits ?? false));
    });
}

function describe(adapter: AdapterDescription, all: boolean): string {
  const { name, kind, driver, backend, hint, chosen } = adapter;
  const mebibytes = (name: string) => `${Math.round((adapter.limits[name] ?? 0) / 2 ** 20)} MiB`;
  const lines = [
    `${chosen ? "*" : " "} ${name}${chosen ? "  (chosen)" : ""}`,
    `    kind      ${kind}`,
    `    driver    ${driver || "unknown"} (${backend})`,
    `    largest   tensor ${mebibytes("maxStorageBufferBindingSize")}, ` +
      `buffer ${mebibytes("maxBufferSize")}, ` +
      `workgroup memory ${(adapter.limits.maxComputeWorkgroupStorageSize ?? 0) / 1024} KiB, ` +
      `${adapter.limits.maxComputeInvocationsPerWorkgroup} invocations`,
  ];
  if (hint) lines.push(`    faster    ${hint}`);
  if (all) {
    lines.push(`    features  ${adapter.features.join(", ")}`);
    for (const [limit, value] of Object.entries(adapter.limits)) lines.push(`    ${limit} ${value}`);
  }
  return lines.join("\n") + "\n";
}
