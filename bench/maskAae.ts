import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { Batches } from "../src/data/batches.ts";
import { Dataset } from "../src/data/dataset.ts";
import { uniform } from "../src/data/random.ts";
import { openDevice } from "../src/device/device.ts";
import { maskAae } from "../src/models/maskAae.ts";
import { maskAaeNetworks } from "../src/nn/maskAaeNetworks.ts";
import { Trainer } from "../src/train/trainer.ts";
import { bytesOf, openPython } from "./peers/python.ts";
import { median } from "./results.ts";

/** `npx tsx bench/maskAae.ts --python FILE`: a step of MaskAAE beside PyTorch's, in turns, on the sizes of its paper's MNIST. */
const program = new Command("npx tsx bench/maskAae.ts")
  .option("--python <file>", "a Python that has PyTorch", "python3")
  .option("--steps <count>", "steps that are measured", Number, 12)
  .option("--adapter <name>", "the adapter whose name contains this")
  .parse();
const { python, steps, adapter } = program.opts<{ python: string; steps: number; adapter?: string }>();

const [size, latent, batch, updates, warm, seed] = [784, 48, 64, 5, 2, 1] as const;
const device = await openDevice(adapter === undefined ? {} : { adapter });
const model = maskAae(device, {
  input: [size],
  latent,
  seed,
  criticUpdates: updates,
  architecture: maskAaeNetworks(),
});
const samples = new Dataset({
  name: "samples",
  shape: [size],
  stored: Float32Array.from({ length: batch * (updates + 1) * size }, (_, i) => uniform(1, 2, 0, i)),
});
const trainer = new Trainer(model, samples, { batch, seed, optimizer: { kind: "rmsprop", rate: 5e-4 } });

const folder = mkdtempSync(join(tmpdir(), "hestenes-torch-"));
const weights: [name: string, shape: readonly number[], first: number][] = [];
const values: Float32Array[] = [];
let first = 0;
for (const [name, parameter] of model.arena.parameters) {
  weights.push([name, parameter.shape, first]);
  values.push(await parameter.read());
  first += parameter.size;
}
writeFileSync(join(folder, "about.json"), JSON.stringify({ batch, size, latent, updates, weights }));
writeFileSync(join(folder, "weights.bin"), bytesOf(values));
writeFileSync(join(folder, "batches.bin"), bytesOf(taken()));

/** The batches of all steps, as the trainer takes them. */
function taken(): Float32Array[] {
  const order = new Batches(samples, { batch, seed });
  return Array.from({ length: (steps + warm) * (updates + 1) }, () => {
    const values = new Float32Array(batch * size);
    order.next(values);
    return values;
  });
}

const torch = await openPython(python, "maskAae.py", folder);
const times: { own: number; torch: number }[] = [];
for (let i = 0; i < steps + warm; i++) {
  const start = performance.now();
  trainer.advance();
  await device.finish();
  const own = performance.now() - start;
  const { ms, loss } = (await torch.ask("")) as Record<string, number>;
  if (i === 0) {
    const { losses } = await trainer.losses(); // before anything random: the two have to agree
    if (Math.abs(losses["ae.loss"]! / loss! - 1) > 1e-4)
      throw new Error(`the first loss is ${losses["ae.loss"]}, PyTorch has ${loss}`);
  }
  if (i >= warm) times.push({ own, torch: ms! });
}
torch.close();
rmSync(folder, { recursive: true });
console.log(
  JSON.stringify({
    case: "step mask-aae mnist",
    adapter: device.info.name,
    ...(torch.first as object),
    hestenes: median(times.map(({ own }) => own)),
    torchMs: median(times.map(({ torch }) => torch)),
    timesAsFast: median(times.map(({ own, torch }) => torch / own)),
    n: times.length,
    launches: trainer.launches,
  }),
);
trainer.dispose();
model.dispose();
device.close();
