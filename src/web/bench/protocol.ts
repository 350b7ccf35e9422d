import type { AdapterDescription } from "#gpu";
import type { EngineName } from "../../../bench/engine.ts";
import type { Failure, Row } from "../../../bench/results.ts";

/** The cases of `bench/cases.json` that belong together. */
export const groups = {
  matmul: "Matrix products",
  conv2d: "Convolutions",
  convTranspose2d: "Transposed convolutions",
  svd: "Singular value decompositions",
  step: "Training steps",
} as const;

export type Group = keyof typeof groups;

export type Peer = Extract<EngineName, "tfjs-webgpu" | "jax-js">;

export interface Choice {
  groups: Group[];
  peers: Peer[];
  heavy: boolean;
  /** Milliseconds for each engine and operation. */
  budget: number;
  /** Only operations whose case and name contain this. */
  only: string;
}

export type BenchEvent =
  | { kind: "doing"; what: string; done: number; of: number }
  | { kind: "measured"; rows: Row[]; failed: Failure[] }
  /** The device of hestenes is gone; what was being measured is measured again on another one. */
  | { kind: "lost"; reason: string; what: string };

/** What the benchmark's worker can be asked. */
export interface BenchApi {
  open(): Promise<AdapterDescription>;
  /** Measures until all is done, or `stop` is called; tells each operation's rows as an event. */
  run(choice: Choice): Promise<void>;
  stop(): Promise<void>;
}
