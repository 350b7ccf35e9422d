import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What a command said, without colours, and how it ended. */
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
  /** Resolves when what it said holds `text`; rejects if the command ends before. */
  says(text: string): Promise<void>;
}

/** Starts `hestenes` with `args` in a process of its own. */
export function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  return startScript("src/cli/start.ts", args, env);
}

/**
 * A script of this repository as one file of JavaScript in `folder`: for tests that start it many times, of which each
 * start from the sources takes longer than what it does.
 */
export async function compiled(script: string, folder: string): Promise<string> {
  const outfile = join(folder, "as", "deep", "script.mjs"); // as the sources, from where these look for what lies beside them
  for (const name of ["node_modules", "package.json", "shaders", "src"])
    symlinkSync(join(root, name), join(folder, name));
  await build({
    ...{ absWorkingDir: root, entryPoints: [script], outfile, logLevel: "error" },
    ...{ bundle: true, platform: "node", format: "esm", packages: "external", target: "es2023" },
  });
  return outfile;
}

/** Starts a script of this repository, or one that was compiled, with `args` in a process of its own. */
export function startScript(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const sources = script.endsWith(".ts") ? ["--import", "tsx"] : [];
  const child = spawn(process.execPath, [...sources, script, ...args], {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const)
    child[name]
      .setEncoding("utf8")
      .on("data", (text: string) => (said[name] += stripVTControlCharacters(text)));
  const ended = once(child, "close").then(([code, signal]) => ({
    code: (code ?? signal) as number | string,
    ...said,
  }));
  const says = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (said.stdout.includes(text) || said.stderr.includes(text)) resolve();
      };
      for (const name of ["stdout", "stderr"] as const) child[name].on("data", look);
      look();
      void ended.then(({ stderr }) =>
        reject(new Error(`ended without saying ${JSON.stringify(text)}: ${stderr}`)),
      );
    });
  return { process: child, ended, says };
}

/** Runs `hestenes` with `args` to its end. */
export function hestenes(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return start(args, env).ended;
}
