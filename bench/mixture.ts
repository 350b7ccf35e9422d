import { Command } from "commander";
import { openDevice } from "../src/device/device.ts";
import { Draws } from "../src/latent/draws.ts";
import { weightedGaussian } from "../src/latent/gaussian.ts";
import { fitMixture } from "../src/latent/gmm.ts";
import { Mixture } from "../src/latent/mixture.ts";
import { median } from "./results.ts";

/** `npx tsx bench/mixture.ts`: fits of a mixture on the device, in turns with rounds of the same in float64 JavaScript. */
const program = new Command("npx tsx bench/mixture.ts")
  .option("--points <count>", "points that it is fitted to", Number, 60_000)
  .option("--dimension <count>", "numbers of a point", Number, 64)
  .option("--components <count>", "normal distributions", Number, 10)
  .option("--fits <count>", "fits that are measured", Number, 5)
  .option("--adapter <name>", "the adapter whose name contains this")
  .parse();
const given = program.opts<{
  points: number;
  dimension: number;
  components: number;
  fits: number;
  adapter?: string;
}>();
const { points: N, dimension: D, components: K, fits, adapter } = given;

/** Codes that are no mixture of K: tanh of affine maps of normal numbers, and noise. */
function codes(): Float32Array {
  const draws = new Draws(3, 0);
  const [inner, hidden] = [12, 32];
  const first = Float64Array.from({ length: inner * hidden }, () => draws.normal() / Math.sqrt(inner / 4));
  const second = Float64Array.from({ length: hidden * D }, () => draws.normal() / Math.sqrt(hidden));
  const out = new Float32Array(N * D);
  for (let n = 0; n < N; n++) {
    const h = new Float64Array(hidden);
    for (let i = 0; i < inner; i++) {
      const z = draws.normal();
      for (let j = 0; j < hidden; j++) h[j]! += z * first[i * hidden + j]!;
    }
    for (let d = 0; d < D; d++) {
      let value = 0.2 * draws.normal();
      for (let j = 0; j < hidden; j++) value += Math.tanh(h[j]!) * second[j * D + d]!;
      out[n * D + d] = value;
    }
  }
  return out;
}

/** Seconds of wall and of processors that `body` takes, with what it gives. */
async function timed<T>(body: () => T | Promise<T>): Promise<{ value: T; seconds: number; cpu: number }> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const value = await body();
  const { user, system } = process.cpuUsage(before);
  return { value, seconds: (performance.now() - start) / 1e3, cpu: (user + system) / 1e6 };
}

/** A round of expectation maximisation in float64. */
function round(points: Float32Array, mixture: Mixture): Mixture {
  const { values } = mixture.responsibilities(points);
  const totals = new Float64Array(K);
  for (let i = 0; i < values.length; i++) totals[i % K]! += values[i]!;
  const components = Array.from(totals, (total, offset) =>
    weightedGaussian(points, D, values, { offset, stride: K, total, regularisation: 1e-6 }),
  );
  return new Mixture(
    totals.map((total) => total / N),
    components,
  );
}

const device = await openDevice(adapter === undefined ? {} : { adapter });
const points = codes();
await fitMixture(device, points.subarray(0, 4096 * D), D, { components: K, iterations: 2 }); // compiles
const measured: Record<string, number[]> = { seconds: [], cpu: [], roundSeconds: [], roundCpu: [] };
let rounds = 0;
let difference = 0;
for (let fit = 0; fit < fits; fit++) {
  const seen: number[] = [];
  const onIteration = (logLikelihood: number) => void seen.push(logLikelihood);
  const own = await timed(() => fitMixture(device, points, D, { components: K, seed: 1, onIteration }));
  const other = await timed(() => round(points, own.value));
  rounds = seen.length;
  difference = Math.max(difference, Math.abs(seen.at(-1)! - own.value.logLikelihood(points)));
  measured.seconds!.push(own.seconds);
  measured.cpu!.push(own.cpu);
  measured.roundSeconds!.push(other.seconds);
  measured.roundCpu!.push(other.cpu);
}
const middle = Object.fromEntries(Object.entries(measured).map(([name, values]) => [name, median(values)]));
console.log(
  JSON.stringify({
    ...{ case: `mixture of ${K}, ${N} x ${D}`, adapter: device.info.name, n: fits, rounds },
    ...{ fitSeconds: middle.seconds, fitCpuSeconds: middle.cpu },
    ...{ float64RoundSeconds: middle.roundSeconds, float64RoundCpuSeconds: middle.roundCpu },
    ...{ float64Rounds: rounds * middle.roundSeconds!, logLikelihoodDiffers: difference },
  }),
);
device.close();
