import { expect, test } from "vitest";
import { openDevice } from "../../src/device/device.ts";
import { tensor } from "../../src/tensor/tensor.ts";

test("an open device that does nothing uses less than a tenth of a core", async () => {
  const device = await openDevice({ validation: true });
  await tensor(device, [1]).read();
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(100);
  device.close();
});
