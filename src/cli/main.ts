import { Command, CommanderError, InvalidArgumentError, type Argument, type Option } from "commander";
import { hint } from "../device/arguments.ts";
import { HestenesError } from "../device/errors.ts";
import { dataCommand } from "./data.ts";
import { devicesCommand } from "./devices.ts";
import { evaluateCommand, interpolateCommand, sampleCommand } from "./inspect.ts";
import { isSystemError } from "../runs/files.node.ts";
import { endWithReader, UsageError } from "./usage.ts";
import { exportCommand, importCommand } from "./export.ts";
import { reproduceCommand } from "./reproduce.ts";
import { svdCommand } from "./svd.ts";
import { version } from "../device/version.node.ts";
import { sweepCommand } from "./sweep.ts";
import { trainCommand } from "./train.ts";
import { workerCommand } from "./worker.ts";
import { systemWords } from "../device/systemWords.ts";

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
    exportCommand(),
    importCommand(),
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
    if (isSystemError(error)) {
      process.stderr.write(`hestenes: ${error.path ? `${error.path}: ` : ""}${systemWords(error)}\n`);
      return 1;
    }
    if (error instanceof HestenesError) {
      process.stderr.write(`hestenes: ${error.message}\n`);
      return 1;
    }
    throw error;
  }
}

/** Makes what has choices suggest the one that is like a name which is none. */
function suggest(each: Option | Argument): void {
  const { parseArg, argChoices } = each;
  if (!parseArg || !argChoices) return;
  each.parseArg = <T>(text: string, previous: T): T => {
    try {
      return parseArg(text, previous);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw new InvalidArgumentError(`${error.message}${hint(text, argChoices)}`);
    }
  };
}

/** Makes a command and those within it report wrong usage to `main`. */
function explainErrors(command: Command): Command {
  for (const inner of command.commands) explainErrors(inner);
  for (const each of [...command.options, ...command.registeredArguments]) suggest(each);
  return command.exitOverride().showHelpAfterError("(add --help for the options)");
}
