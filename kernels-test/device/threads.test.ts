import { readdirSync, readFileSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { openDevice } from "../../src/device/device.ts";
import { ArgumentError } from "../../src/device/errors.ts";

test.runIf(process.platform === "linux")(
  "a software adapter takes as many threads as HESTENES_THREADS says, whatever the machine has",
  async () => {
    const folder = process.cwd();
    vi.stubEnv("LP_NUM_THREADS", undefined);
    vi.stubEnv("HESTENES_THREADS", "many");
    await expect(openDevice()).rejects.toThrow(ArgumentError);
    vi.stubEnv("HESTENES_THREADS", "5");
    const device = await openDevice();
    const names = readdirSync("/proc/self/task").map((id) =>
      readFileSync(`/proc/self/task/${id}/comm`, "utf8"),
    );
    const own = names.filter((name) => /^(llvmpipe-\d|Thread<\d)/.test(name));
    expect(own).toHaveLength(device.info.kind === "software" ? 5 : 0);
    expect(process.cwd()).toBe(folder);
    device.close();
  },
);
