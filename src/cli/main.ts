import { Command, CommanderError } from "commander";
import { HestenesError } from "../device/errors.ts";
import { dataCommand } from "./data.ts";
import { devicesCommand } from "./devices.ts";
import { evaluateCommand, interpolateCommand, sampleCommand } from "./inspect.ts";
import { isSystemError } from "../runs/files.node.ts";
import { endWithReader, UsageError } from "./usage.ts";
import { reproduceCommand } from "./reproduce.ts";
import { svdCommand } from "./svd.ts";
import { version } from "../device/version.node.ts";
import { sweepCommand } from "./sweep.ts";
import { trainCommand } from "./train.ts";
import { workerCommand } from "./worker.ts";

endWithReader();

/** Runs the command line; resolves to the exit code: 0 success, 1 failure, 2 wrong usage. */
export async function main(args: readonly string[]): Promise<number> {
  const program = explainErrors(new Command("hestenes"))
    .description(
      "Train and use rank-reduction autoencoders on any GPU, or on the software one that comes along.",
    )
    .version(version);
  for (const command of [
    trainCommand(),
    evaluateCommand(),
    sampleCommand(),
    interpolateCommand(),
    reproduceCommand(),
    sweepCommand(),
    workerCommand(),
    dataCommand(),
    svdCommand(),
    devicesCommand(),
  ])
    program.addCommand(explainErrors(command));
  try {
    await program.parseAsync([...args], { from: "user" });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UsageError) {
      process.stderr.write(`hestenes: ${error.message}\n`);
      return 2;
    }
    if (error instanceof HestenesError || isSystemError(error)) {
      process.stderr.write(`hestenes: ${error.message}\n`);
      return 1;
    }
    throw error;
  }
}

/** Makes a command and those within it report wrong usage to `main`. */
function explainErrors(command: Command): Command {
  for (const inner of command.commands) explainErrors(inner);
  return command.exitOverride().showHelpAfterError("(add --help for the options)");
}
