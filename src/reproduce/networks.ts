import { existsSync } from "node:fs";
import { version } from "../device/version.node.ts";
import type { DatasetName } from "../data/known.ts";
import type { SessionHooks } from "../runs/session.node.ts";
import type { TaskEnd } from "../sweep/task.ts";
import type { PartialConfig } from "../train/config.ts";
import type { Experiment, Reading, Scale } from "./experiment.ts";
import { experimentOf, withFid, withReading } from "./experiments.ts";
import { readInceptionFile } from "./fid.ts";
import { ownName } from "./outcome.ts";
import { plan, reproduce } from "./reproduce.ts";

/** Which experiment, and how: what any process needs to build the same one. */
export interface Asked {
  name: string;
  data?: DatasetName;
  scale: Scale;
  reading?: Reading;
  /** The file of Inception weights. */
  inception?: string;
}

/** A network of an experiment with all that is measured of it, for a process of its own. Everything in it is JSON. */
export interface NetworkTask {
  reproduce: Asked;
  seeds: number;
  settings: PartialConfig;
  out: string;
  /** The row that trains the network. */
  label: string;
  seed: number;
}

/** The experiment that is asked for. Throws ArgumentError for what there is not. */
export function experimentFor({ name, data, scale, reading, inception }: Asked): Experiment {
  const plain = experimentOf(name, data, scale);
  const read = reading === undefined ? plain : withReading(plain, reading);
  return inception === undefined ? read : withFid(read);
}

/** The networks of an experiment that are not made and measured yet, in their order. */
export function networksLeft(of: Omit<NetworkTask, "label" | "seed">): NetworkTask[] {
  const { scale } = of.reproduce;
  const runs = plan(experimentFor(of.reproduce), { ...of, scale });
  const left = runs.filter(({ row, folder }) => !existsSync(folder.file(ownName(row, "scores.json"))));
  const networks = new Map<string, NetworkTask>();
  for (const { row, seed } of left) {
    const label = row.trained ?? row.label;
    networks.set(`${label} ${seed}`, { ...of, label, seed });
  }
  return [...networks.values()];
}

/** Makes and measures a network, from its last checkpoint on. */
export async function makeNetwork(task: NetworkTask, hooks: SessionHooks = {}): Promise<TaskEnd> {
  const { reproduce: asked, seeds, settings, out, label, seed } = task;
  const { signal, onNotice } = hooks;
  const outcome = await reproduce(experimentFor(asked), {
    ...{ scale: asked.scale, seeds, settings, out, version },
    inception: asked.inception === undefined ? undefined : readInceptionFile(asked.inception),
    only: { label, seed },
    hooks: () => hooks,
    ...(onNotice ? { onNotice } : {}),
    ...(signal ? { signal } : {}),
  });
  return outcome.complete ? "done" : "stopped";
}
