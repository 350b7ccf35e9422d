import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { isSystemError } from "./files.node.ts";

/** A process, as others can know it. */
export interface Identity {
  host: string;
  /** The same for two processes only if they can see each other by their ids: one kernel, one space of process ids. */
  machine: string;
  pid: number;
  /** When the process began, in the kernel's own count, which tells it from a later one of the same id. */
  started: string;
}

/** This process. */
export function ownIdentity(): Identity {
  const { pid } = process;
  return { host: hostname(), machine: machineOf(), pid, started: startOf(pid) };
}

/** Whether `other` is known to have ended: nothing is known of processes that cannot be seen from here. */
export function hasEnded(other: Identity, own: Identity): boolean {
  if (other.machine !== own.machine) return false;
  if (other.started !== startOf(other.pid)) return true;
  try {
    process.kill(other.pid, 0);
    return false;
  } catch (error) {
    return !(isSystemError(error) && error.code === "EPERM");
  }
}

/** Containers on one machine share its boot, but not their process ids; elsewhere than on Linux there are none. */
function machineOf(): string {
  if (process.platform !== "linux") return hostname();
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
}

/** Empty where there is no such process, or where the system does not tell. */
function startOf(pid: number): string {
  if (process.platform !== "linux") return "";
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[0] === "Z" ? "" : fields[19]!; // a zombie holds nothing any more
  } catch {
    return "";
  }
}
