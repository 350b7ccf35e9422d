import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { constants } from "node:os";
import { unpackSwiftShader } from "./swiftshader.node.ts";

/** glibc's flag that keeps a library loaded after its handle is closed. */
const RTLD_NODELETE = 0x1000;

let loaderReady: boolean | undefined;

/**
 * Makes sure on Linux that Dawn will find a Vulkan loader: the system's, else the one that comes with SwiftShader.
 * Returns whether there is one.
 */
export function ensureVulkanLoader(): boolean {
  if (process.platform !== "linux") return true;
  loaderReady ??= loadLibrary("libvulkan.so.1") || loadLibrary(unpackSwiftShader()?.loader);
  return loaderReady;
}

/**
 * Runs `use` while the Vulkan loader sees only the drivers of `manifest`, or with undefined the system's own (and
 * those that the user set in VK_DRIVER_FILES). The loader reads the environment whenever an instance is made, so
 * adapters of both kinds live side by side in one process.
 */
export function withVulkanDrivers<T>(manifest: string | undefined, use: () => T): T {
  const changes: Record<string, string> = {};
  if (manifest !== undefined) {
    changes.VK_DRIVER_FILES = manifest;
    changes.VK_ICD_FILENAMES = manifest;
  }
  // Mesa's window-system code complains without it, even where no window is opened.
  if (process.platform === "linux" && process.env.XDG_RUNTIME_DIR === undefined)
    changes.XDG_RUNTIME_DIR = tmpdir();
  const before = Object.keys(changes).map((key) => [key, process.env[key]] as const);
  Object.assign(process.env, changes);
  try {
    return use();
  } finally {
    for (const [key, value] of before) {
      if (value === undefined) delete process.env[key];
      else process.env[key] = value;
    }
  }
}

/** Whether Mesa's lavapipe is installed, be it too old for Dawn or not. */
export function hasLavapipeManifest(): boolean {
  return ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"]
    .filter((folder) => existsSync(folder))
    .some((folder) => readdirSync(folder).some((name) => name.startsWith("lvp_icd")));
}

/** Loads a library that is no Node addon: Node says so after the load, and the library stays. */
function loadLibrary(path: string | undefined): boolean {
  if (path === undefined) return false;
  const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
  try {
    process.dlopen({ exports: {} }, path, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
    return true;
  } catch (error) {
    return error instanceof Error && error.message.includes("did not self-register");
  }
}
