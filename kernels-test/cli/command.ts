import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What a command said and how it ended. */
export interface Ended {
  /** Exit code, or the signal that ended it. */
  code: number | string;
  stdout: string;
  stderr: string;
}

/** A command under way. */
export interface Running {
  process: ChildProcess;
  ended: Promise<Ended>;
  /** Resolves when standard error holds `text`; rejects if the command ends before. */
  says(text: string): Promise<void>;
}

/** Starts `hestenes` with `args` in a process of its own. */
export function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, ["--import", "tsx", "src/cli/start.ts", ...args], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name].setEncoding("utf8").on("data", (text: string) => (said[name] += text));
  const ended = once(child, "close").then(([code, signal]) => ({
    code: (code ?? signal) as number | string,
    ...said,
  }));
  const says = async (text: string) => {
    const over = ended.then(({ stderr }) => {
      if (!stderr.includes(text)) throw new Error(`ended without saying ${JSON.stringify(text)}: ${stderr}`);
    });
    while (!said.stderr.includes(text)) await Promise.race([over, once(child.stderr, "data")]);
  };
  return { process: child, ended, says };
}

/** Runs `hestenes` with `args` to its end. */
export function hestenes(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return start(args, env).ended;
}
