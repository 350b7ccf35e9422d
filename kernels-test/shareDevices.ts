import { vi } from "vitest";
import type * as device from "../src/device/device.ts";
import { onSharedGpu } from "./devices.ts";

// All that a test opens in this process, also by way of a command or a run, is on GPUs that are open already.
vi.mock("../src/device/device.ts", async (original) => {
  const real = await original<typeof device>();
  return { ...real, openDevice: onSharedGpu(real) };
});
