import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Engine, Inputs, Prepared } from "../engine.ts";
import { BETA, RAE, RATE } from "../hestenesStep.ts";
import type { Task } from "../tasks.ts";

interface Answer {
  losses?: number[];
  error?: string;
}

/** PyTorch in a process of its own, which takes training steps when it is told to. `python` is a Python that has it. */
export async function openTorch(python: string): Promise<Engine> {
  const script = join(import.meta.dirname, "torchSteps.py");
  const child = spawn(python, [script], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const line: IteratorResult<string, undefined> = await lines.next();
    if (line.done) throw new Error(`${python} ended; it has to have PyTorch`);
    return JSON.parse(line.value) as Answer;
  };
  const failed = new Promise<never>((_, reject) => child.once("error", reject));
  await Promise.race([next(), failed]);
  return new TorchEngine(child, async (message) => {
    child.stdin.write(JSON.stringify(message) + "\n");
    const { losses, error } = await next();
    if (!losses) throw new Error(error);
    return losses;
  });
}

class TorchEngine implements Engine {
  readonly name = "torch";
  readonly #child: ChildProcess;
  readonly #ask: (message: object) => Promise<number[]>;

  constructor(child: ChildProcess, ask: (message: object) => Promise<number[]>) {
    this.#child = child;
    this.#ask = ask;
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
      const bytes = Object.values(inputs).map(({ data }) =>
        Buffer.from(data.buffer, data.byteOffset, data.byteLength),
      );
      writeFileSync(join(folder, "inputs.bin"), Buffer.concat(bytes));
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
    this.#child.kill();
  }
}
