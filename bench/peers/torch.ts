import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine, Inputs, Prepared } from "../engine.ts";
import { BETA, RAE, RATE } from "../hestenesStep.ts";
import type { Task } from "../tasks.ts";
import { bytesOf, openPython, type PythonPeer } from "./python.ts";

interface Answer {
  losses?: number[];
  error?: string;
}

/** PyTorch in a process of its own, which takes training steps when it is told to. `python` is a Python that has it. */
export async function openTorch(python: string): Promise<Engine> {
  return new TorchEngine(await openPython(python, "torchSteps.py"));
}

class TorchEngine implements Engine {
  readonly name = "torch";
  readonly #peer: PythonPeer;

  constructor(peer: PythonPeer) {
    this.#peer = peer;
  }

  takes({ kind }: Task): boolean {
    return kind === "step";
  }

  async prepare({ shape }: Task, inputs: Inputs): Promise<Prepared> {
    const folder = mkdtempSync(join(tmpdir(), "hestenes-torch-"));
    try {
      let first = 0;
      const places = Object.entries(inputs).map(([name, { shape: extents, data }]) => {
        const place = [name, extents, first] as const;
        first += data.length;
        return place;
      });
      const weights = { rate: RATE, beta: BETA, ...RAE };
      writeFileSync(join(folder, "task.json"), JSON.stringify({ shape, weights, inputs: places }));
      writeFileSync(join(folder, "inputs.bin"), bytesOf(Object.values(inputs).map(({ data }) => data)));
      const losses = await this.#ask({ folder });
      return {
        run: async () => void (await this.#ask({})),
        answer: () => Promise.resolve([Float32Array.from(losses)]),
        dispose: () => undefined, // the next task takes its place
      };
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  close(): void {
    this.#peer.close();
  }

  async #ask(message: object): Promise<number[]> {
    const { losses, error } = (await this.#peer.ask(JSON.stringify(message))) as Answer;
    if (!losses) throw new Error(error);
    return losses;
  }
}
