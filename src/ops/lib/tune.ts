import type { Device } from "../../device/device.ts";
import { noGrad, record, type Program } from "../../tensor/record.ts";
import { tensor, type Tensor } from "../../tensor/tensor.ts";
import { conv2d } from "../conv2d.ts";
import { convTranspose2d } from "../convTranspose2d.ts";
import { matmul } from "../matmul.ts";
import { classOf, shippedTile, tilesFor, type Product, type Tile } from "./choice.ts";
import { convolution } from "./convolution.ts";
import { filterGradient } from "./convolutionPasses.ts";

/** A product that stands for its class, and how to make it. */
export interface Trial extends Product {
  flops: number;
  prepare: (device: Device) => Prepared;
}

interface Prepared {
  operands: Tensor[];
  launch: (tile: Tile) => void;
}

/** How fast a class of products is with each tile, and which one it is to have. */
export interface Verdict {
  /** The name of the class, as `device.tuning` has it. */
  name: string;
  /** The tile that comes with hestenes. */
  shipped: Tile;
  /** The one that was faster by `WORTH` or more, else `shipped`. */
  chosen: Tile;
  /** How many times faster `chosen` is than `shipped`. */
  gain: number;
  /** GFLOP/s by tile: medians. */
  gflops: Partial<Record<Tile, number>>;
}

/** A tile takes the place of the shipped one where it was so many times faster in three rounds of four: less is noise. */
const WORTH = 1.05;
const ROUNDS = 9;
/** Milliseconds that a tile is run for in a round, or half of it. */
const SPAN = 8;

/** Numbers of columns that stand for the classes of `CLASSES.columns`. */
const COLUMNS = [4, 8, 12, 24, 64];

/** What is measured on a device: a product of each class that training has, larger on a GPU. */
export function trials(device: Device): Trial[] {
  const size = device.isSoftware ? 1 : 16;
  return COLUMNS.flatMap((columns) => [
    ...[4, 16, 512 * size].map((rows) => matmulTrial(rows, columns)),
    convolutionTrial(2 * size, columns),
    transposedTrial(4 * size, columns),
    // Narrow filter gradients have a kernel of their own.
    ...(columns > 4 ? [1, 32].map((channels) => filterTrial(4 * size, channels, columns)) : []),
  ])
    .filter(({ columns }) => tilesFor(device, columns).length > 1)
    .sort((a, b) => (a.label < b.label ? -1 : a.label > b.label ? 1 : a.rows - b.rows));
}

/**
 * Times each trial with all tiles that it may have, `ROUNDS` times: the tiles of a trial in turns right after each
 * other, and a trial's rounds far apart, so that all share the machine's good and bad moments. `report` is called
 * after each of the `steps(trials)` steps.
 */
export async function judge(
  device: Device,
  trials: readonly Trial[],
  report: (done: Trial) => void = () => undefined,
): Promise<Verdict[]> {
  const races: Race[] = [];
  for (const trial of trials) {
    races.push(await prepare(device, trial));
    report(trial);
  }
  for (let round = 0; round < ROUNDS; round++)
    for (const { trial, racers } of races) {
      for (let turn = 0; turn < racers.length; turn++) {
        const racer = racers[(round + turn) % racers.length]!;
        racer.times.push(await timeOf(device, racer));
      }
      report(trial);
    }
  return races.map((race) => {
    for (const { program } of race.racers) program.dispose();
    for (const operand of race.operands) operand.dispose();
    return verdictOf(race, shippedTile(device, race.trial));
  });
}

/** How often `judge` reports. */
export function steps(trials: readonly Trial[]): number {
  return (1 + ROUNDS) * trials.length;
}

interface Race {
  trial: Trial;
  operands: Tensor[];
  racers: Racer[];
}

interface Racer {
  tile: Tile;
  program: Program;
  /** Runs of a measurement. */
  runs: number;
  times: number[];
}

/** Compiles the kernels of a trial, and finds how often they run in `SPAN`. */
async function prepare(device: Device, trial: Trial): Promise<Race> {
  const { operands, launch } = trial.prepare(device);
  const racers: Racer[] = tilesFor(device, trial.columns).map((tile) => {
    const { program } = record(device, () => noGrad(device, () => launch(tile)));
    return { tile, program, runs: 1, times: [] };
  });
  await device.finish();
  for (const racer of racers)
    while (racer.runs < 1024 && racer.runs * (await timeOf(device, racer)) < SPAN / 2) racer.runs *= 2;
  return { trial, operands, racers };
}

/** Milliseconds that a run of the racer takes. */
async function timeOf(device: Device, { program, runs }: Racer): Promise<number> {
  const start = performance.now();
  for (let run = 0; run < runs; run++) program.run();
  await device.finish();
  return (performance.now() - start) / runs;
}

function verdictOf({ trial, racers }: Race, shipped: Tile): Verdict {
  const reference = racers.find(({ tile }) => tile === shipped)!;
  const better = racers
    .map(({ tile, times }) => ({ tile, gains: sorted(times.map((time, i) => reference.times[i]! / time)) }))
    .filter(({ gains }) => gains[gains.length >> 2]! >= WORTH)
    .map(({ tile, gains }) => ({ tile, gain: median(gains) }))
    .sort((a, b) => b.gain - a.gain);
  const { tile: chosen, gain } = better[0] ?? { tile: shipped, gain: 1 };
  const gflops: Verdict["gflops"] = {};
  for (const { tile, times } of racers) gflops[tile] = trial.flops / median(times) / 1e6;
  return { name: classOf(trial), shipped, chosen, gain, gflops };
}

function matmulTrial(rows: number, columns: number): Trial {
  const depth = rows > 32 ? 256 : 1024;
  return {
    ...{ label: "matmul.tile", rows, columns, flops: 2 * rows * columns * depth },
    prepare(device) {
      const a = filled(device, [rows, depth]);
      const b = filled(device, [depth, columns]);
      return { operands: [a, b], launch: (variant) => void matmul(a, b, { variant }) };
    },
  };
}

/** 32 → `columns` channels, 3 × 3, on N images of 16 × 16. */
function convolutionTrial(N: number, columns: number): Trial {
  const rows = N * 16 * 16;
  return {
    ...{ label: "conv2d.forward", rows, columns, flops: 2 * rows * columns * 9 * 32 },
    prepare(device) {
      const x = filled(device, [N, 16, 16, 32]);
      const w = filled(device, [3, 3, 32, columns]);
      return { operands: [x, w], launch: (variant) => void conv2d(x, w, { padding: 1, variant }) };
    },
  };
}

/** 32 → `columns` channels, 3 × 3 with stride 2, on N images of 8 × 8: `rows` in each of the four phases. */
function transposedTrial(N: number, columns: number): Trial {
  const rows = N * 8 * 8;
  return {
    ...{ label: "convTranspose2d.forward", rows, columns, flops: 2 * rows * columns * 9 * 32 },
    prepare(device) {
      const x = filled(device, [N, 8, 8, 32]);
      const w = filled(device, [3, 3, columns, 32]);
      const options = { stride: 2, padding: 1, outputPadding: 1 };
      return { operands: [x, w], launch: (variant) => void convTranspose2d(x, w, { ...options, variant }) };
    },
  };
}

/** The filters of `channels` → `columns` channels, 3 × 3, on N images of 16 × 16. */
function filterTrial(N: number, channels: number, columns: number): Trial {
  const rows = 9 * channels;
  const shape = [N, 16, 16, channels];
  return {
    ...{ label: "conv2d.backward_w", rows, columns, flops: 2 * N * 16 * 16 * rows * columns },
    prepare(device) {
      const x = filled(device, shape);
      const dz = filled(device, [N, 16, 16, columns]);
      const dw = filled(device, [3, 3, channels, columns]);
      const geometry = convolution("conv2d", shape, dw.shape, { padding: 1 });
      return {
        operands: [x, dz, dw],
        launch: (variant) => filterGradient(x, dz, dw, geometry, variant),
      };
    },
  };
}

/** A tensor of numbers between −1 and 1, always the same. */
function filled(device: Device, shape: number[]): Tensor {
  const data = new Float32Array(shape.reduce((size, extent) => size * extent));
  return tensor(
    device,
    data.map((_, i) => Math.sin(i * i)),
    shape,
  );
}

function median(values: readonly number[]): number {
  return sorted(values)[values.length >> 1]!;
}

function sorted(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}
