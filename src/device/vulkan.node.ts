import { existsSync, readdirSync } from "node:fs";
import { constants, homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { libC, RTLD_NODELETE } from "./libc.node.ts";
import { unpackSwiftShader } from "./swiftshader.node.ts";
import { threadsGiven } from "./threads.node.ts";

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
 * adapters of both kinds live side by side in one process. In a worker, whose environment is a copy, it sees the system's
 * drivers too.
 */
export function withVulkanDrivers<T>(manifest: string | undefined, use: () => T): T {
  if (process.platform !== "linux") return use();
  const changes: Record<string, string> = {};
  if (manifest !== undefined) {
    changes.VK_DRIVER_FILES = manifest;
    changes.VK_ICD_FILENAMES = manifest;
  } else if (systemManifests().length === 0) {
    // With no driver at all the loader would complain on stderr before SwiftShader is tried.
    const bundled = unpackSwiftShader()?.manifest;
    if (bundled !== undefined) changes.VK_ADD_DRIVER_FILES = bundled;
  }
  const threads = threadsGiven();
  if (threads !== undefined && process.env.LP_NUM_THREADS === undefined)
    changes.LP_NUM_THREADS = String(threads);
  // Some builds of Mesa complain without it, even where no window is opened.
  if (process.env.XDG_RUNTIME_DIR === undefined) changes.XDG_RUNTIME_DIR = tmpdir();
  if (!isMainThread) addToProcess({ VK_ADD_DRIVER_FILES: manifest, ...changes });
  return withEnvironment(changes, use);
}

/** Sets of these what is not set yet in the environment of the process. It stays, as other threads may use it. */
function addToProcess({ VK_ADD_DRIVER_FILES, XDG_RUNTIME_DIR }: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries({ VK_ADD_DRIVER_FILES, XDG_RUNTIME_DIR }))
    if (value !== undefined) libC()?.setenv(name, value, 0);
}

/** Whether Mesa's lavapipe is installed, be it too old for Dawn or not. */
export function isLavapipeInstalled(): boolean {
  return systemManifests().some((path) => path.includes("lvp"));
}

/** The drivers that the user set, else those that are added to the ones in the folders where the Vulkan loader looks. */
function systemManifests(): string[] {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, VK_ADD_DRIVER_FILES } = process.env;
  const set = VK_DRIVER_FILES ?? VK_ICD_FILENAMES;
  if (set !== undefined) return set.split(":");
  const { XDG_CONFIG_HOME, XDG_CONFIG_DIRS, XDG_DATA_HOME, XDG_DATA_DIRS } = process.env;
  const roots = [
    XDG_CONFIG_HOME ?? join(homedir(), ".config"),
    ...(XDG_CONFIG_DIRS ?? "/etc/xdg").split(":"),
    "/etc",
    XDG_DATA_HOME ?? join(homedir(), ".local", "share"),
    ...(XDG_DATA_DIRS ?? "/usr/local/share:/usr/share").split(":"),
    "/run/opengl-driver/share",
  ];
  const found = roots
    .map((root) => join(root, "vulkan", "icd.d"))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => path.endsWith(".json"));
  return [...(VK_ADD_DRIVER_FILES?.split(":") ?? []), ...found];
}

function withEnvironment<T>(changes: Record<string, string>, use: () => T): T {
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

/** Where distributions keep libraries, for runtimes that load them by their paths alone. */
const libraryFolders = [
  "/usr/lib",
  "/usr/lib64",
  "/lib",
  `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`,
];

/**
 * Loads a Vulkan loader, which is no Node addon: Node, Bun and Deno say so after the load, each in words of its own, and in
 * Node the library stays. Words of a file that cannot be opened say that there is none.
 */
function loadLibrary(path: string | undefined): boolean {
  if (path === undefined) return false;
  const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
  try {
    process.dlopen({ exports: {} }, path, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
    return true;
  } catch (error) {
    const words = error instanceof Error ? error.message : "";
    if (words.includes("Invalid path"))
      return libraryFolders.some((folder) => existsSync(join(folder, path))); // Deno
    return !words.includes("cannot open shared object file");
  }
}
