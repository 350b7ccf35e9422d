import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeNpy } from "../../src/data/npy.ts";
import { completeConfig, type Config, type PartialConfig } from "../../src/train/config.ts";
import { RunFolder } from "../../src/runs/run-folder.node.ts";
import { runSession } from "../../src/runs/run-session.node.ts";
import type { Progress, SessionHooks } from "../../src/runs/session.node.ts";
import { temporaryFolder } from "../data/files.ts";
import { rounded, values } from "../check.ts";

/** `count` samples of `shape`, near a plane, as a `.npy` file. */
export function samplesFile(folder: string, count = 60, shape: readonly number[] = [6]): string {
  const size = shape.reduce((a, b) => a * b, 1);
  const [place, ...axes] = [values(2 * count, 1), values(size, 2), values(size, 3)];
  const stored = rounded(
    Array.from({ length: count * size }, (_, at) => {
      const [n, i] = [Math.floor(at / size), at % size];
      return 1 + place[2 * n]! * axes[0][i]! + 0.5 * place[2 * n + 1]! * axes[1][i]! ** 2;
    }),
  );
  const path = join(folder, `samples-${count}-${shape.join("x")}.npy`);
  writeFileSync(path, writeNpy(Float32Array.from(stored), [count, ...shape]));
  return path;
}

/** A configuration of a small run on vectors, and a folder for it. */
export function smallRun(given: PartialConfig = {}): { folder: RunFolder; config: Config } {
  const folder = temporaryFolder();
  const path = given.path ?? samplesFile(folder);
  const small = { data: "npy", path, batch: 8, latent: 5, rank: 2, steps: 12, rate: 3e-3 } as const;
  const config = completeConfig({ ...small, ...given, path });
  return { folder: new RunFolder(join(folder, "run")), config };
}

/** What has to be the same, to the last bit, of two runs that took the same steps. */
export function outcome(folder: RunFolder): object {
  const bytes = (name: string) => readFileSync(folder.file(`checkpoint/${name}`)).toString("base64");
  return {
    history: folder.history().map((line) => ({ ...line, seconds: undefined })),
    model: bytes("model.safetensors"),
    optimizer: bytes("optimizer.safetensors"),
    state: bytes("state.json"),
  };
}

/** Trains to the end, or to where the hooks stop it, and closes the device. */
export async function train(run: ReturnType<typeof smallRun>, hooks: SessionHooks = {}): Promise<RunFolder> {
  const session = await runSession(run.folder, run.config, hooks);
  session.close();
  return run.folder;
}

/** Hooks that stop the run after the step that is the `step`-th. */
export function stopAt(step: number): SessionHooks {
  const controller = new AbortController();
  const onProgress = ({ line }: Progress) => {
    if (line.step === step) controller.abort();
  };
  return { signal: controller.signal, onProgress };
}
