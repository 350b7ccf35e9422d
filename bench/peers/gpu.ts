import { globals } from "webgpu";
import { openAdapter } from "#gpu";

/**
 * Gives libraries that were written for browsers the WebGPU of Node: the GPU* classes and constants,
 * and a `navigator.gpu` whose every adapter is the one called `adapter`, opened as hestenes opens
 * it (with Dawn's checks off). Call it before they are imported: they look when they are loaded.
 */
export function installGpu(adapter: string): void {
  Object.assign(globalThis, globals);
  const gpu = {
    async requestAdapter(): Promise<GPUAdapter> {
      const opened = await openAdapter({ adapter });
      return opened.adapter;
    },
  };
  const value = { gpu, userAgent: `Node.js/${process.versions.node}`, hardwareConcurrency: 2 };
  Object.defineProperty(globalThis, "navigator", { value, configurable: true, writable: true });
}
