import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { Command } from "commander";
import { openDevice } from "../../device/device.ts";
import type { LookEvent, LossEvent, TrainEvent } from "../train/protocol.ts";
import { pack, recordingFile } from "../train/recording.ts";
import { Studio } from "../train/studio.ts";

/** `npm run record [-- FILE]`: trains the run that the first page opens with, for pages that cannot train. */
const program = new Command("npm run record --")
  .description("Train the run that the first page opens with, and keep what is seen of it.")
  .argument("[file]", "where to", resolve(import.meta.dirname, "..", "public", recordingFile))
  .parse();
const [file] = program.processedArgs as [string];

/** The steps at which it is looked at. */
const steps = [
  0, 1, 3, 6, 10, 15, 20, 30, 40, 50, 60, 80, 100, 120, 140, 160, 180, 200, 220, 240, 260, 280, 300,
];

const looks: LookEvent[] = [];
const losses: LossEvent[] = [];
let ended: (() => void) | undefined;
const device = await openDevice();
const studio = new Studio(
  (event: TrainEvent) => {
    if (event.kind === "look" && event.step !== looks.at(-1)?.step) looks.push(event);
    if (event.kind === "losses") losses.push(event);
    if (event.kind === "failure") throw new Error(event.message);
    if (event.kind === "state" && !event.playing) ended?.();
  },
  () => Promise.resolve(device),
);
const setUp = await studio.setUp({
  models: ["vrrae", "vae"],
  data: { kind: "bumps", size: 16 },
  ...{ rank: 2, latent: 16, beta: 1e-3, seed: 500, batch: 8 },
});
await studio.watch(false); // it is looked at where it pauses alone
for (const [i, step] of steps.slice(1).entries()) {
  const end = new Promise<void>((resolve) => (ended = resolve));
  await studio.play(step - steps[i]!);
  await end;
}
setUp.data.name += `, recorded on ${device.info.name}`;
const packed = gzipSync(pack({ setUp, looks, losses }), { level: 9 });
writeFileSync(file, packed);
console.log(`${file}: ${looks.length} looks, ${(packed.length / 1000).toFixed(0)} kB`);
device.close();
