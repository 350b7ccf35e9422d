import type { Reporter, TestModule } from "vitest/node";

/** Names the files whose tests took longest, at the end of a run of more than `count` files. */
export class SlowestFiles implements Reporter {
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  onTestRunEnd(files: readonly TestModule[]): void {
    if (files.length <= this.#count) return;
    const lines = files
      .map((file) => ({ file, seconds: seconds(file) }))
      .sort((a, b) => b.seconds - a.seconds)
      .slice(0, this.#count)
      .map(({ file, seconds }) => `${seconds.toFixed(1).padStart(7)} s  ${file.relativeModuleId}`);
    process.stdout.write(`\nThe ${this.#count} slowest files:\n${lines.join("\n")}\n`);
  }
}

/** Seconds that a file took: to load it, and for its tests and hooks. */
function seconds(file: TestModule): number {
  const { prepareDuration, environmentSetupDuration, collectDuration, setupDuration, duration } =
    file.diagnostic();
  return (prepareDuration + environmentSetupDuration + collectDuration + setupDuration + duration) / 1000;
}
