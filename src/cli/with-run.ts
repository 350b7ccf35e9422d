import { Command } from "commander";
import { ArgumentError } from "../device/errors.ts";
import { RunFolder } from "../runs/run-folder.node.ts";
import { openSession, type Session } from "../runs/session.node.ts";
import { UsageError } from "./usage.ts";

/** Flags of the commands that take a run. */
export interface RunFlags {
  adapter?: string;
  path?: string;
  json?: boolean;
}

/** Opens a run that has been trained, its basis in place, for `body`. */
export async function withRun(
  path: string,
  flags: RunFlags,
  body: (session: Session) => Promise<void>,
): Promise<void> {
  const folder = new RunFolder(path);
  if (!folder.exists)
    throw new UsageError(
      `${path} holds no run: there is no config.json in it; train one with: hestenes train --out ${path}`,
    );
  const { adapter, path: data } = flags;
  const config = { ...folder.config(), ...(adapter ? { adapter } : {}), ...(data ? { path: data } : {}) };
  const session = await openSession(folder, config);
  const { model, trainer } = session;
  try {
    if (trainer.step === 0)
      throw new ArgumentError(
        `${path} holds no trained model yet; train it with: hestenes train --out ${path}`,
      );
    const hasBasis = session.isDone && model.truncation?.basis; // before that, it is of an earlier step
    if (model.truncation && !hasBasis) await session.fitBasis(config.basisCount);
    await body(session);
  } finally {
    session.close();
  }
}

/** A command that takes a run. */
export function runCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument("<run>", "a run folder, as `hestenes train` writes it")
    .option("--adapter <name>", "the adapter to use, by part of its name")
    .option("--path <folder>", "where the data set is now, if it moved")
    .option("--json", "print the result as JSON");
}
