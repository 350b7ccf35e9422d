import type { AdapterRequest } from "../src/device/adapters.ts";
import type * as device from "../src/device/device.ts";

type Module = Pick<typeof device, "Device" | "openDevice">;

/** By what was asked for: a device that stays open as long as this process, for its GPU and what is compiled on it. */
const opened = new Map<string, Promise<device.Device>>();

/**
 * Opens devices of which those that ask for the same adapter share one GPU, so that each kernel is compiled once: of what
 * software adapters do in tests, that is a large part. Each has memory, launches and counts of its own. `close` leaves the
 * GPU open; one that is lost is replaced for those who ask next.
 */
export function onSharedGpu({ Device, openDevice }: Module): typeof openDevice {
  const openFirst = async (key: string, request: AdapterRequest) => {
    const device = await openDevice(request);
    void device.gpu.lost.then(() => opened.delete(key));
    return device;
  };
  return async (request = {}) => {
    const { binding, leaks, adapter = "", validation = false, tuned = true } = request;
    if (binding !== undefined && binding < 256) return openDevice(request); // refused
    const key = JSON.stringify([adapter, validation, tuned]);
    const first = opened.get(key) ?? openFirst(key, { adapter, validation, tuned });
    opened.set(key, first);
    first.catch(() => opened.delete(key));
    const { gpu, info, tuning, pipelines, queue } = await first;
    const settle: device.DeviceOptions["settle"] = (begin) => queue.settle(begin);
    const device = new Device(gpu, info, { settle, tuning, binding, leaks, pipelines });
    const end = () => device.queue.close();
    device.close = () => void device.trim().then(end, end); // nothing is left to trim of a device that is lost
    return device;
  };
}
