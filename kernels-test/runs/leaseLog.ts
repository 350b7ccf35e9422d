import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { expect } from "vitest";

/** One line of the log of leases. */
export interface LeaseLine {
  /** Nanoseconds, by a clock that all processes of a machine share. */
  at: number;
  event: "taken" | "write" | "lost" | "released";
  folder: string;
  token: string;
  host: string;
  pid: number;
}

/** The log of leases in the order of time. Expects that nobody wrote in a folder after another had taken it over. */
export function oneWriterAtATime(log: string): LeaseLine[] {
  const lines = readFileSync(log, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as LeaseLine)
    .sort((a, b) => a.at - b.at);
  const holders = new Map<string, string | undefined>();
  for (const { event, folder, token } of lines) {
    const name = basename(folder); // machines may have it below other folders
    if (event === "taken") holders.set(name, token);
    if (event === "write") expect(token).toBe(holders.get(name));
    if (event === "released") holders.set(name, undefined);
  }
  return lines;
}
