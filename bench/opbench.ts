import type { Device } from "../src/device/device.ts";

export interface OpBench {
  name: string;
  cases: { name: string; setup(device: Device): { run(): void; flops?: number; bytes?: number } }[];
}
