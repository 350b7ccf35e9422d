/**
 * Works in a folder as on a machine of its own: writes a line and a checkpoint, step after step from the newest one on, until
 * SIGTERM. Arguments: folder, identity, seconds of silence, seconds that its clock is ahead.
 */
import { setTimeout as wait } from "node:timers/promises";
import { readCheckpoint, writeCheckpoint } from "../../src/runs/checkpoint.node.ts";
import { appendLine } from "../../src/runs/files.node.ts";
import { takeLease } from "../../src/runs/lease.node.ts";
import type { Identity } from "../../src/runs/machine.node.ts";
import { partsOf } from "./checkpoint-parts.ts";

const [folder = "", identity = "", silence = "", skew = ""] = process.argv.slice(2);
const { now } = Date;
Date.now = () => now() + 1000 * Number(skew);

let isOver = false;
process.on("SIGTERM", () => (isOver = true));
const own = JSON.parse(identity) as Identity;
try {
  const lease = await takeLease(folder, { identity: own, silence: Number(silence) });
  let step = Number(readCheckpoint(folder)?.state.step ?? 0);
  while (!isOver) {
    await wait(20);
    appendLine(`${folder}/history.jsonl`, { step: ++step, host: own.host });
    writeCheckpoint(folder, partsOf(step));
    process.stdout.write(`step ${step}\n`);
  }
  lease.release();
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
}
