/** Writes checkpoints into the folder given, step after step from the newest one on, until it is killed. */
import { readCheckpoint, writeCheckpoint } from "../../src/runs/checkpoint.node.ts";
import { partsOf } from "./checkpoint-parts.ts";

const folder = process.argv[2]!;
let step = Number(readCheckpoint(folder)?.state.step ?? 0);
for (;;) {
  writeCheckpoint(folder, partsOf(++step));
  process.stdout.write(".");
}
