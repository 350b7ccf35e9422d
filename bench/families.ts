import type { EngineName } from "./engine.ts";
import type { Comparison } from "./results.ts";

/** Cases that are shown together. */
export interface Family {
  title: string;
  lead: string;
  has(comparison: Comparison): boolean;
}

const named =
  (prefix: string) =>
  ({ case: name }: Comparison): boolean =>
    name.startsWith(prefix);

const directions = "Forward, gradient of the input, gradient of the filter.";

/** The families of the benchmark, in the order of `tasks`. */
export const families: readonly Family[] = [
  { title: "Matrix products", lead: "C = A · B, in 32 bits.", has: named("matmul ") },
  { title: "Convolutions", lead: directions, has: named("conv ") },
  { title: "Transposed convolutions", lead: directions, has: named("convT ") },
  {
    title: "Singular value decompositions",
    lead: "All factors, of random matrices. ml-matrix, svd-js and numeric work in 64 bits on one core.",
    has: named("svd "),
  },
  { title: "Training steps", lead: "Loss, gradients and Adam on one batch.", has: ({ op }) => op === "step" },
];

/** Engines by the names that people know them by. */
export const titles: Record<EngineName, string> = {
  hestenes: "hestenes",
  "tfjs-webgpu": "TensorFlow.js",
  "jax-js": "jax-js",
  "ml-matrix": "ml-matrix",
  "svd-js": "svd-js",
  numeric: "numeric",
  torch: "PyTorch",
};

/** Whom hestenes is compared with, in the order of the columns. */
export const peers = Object.keys(titles).filter((name) => name !== "hestenes") as EngineName[];

/** The peers that have a time, or a failure, in `list`. */
export function peersIn(list: readonly Comparison[]): EngineName[] {
  return peers.filter((peer) => list.some(({ rows, failed }) => rows.has(peer) || failed.has(peer)));
}

/** `list` by family, those that have cases; what belongs to none comes last, without a family. */
export function byFamily(
  list: readonly Comparison[],
): { family: Family | undefined; list: readonly Comparison[] }[] {
  const known = families.map((family) => ({ family, list: list.filter((one) => family.has(one)) }));
  const rest = list.filter((one) => !families.some((family) => family.has(one)));
  return [...known, { family: undefined, list: rest }].filter(({ list }) => list.length > 0);
}
