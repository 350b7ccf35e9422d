import { NoAdapterError } from "./errors.ts";

/** What is known of an adapter before a device is opened on it. */
export interface AdapterDescription {
  /** The driver's own name of the device, such as "NVIDIA H200" or "llvmpipe (LLVM 15.0.6, 256 bits)". */
  name: string;
  vendor: string;
  architecture: string;
  driver: string;
  /** "software" computes on the CPU. */
  kind: "gpu" | "software";
  /** "vulkan", "metal", "d3d12", or "browser" where the page is not told. */
  backend: string;
  limits: Record<string, number>;
  features: string[];
  /** Whether `openAdapter({})` opens this one. */
  chosen: boolean;
  /** One line on what would be faster; absent on a GPU. */
  hint?: string | undefined;
}

export interface AdapterRequest {
  /** Part of the name or driver, in any case; default: the environment variable HESTENES_ADAPTER. */
  adapter?: string | undefined;
  /** Keep WebGPU's validation and bounds checks; default false. */
  validation?: boolean | undefined;
  /** Choose kernels as `hestenes devices --tune` measured on this machine, where it did; default true. */
  tuned?: boolean | undefined;
  /** Bytes that a binding may hold, if fewer than the adapter's own limit: to try what a smaller one would do. */
  binding?: number | undefined;
  /** Keep where each tensor was made, for `device.memory({ leaks: true })`; default false: it costs 10 µs a tensor. */
  leaks?: boolean | undefined;
}

/**
 * Begins something of Dawn's and waits for it without returning to the event loop: how it ended, or that this runtime
 * has no way to wait.
 */
export type Settle = (begin: () => Promise<unknown>) => "fulfilled" | "rejected" | "unknown";

export interface OpenedAdapter {
  adapter: GPUAdapter;
  info: AdapterDescription;
  requestDevice: (descriptor: GPUDeviceDescriptor) => Promise<GPUDevice>;
  /** Waits for what devices that were requested here do. */
  settle: Settle;
}

/** What each family of software adapters may be called, so that any of its names finds it. */
const softwareFamilies = [
  ["llvmpipe", "lavapipe"],
  ["swiftshader"],
  ["microsoft basic render", "warp"],
] as const;

/** Whether a name, driver or architecture is that of an adapter that computes on the CPU. */
export function isSoftware(text: string): boolean {
  const lower = text.toLowerCase();
  return softwareFamilies.some((family) => family.some((name) => lower.includes(name)));
}

/** Whether `wanted` names the adapter whose names are in `text`: a substring, or another name of its family. */
export function matchesAdapter(text: string, wanted: string): boolean {
  const [lower, part] = [text.toLowerCase(), wanted.trim().toLowerCase()];
  const family = softwareFamilies.find((names) => names.some((name) => lower.includes(name))) ?? [];
  return lower.includes(part) || family.some((name) => name.includes(part));
}

/** Place in the order of choice: 0 for a GPU, 1 for a software adapter of the system, 2 for SwiftShader. */
export function adapterRank(text: string): number {
  if (!isSoftware(text)) return 0;
  return matchesAdapter(text, "swiftshader") ? 2 : 1;
}

/** Said of an adapter that computes on the CPU. */
export const softwareHint = "This adapter computes on the CPU; a GPU is many times faster.";

/** Describes an adapter; `name` and `backend` are what WebGPU itself does not tell, `speedHint` what would be faster. */
export function describeAdapter(
  adapter: GPUAdapter,
  name: string,
  backend: string,
  speedHint: string,
): AdapterDescription {
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  const software = isFallbackAdapter || isSoftware(`${name} ${architecture} ${description}`);
  return {
    name,
    vendor,
    architecture,
    driver: description,
    kind: software ? "software" : "gpu",
    backend,
    limits: readLimits(adapter.limits),
    features: [...adapter.features].sort(),
    chosen: false,
    ...(software ? { hint: speedHint } : {}),
  };
}

/**
 * The error when `wanted`, or with undefined anything at all, was not found; `install` says what to do, `tried` what was
 * looked at.
 */
export function noAdapter(
  wanted: string | undefined,
  names: string[],
  install: string,
  tried: string[],
): NoAdapterError {
  const attempts = tried.length > 0 ? ` Tried: ${tried.join("; ")}.` : "";
  if (wanted !== undefined && names.length > 0) {
    return new NoAdapterError(
      `No adapter's name contains "${wanted}". There is: ${names.join(", ")}. ` +
        `Change HESTENES_ADAPTER or the adapter option, or leave it out.${attempts}`,
    );
  }
  return new NoAdapterError(`No WebGPU adapter was found.${attempts} ${install}`);
}

/** The numbers of a GPUSupportedLimits, whose properties are getters on its prototype. */
function readLimits(limits: GPUSupportedLimits): Record<string, number> {
  const out: Record<string, number> = {};
  for (const key in limits) {
    const value: unknown = Reflect.get(limits, key);
    if (typeof value === "number") out[key] = value;
  }
  return out;
}
