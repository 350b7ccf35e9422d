import { vi } from "vitest";
import { main } from "../../src/cli/main.ts";
import type { Ended } from "./command.ts";

/** Runs `hestenes` with `args` in this process. */
export async function run(...args: string[]): Promise<Ended> {
  const said = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      said[name] += String(text);
      return true;
    }),
  );
  try {
    return { code: await main(args), ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
