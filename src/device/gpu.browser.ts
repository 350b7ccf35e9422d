import {
  describeAdapter,
  matchesAdapter,
  noAdapter,
  softwareHint,
  type AdapterDescription,
  type AdapterRequest,
  type OpenedAdapter,
} from "./adapters.ts";
import { NoAdapterError } from "./errors.ts";

export type { AdapterDescription, AdapterRequest, OpenedAdapter } from "./adapters.ts";

/** What a page can ask for, best first; a browser does not list its adapters. */
const CHOICES: GPURequestAdapterOptions[] = [
  { powerPreference: "high-performance" },
  { powerPreference: "low-power" },
  { forceFallbackAdapter: true },
];

/**
 * Opens the browser's adapter that the request names, else its fastest. Browsers do not let a page turn validation
 * off, so `validation` changes nothing.
 *
 * @throws NoAdapterError where the browser has no WebGPU, or none of its adapters fits.
 */
export async function openAdapter(request: AdapterRequest = {}): Promise<OpenedAdapter> {
  const wanted = request.adapter || undefined;
  const found = await findAdapters();
  const best = found.find(
    ({ info }) => wanted === undefined || matchesAdapter(`${info.name} ${info.driver}`, wanted),
  );
  if (best === undefined)
    throw noAdapter(
      wanted,
      found.map(({ info }) => info.name),
      "Turn on hardware acceleration in the browser's settings; chrome://gpu or " +
        "about:support say why WebGPU is off.",
      ["navigator.gpu"],
    );
  const { adapter, info } = best;
  return {
    adapter,
    info: { ...info, chosen: true },
    requestDevice: (descriptor) => adapter.requestDevice(descriptor),
    settle: () => "unknown",
  };
}

/** Describes the adapters that the browser offers, best first. */
export async function listAdapters(): Promise<AdapterDescription[]> {
  return (await findAdapters()).map(({ info }, index) => ({ ...info, chosen: index === 0 }));
}

/** A page keeps no measured choices of kernels: it takes those that come with hestenes. */
export function readTuning(_: AdapterDescription): { choices: ReadonlyMap<string, string> } | undefined {
  return undefined;
}

/** A page cannot ask for it. */
export function collectGarbage(): void {}

/** Resolves like `promise`: a browser waits without polling. */
export function waitFor<T>(promise: Promise<T>): Promise<T> {
  return promise;
}

async function findAdapters(): Promise<{ adapter: GPUAdapter; info: AdapterDescription }[]> {
  const gpu = (navigator as Partial<Navigator>).gpu;
  if (gpu === undefined) {
    throw new NoAdapterError(
      "This browser has no WebGPU (navigator.gpu is missing). Use Chrome or Edge 113, Safari 26 or Firefox 141, " +
        "or later, and open the page over https or from localhost.",
    );
  }
  const offers = await Promise.all(CHOICES.map((choice) => gpu.requestAdapter(choice)));
  const found = new Map<string, { adapter: GPUAdapter; info: AdapterDescription }>();
  for (const adapter of offers) {
    if (adapter === null) continue;
    const info = describeAdapter(adapter, adapterName(adapter.info), "browser", softwareHint);
    const key = [info.name, info.driver, info.kind].join("\n");
    if (!found.has(key)) found.set(key, { adapter, info });
  }
  return [...found.values()];
}

/** The fullest name that the browser tells; most tell only the vendor and the architecture. */
function adapterName({ vendor, architecture, device, description }: GPUAdapterInfo): string {
  return description || device || `${vendor} ${architecture}`.trim() || "unnamed adapter";
}
