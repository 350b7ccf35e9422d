import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread } from "node:worker_threads";
import { create } from "webgpu";
import {
  adapterRank,
  describeAdapter,
  matchesAdapter,
  noAdapter,
  type AdapterDescription,
  type AdapterRequest,
  type OpenedAdapter,
} from "./adapters.ts";
import { installHint, speedHint, type LavapipeState } from "./adapterHints.node.ts";
import { withoutDawnsWarnings } from "./stderr.node.ts";
import { unpackSwiftShader } from "./swiftshader.node.ts";
import { threadsGiven, withThreadsOfSwiftShader } from "./threads.node.ts";
import { Poller } from "./wait.node.ts";
import { ensureVulkanLoader, isLavapipeInstalled, withVulkanDrivers } from "./vulkan.node.ts";

export type { AdapterDescription, AdapterRequest, OpenedAdapter } from "./adapters.ts";
export { readTuning } from "./tuning.node.ts";
export { waitFor } from "./wait.node.ts";

/** The best backend of the platform; Dawn's others on it show the same devices again. */
const BACKEND = process.platform === "darwin" ? "metal" : process.platform === "win32" ? "d3d12" : "vulkan";

/** Kernels stay in bounds by construction, so by default Dawn need not check them. */
const UNCHECKED = [
  "disable_robustness",
  "skip_validation",
  "disable_workgroup_init",
  "disable_polyfills_on_integer_div_and_mod",
];

/**
 * What `create` returned, by its flags and drivers. Dawn aborts the process when one is collected while anything of
 * it is under way, also after its devices were destroyed, so they stay for as long as the process does.
 */
const instances = new Map<string, { gpu: GPU; poller: Poller }>();

/** An adapter by name, and the Vulkan manifest that it comes from where it is not the system's. */
interface Candidate {
  name: string;
  manifest: string | undefined;
  lavapipe: LavapipeState;
}

/**
 * Opens the adapter that the request or HESTENES_ADAPTER names, else a GPU, else a software adapter of the system,
 * else the SwiftShader that comes along on Linux x64.
 *
 * @throws NoAdapterError that says what there is, what was tried and what to install.
 */
export async function openAdapter(request: AdapterRequest = {}): Promise<OpenedAdapter> {
  const wanted = request.adapter || process.env.HESTENES_ADAPTER || undefined;
  const tried: string[] = [];
  const seen: string[] = [];
  for await (const candidate of candidates(tried)) {
    seen.push(candidate.name);
    const opened = await open(candidate, request.validation ?? false);
    if (opened === undefined) tried.push(`${candidate.name} (listed, but does not open)`);
    else if (fits(opened.info, wanted)) return { ...opened, info: { ...opened.info, chosen: true } };
  }
  throw noAdapter(wanted, seen, installHint(process.platform), tried);
}

/** Describes every adapter, best first; `chosen` marks the one that `openAdapter({})` opens. */
export async function listAdapters(): Promise<AdapterDescription[]> {
  const found: AdapterDescription[] = [];
  for await (const candidate of candidates([])) {
    const opened = await open(candidate, false);
    if (opened !== undefined) found.push(opened.info);
  }
  const chosen = found.find((info) => fits(info, process.env.HESTENES_ADAPTER || undefined));
  return found.map((info) => ({ ...info, chosen: info === chosen }));
}

function fits({ name, driver }: AdapterDescription, wanted: string | undefined): boolean {
  return wanted === undefined || matchesAdapter(`${name} ${driver}`, wanted);
}

/** All adapters in the order of choice; SwiftShader is unpacked only when those before it do not do. */
async function* candidates(tried: string[]): AsyncGenerator<Candidate> {
  threadsGiven(); // throws where that is no number, before errors are taken for adapters that are not there
  if (!ensureVulkanLoader()) {
    tried.push("the Vulkan loader libvulkan.so.1 (not found)");
    return;
  }
  const names = await adapterNames(undefined);
  if (names.length === 0) tried.push(`the system's ${BACKEND} drivers (no adapter that Dawn accepts)`);
  names.sort((a, b) => adapterRank(a) - adapterRank(b));
  const usable = names.some((name) => matchesAdapter(name, "lavapipe"));
  const lavapipe = usable ? "usable" : isLavapipeInstalled() ? "refused" : "absent";
  for (const name of names) yield { name, manifest: undefined, lavapipe };
  if (names.some((name) => matchesAdapter(name, "swiftshader"))) return;
  const manifest = unpackSwiftShader()?.manifest;
  if (manifest === undefined) {
    tried.push("SwiftShader of the package @sparticuz/chromium (only on Linux x64, and not found)");
    return;
  }
  const own = (await adapterNames(manifest)).filter((name) => !names.includes(name));
  if (own.length === 0 && !isMainThread)
    tried.push(
      "SwiftShader (a worker finds it by the optional package ffi-rs, or with `new Worker(file, { env: SHARE_ENV })`)",
    );
  for (const name of own) yield { name, manifest, lavapipe };
}

/** The names of the adapters that Dawn sees: it lists them where none has the name asked for. */
async function adapterNames(manifest: string | undefined): Promise<string[]> {
  try {
    await request(["adapter=\u0001"], manifest).requested;
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return [...message.matchAll(/^ \* backend: '[^']*', name: '(.*)'$/gm)].flatMap(([, name]) => name ?? []);
  }
}

async function open(candidate: Candidate, validation: boolean): Promise<OpenedAdapter | undefined> {
  const { name, manifest, lavapipe } = candidate;
  const enabled = ["allow_unsafe_apis", ...(validation ? [] : UNCHECKED)].join();
  const { requested, poller } = request(
    [`adapter=${name}`, `enable-dawn-features=${enabled}`, "disable-dawn-features=timestamp_quantization"],
    manifest,
  );
  const adapter = await requested.catch(() => null);
  if (adapter === null) return undefined;
  const info = describeAdapter(adapter, name, BACKEND, speedHint(name, lavapipe));
  const isSwiftShader = matchesAdapter(name, "swiftshader");
  return {
    adapter,
    info,
    requestDevice: (descriptor) =>
      poller.watch(() => {
        const begin = () => adapter.requestDevice(descriptor);
        return isSwiftShader ? withThreadsOfSwiftShader(begin) : begin();
      }),
    settle: (begin) => poller.settle(begin),
  };
}

/** Drivers load inside of `requestAdapter`, before it returns its promise. */
function request(
  flags: string[],
  manifest: string | undefined,
): { requested: Promise<GPUAdapter | null>; poller: Poller } {
  return withVulkanDrivers(manifest, () => {
    const key = JSON.stringify([flags, manifest, process.env.VK_DRIVER_FILES, process.env.VK_ICD_FILENAMES]);
    const made = instances.get(key) ?? {
      gpu: create([`backend=${BACKEND}`, ...flags]),
      poller: new Poller(),
    };
    instances.set(key, made);
    const { gpu, poller } = made;
    const requested = withoutDawnsWarnings(() => gpu.requestAdapter({ powerPreference: "high-performance" }));
    return { requested, poller };
  });
}

let collect: (() => void) | undefined;

/** Runs JavaScript's garbage collector, which does not see how much device memory its objects hold. */
export function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("typeof gc === 'function' ? gc : () => {}") as () => void;
  }
  collect();
}
