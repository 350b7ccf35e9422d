import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { loadFolder } from "../src/data/folder.node.ts";
import type { Device } from "../src/device/device.ts";
import { ae } from "../src/models/ae.ts";
import { Trainer } from "../src/train/trainer.ts";
import type { LoadingRow } from "./results.ts";

/** Pictures of CelebA's size, loaded at 64 × 64. */
const pictures = { count: 20_000, kinds: 64, height: 218, width: 178, size: 64 };
/** Those that one core and two cores are compared on. */
const some = 4_000;
const training = { batch: 64, steps: 40 };

/** Loads generated pictures for the first time and again, each in a process of its own, and trains on them. */
export async function measureLoading(device: Device, say: (message: string) => void): Promise<LoadingRow[]> {
  const root = mkdtempSync(join(tmpdir(), "hestenes-loading-"));
  const [folder, cache] = [join(root, "pictures"), join(root, "cache")];
  try {
    say("loading: pictures are made");
    await generate(folder);
    const rows: LoadingRow[] = [];
    const start = async (what: string, inMemory: number, { cores, count, into = cache }: Start = {}) => {
      say(`loading: ${what}`);
      const { ms, count: loaded } = await startOnce([folder, into, String(inMemory), count], cores);
      rows.push({ what, ms, perSecond: (1000 * loaded) / ms });
    };
    if (process.platform === "linux")
      for (const cores of availableParallelism() > 1 ? [1, 2] : [1])
        await start(`first start of ${some}, cores: ${cores}`, Infinity, {
          cores,
          count: some,
          into: join(root, `cache${cores}`),
        });
    await start(`first start of ${pictures.count}`, Infinity);
    await start(`later start of ${pictures.count}`, Infinity);
    await start(`later start of ${pictures.count}, past memory`, 0);
    for (const [what, inMemory] of [
      ["step in memory", Infinity],
      ["step past memory", 0],
    ] as const) {
      say(`loading: ${what}`);
      rows.push({ what, ...(await train(device, folder, cache, inMemory)) });
    }
    return rows;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

interface Start {
  cores?: number;
  count?: number;
  into?: string;
}

/** Writes JPEGs of waves and a little noise, some of them many times: each file is decoded by itself. */
async function generate(folder: string): Promise<void> {
  mkdirSync(folder);
  const { count, kinds, height, width } = pictures;
  const files: Buffer[] = [];
  for (let kind = 0; kind < kinds; kind++) {
    const rgb = Buffer.alloc(3 * height * width);
    for (let i = 0; i < rgb.length; i++) {
      const [c, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
      const waves = Math.sin((x + 3 * kind) / 17 + c) + Math.cos((y - kind) / 23);
      rgb[i] = Math.round(122 + 58 * waves + ((7 * x + 13 * y + 29 * kind) % 11));
    }
    files.push(
      await sharp(rgb, { raw: { width, height, channels: 3 } })
        .jpeg({ quality: 90 })
        .toBuffer(),
    );
  }
  for (let i = 0; i < count; i++)
    writeFileSync(join(folder, `${String(i).padStart(6, "0")}.jpg`), files[i % kinds]!);
}

/** Loads the pictures in a process of its own, on so many cores. */
async function startOnce(
  args: readonly (string | number | undefined)[],
  cores: number | undefined,
): Promise<{ ms: number; count: number }> {
  const script = join(import.meta.dirname, "loadingStart.ts");
  const given = args.filter((one) => one !== undefined).map(String);
  const command = [process.execPath, "--import", "tsx", script, ...given];
  const bound = cores === undefined ? command : ["taskset", "-c", `0-${cores - 1}`, ...command];
  const { stdout } = await promisify(execFile)(bound[0]!, bound.slice(1));
  return JSON.parse(stdout) as { ms: number; count: number };
}

/** Milliseconds of a step of a small autoencoder, and the part of it that it waits for its batch. */
async function train(device: Device, folder: string, cache: string, inMemory: number) {
  const { size } = pictures;
  const data = await loadFolder(folder, { size, cache, inMemory });
  const model = ae(device, { input: [size, size, 3], latent: 64, seed: 1 });
  const trainer = new Trainer(model, data, {
    batch: training.batch,
    seed: 1,
    optimizer: { kind: "adam", rate: 1e-3 },
  });
  try {
    trainer.advance();
    await device.finish();
    const begun = performance.now();
    for (let step = 0; step < training.steps; step++) {
      trainer.advance();
      await device.finish();
    }
    const ms = (performance.now() - begun) / training.steps;
    return { ms, perSecond: (1000 * training.batch) / ms, waiting: trainer.waitedPerStep / ms };
  } finally {
    trainer.dispose();
    model.dispose();
  }
}
