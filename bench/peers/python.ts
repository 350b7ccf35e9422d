import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A script of this folder in a Python that has PyTorch: it writes a line of JSON when it begins, and one for each that it reads. */
export interface PythonPeer {
  /** Its first line. */
  readonly first: unknown;
  /** Sends a line, and waits for the one that answers it. */
  ask(line: string): Promise<unknown>;
  close(): void;
}

/** Starts `script` with a Python. Throws where that is not there, or ends before it answers. */
export async function openPython(python: string, script: string, ...args: string[]): Promise<PythonPeer> {
  const child = spawn(python, [join(import.meta.dirname, script), ...args], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const failed = new Promise<never>((_, reject) => child.once("error", reject));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<unknown> => {
    const line: IteratorResult<string, undefined> = await lines.next();
    if (line.done) throw new Error(`${python} ended; it has to have PyTorch`);
    return JSON.parse(line.value);
  };
  return {
    first: await Promise.race([next(), failed]),
    async ask(line) {
      child.stdin.write(`${line}\n`);
      return next();
    },
    close: () => void child.kill(),
  };
}

/** All numbers, one after the other, as a file of f32 has them. */
export function bytesOf(all: readonly Float32Array[]): Buffer {
  return Buffer.concat(all.map((one) => Buffer.from(one.buffer, one.byteOffset, one.byteLength)));
}
