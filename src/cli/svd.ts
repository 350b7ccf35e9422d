import { join } from "node:path";
import { Command } from "commander";
import { openDevice } from "../device/device.ts";
import { DataError } from "../device/errors.ts";
import { parseNpy, writeNpy } from "../data/npy.ts";
import { svd } from "../ops/svd.ts";
import { makeFolder, readFile, writeFileAtomic } from "../runs/files.node.ts";
import { usage } from "./settings.ts";
import { printJson, UsageError, whole } from "./usage.ts";

interface Flags {
  k?: number;
  out?: string;
  adapter?: string;
  json?: boolean;
}

export function svdCommand(): Command {
  return new Command("svd")
    .description("Decompose a matrix: A = U diag(S) Vt, in float32.")
    .argument("<file>", "a .npy file of a matrix (M, N), of booleans, integers, float32 or float64")
    .option("--k <rank>", "keep so many of the largest singular values (default all)", whole("--k"))
    .option("--out <folder>", "write U.npy (M, k), S.npy (k) and Vt.npy (k, N) there")
    .option("--adapter <name>", "the adapter to use, by part of its name")
    .option("--json", "print the summary, with all values that are kept, as JSON")
    .action(decompose);
}

async function decompose(file: string, flags: Flags): Promise<void> {
  const { shape, data } = parseNpy(readFile(file), file);
  const [M, N] = shape as [number, number];
  if (shape.length !== 2 || M * N === 0)
    throw new DataError(
      file,
      undefined,
      `expected a matrix with entries, the array has shape (${shape.join(", ")})`,
    );
  const entries = Float32Array.from(data);
  checkEntries(file, data, entries, N);
  const r = Math.min(M, N);
  const { k = r } = flags;
  if (k > r) throw new UsageError(`--k: a matrix of ${M} × ${N} has ${r} singular values, not ${k}`);
  const { out } = flags;
  if (out !== undefined) usage(() => makeFolder(out));

  const device = await openDevice(flags.adapter === undefined ? {} : { adapter: flags.adapter });
  try {
    const start = performance.now();
    const factors = svd(device.tensor(entries, [M, N]));
    const S = await factors.S.read();
    const milliseconds = performance.now() - start;
    if (out !== undefined) {
      const [U, Vt] = [await factors.U.read(), await factors.Vt.read()];
      const leading = Float32Array.from({ length: M * k }, (_, i) => U[Math.floor(i / k) * r + (i % k)]!);
      writeFileAtomic(join(out, "U.npy"), writeNpy(leading, [M, k]));
      writeFileAtomic(join(out, "S.npy"), writeNpy(S.slice(0, k), [k]));
      writeFileAtomic(join(out, "Vt.npy"), writeNpy(Vt.slice(0, k * N), [k, N]));
    }
    const summary = {
      shape: [M, N],
      k,
      ...measures(S, k, Math.max(M, N)),
      adapter: device.info.name,
      milliseconds,
    };
    if (flags.json)
      printJson({ ...summary, values: [...S.subarray(0, k)], ...(out === undefined ? {} : { out }) });
    else process.stdout.write(describe(summary, S, out));
  } finally {
    device.close();
  }
}

/** Refuses numbers that are none, or that float32 cannot hold: by what they are, and where they stand. */
function checkEntries(file: string, given: ArrayLike<number>, entries: Float32Array, N: number): void {
  const bad = entries.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    const place = `row ${Math.floor(bad / N)}, column ${bad % N} (both from 0)`;
    const problem = Number.isFinite(given[bad])
      ? "is past float32: scale the matrix before"
      : "has no place in a matrix to decompose";
    throw new DataError(file, undefined, `${place}: ${given[bad]} ${problem}`);
  }
  let largest = 0;
  for (let i = 0; i < given.length; i++) largest = Math.max(largest, Math.abs(given[i]!));
  if (largest > 0 && Math.fround(largest) === 0)
    throw new DataError(
      file,
      undefined,
      `all of it is below float32, the largest entry being ${largest}: scale the matrix before`,
    );
}

/** What the singular values say about a matrix whose longer side is `longer`, and about keeping k of them. */
function measures(S: Float32Array, k: number, longer: number) {
  const level = longer * 2 ** -23 * S[0]!;
  const rank = S.filter((value) => value > level).length;
  const energy = (values: Float32Array) => values.reduce((sum, value) => sum + value ** 2, 0);
  const all = energy(S);
  return {
    rank,
    /** s_1 / s_r; none where the rank is not full. */
    condition: rank === S.length ? S[0]! / S.at(-1)! : null,
    /** ‖A − A_k‖ / ‖A‖ */
    error: all > 0 ? Math.sqrt(energy(S.subarray(k)) / all) : 0,
  };
}

type Summary = ReturnType<typeof measures> & {
  shape: readonly number[];
  k: number;
  adapter: string;
  milliseconds: number;
};

function describe(summary: Summary, S: Float32Array, out: string | undefined): string {
  const { shape, k, rank, condition, error, adapter, milliseconds } = summary;
  const shown = Array.from(S.subarray(0, Math.min(k, 8)), (value) => value.toPrecision(6)).join("  ");
  const lines = [
    `matrix           ${shape.join(" × ")}, rank ${rank} in float32`,
    `singular values  ${shown}${k > 8 ? "  …" : ""}`,
    `condition        ${condition === null ? "infinite: the rank is not full" : condition.toPrecision(4)}`,
    `rank ${k} keeps all but ${(100 * error).toPrecision(3)} % of the norm`,
    `${milliseconds.toFixed(0)} ms on ${adapter}, compilation included`,
  ];
  if (out !== undefined) lines.push(`U.npy, S.npy and Vt.npy are in ${out}`);
  return lines.join("\n") + "\n";
}
