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
import { unpackSwiftShader } from "./swiftshader.node.ts";
import { ensureVulkanLoader, withVulkanDrivers } from "./vulkan.node.ts";

export type { AdapterDescription, AdapterRequest, OpenedAdapter } from "./adapters.ts";
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

/** Dawn works only for as long as what `create` returned is referenced. */
const alive = new Set<GPU>();

/** An adapter by name, and the Vulkan manifest that it comes from where it is not the system's. */
interface Candidate {
  name: string;
  manifest: string | undefined;
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
    if (wanted !== undefined && !matchesAdapter(candidate.name, wanted)) continue;
    const opened = await open(candidate, request.validation ?? false);
    if (opened !== undefined) return opened;
    tried.push(`${candidate.name} (listed, but does not open)`);
  }
  throw noAdapter(wanted, seen, process.platform, tried);
}

/** Describes every adapter, best first; `chosen` marks the one that `openAdapter` opens by itself. */
export async function listAdapters(): Promise<AdapterDescription[]> {
  const wanted = process.env.HESTENES_ADAPTER || undefined;
  const found: AdapterDescription[] = [];
  for await (const candidate of candidates([])) {
    const opened = await open(candidate, false);
    if (opened === undefined) continue;
    opened.release();
    const fits = wanted === undefined || matchesAdapter(candidate.name, wanted);
    found.push({ ...opened.info, chosen: fits && !found.some(({ chosen }) => chosen) });
  }
  return found;
}

/** All adapters in the order of choice; SwiftShader is unpacked only when the others do not do. */
async function* candidates(tried: string[]): AsyncGenerator<Candidate> {
  if (!ensureVulkanLoader()) tried.push("the Vulkan loader libvulkan.so.1 (not found)");
  const names = await adapterNames(undefined);
  if (names.length === 0) tried.push(`the system's ${BACKEND} drivers (no adapter that Dawn accepts)`);
  names.sort((a, b) => adapterRank(a) - adapterRank(b));
  for (const name of names) yield { name, manifest: undefined };
  if (names.some((name) => matchesAdapter(name, "swiftshader"))) return;
  const manifest = unpackSwiftShader()?.manifest;
  if (manifest === undefined) {
    tried.push("SwiftShader of the package @sparticuz/chromium (Linux x64 only, or not installed)");
    return;
  }
  for (const name of await adapterNames(manifest)) yield { name, manifest };
}

/** The names of the adapters that Dawn sees: it lists them where none has the name asked for. */
async function adapterNames(manifest: string | undefined): Promise<string[]> {
  try {
    await request(["adapter=\u0001"], manifest).adapter;
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return [...message.matchAll(/^ \* backend: '[^']*', name: '(.*)'$/gm)].flatMap(([, name]) => name ?? []);
  }
}

async function open({ name, manifest }: Candidate, validation: boolean): Promise<OpenedAdapter | undefined> {
  const enabled = ["allow_unsafe_apis", ...(validation ? [] : UNCHECKED)].join();
  const flags = [
    `adapter=${name}`,
    `enable-dawn-features=${enabled}`,
    "disable-dawn-features=timestamp_quantization",
  ];
  const requested = request(flags, manifest);
  alive.add(requested.gpu);
  const release = () => void alive.delete(requested.gpu);
  const adapter = await requested.adapter.catch(() => null);
  if (adapter !== null) return { adapter, info: describeAdapter(adapter, name, BACKEND), release };
  release();
  return undefined;
}

/** Drivers load inside of `requestAdapter`, before it returns its promise. */
function request(
  flags: string[],
  manifest: string | undefined,
): { gpu: GPU; adapter: Promise<GPUAdapter | null> } {
  return withVulkanDrivers(manifest, () => {
    const gpu = create([`backend=${BACKEND}`, ...flags]);
    return { gpu, adapter: gpu.requestAdapter({ powerPreference: "high-performance" }) };
  });
}
