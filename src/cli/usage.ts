/** Options or arguments that make no sense: the command ends with exit code 2. */
export class UsageError extends Error {}

/** Parses the value of `flag` as a number. */
export function number(flag: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === "" || Number.isNaN(value))
      throw new UsageError(`${flag} takes a number, not "${text}"`);
    return value;
  };
}

/** Parses the value of `flag` as a whole number from `least` to `most`. */
export function whole(flag: string, least = 1, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? NaN : Number(text);
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      const to = most === Number.MAX_SAFE_INTEGER ? "" : ` to ${most}`;
      throw new UsageError(`${flag} takes a whole number from ${least}${to}, not "${text}"`);
    }
    return value;
  };
}

/** Ends the process quietly when whoever reads its output has gone, as `head` does; call it once. */
export function endWithReader(): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit();
      throw error;
    });
}

/** Prints `value` as JSON on standard output. */
export function printJson(value: unknown): void {
  process.stdout.write(JSON.stringify(value, null, 2) + "\n");
}

/** An AbortSignal for Ctrl-C: the first one asks for an orderly end, the second ends at once. */
export function interruptSignal(onFirst: () => void): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    onFirst();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  return {
    signal: controller.signal,
    release: () => {
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
    },
  };
}
