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
  hint?: string;
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

const installHint: Partial<Record<string, string>> = {
  linux:
    "Install a Vulkan driver: the GPU vendor's own (NVIDIA), or Mesa 23 or later " +
    "(Debian, Ubuntu: apt install mesa-vulkan-drivers libvulkan1; Fedora: dnf install mesa-vulkan-drivers " +
    "vulkan-loader). Mesa brings lavapipe, which needs no GPU; on Linux x64 the package @sparticuz/chromium " +
    "brings SwiftShader.",
  darwin:
    "Metal is part of macOS 11 and later; update macOS, and run outside of a virtual machine without a GPU.",
  browser:
    "Turn on hardware acceleration in the browser's settings and update the graphics driver; chrome://gpu or " +
    "about:support say why WebGPU is off.",
  win32: "Direct3D 12 is part of Windows 10 and later; install the GPU vendor's current driver.",
};

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

/** Whether Mesa's lavapipe is installed, and whether the WebGPU implementation takes it. */
export type LavapipeState = "usable" | "refused" | "absent";

/** Describes an adapter; `name` and `backend` are what WebGPU itself does not tell. */
export function describeAdapter(
  adapter: GPUAdapter,
  name: string,
  backend: string,
  lavapipe: LavapipeState,
): AdapterDescription {
  const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
  const software = isFallbackAdapter || isSoftware(`${name} ${architecture} ${description}`);
  const hint = software ? speedHint(name, lavapipe) : undefined;
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
    ...(hint === undefined ? {} : { hint }),
  };
}

/** The error when `wanted`, or with undefined anything at all, was not found; `tried` says what was looked at. */
export function noAdapter(
  wanted: string | undefined,
  names: string[],
  platform: string,
  tried: string[],
): NoAdapterError {
  const attempts = tried.length > 0 ? ` Tried: ${tried.join("; ")}.` : "";
  if (wanted !== undefined && names.length > 0) {
    return new NoAdapterError(
      `No adapter's name contains "${wanted}". There is: ${names.join(", ")}. ` +
        `Change HESTENES_ADAPTER or the adapter option, or leave it out.${attempts}`,
    );
  }
  const install = installHint[platform] ?? `No WebGPU implementation is known for ${platform}.`;
  return new NoAdapterError(`No WebGPU adapter was found.${attempts} ${install}`);
}

/** One line on what is faster than the software adapter `name`. */
export function speedHint(name: string, lavapipe: LavapipeState): string {
  if (!matchesAdapter(name, "swiftshader"))
    return "This adapter computes on the CPU; a GPU is many times faster.";
  if (lavapipe === "usable")
    return "lavapipe, which this machine has, is about 8 times faster than SwiftShader.";
  if (lavapipe === "refused") {
    return (
      "The lavapipe of this machine is not usable, most likely older than Mesa 23; upgrade Mesa " +
      "(Debian 12: apt install -t bookworm-backports mesa-vulkan-drivers) to be about 8 times faster."
    );
  }
  return (
    "Mesa's lavapipe, version 23 or later, is about 8 times faster than SwiftShader " +
    "(Debian, Ubuntu: apt install mesa-vulkan-drivers libvulkan1; " +
    "Fedora: dnf install mesa-vulkan-drivers vulkan-loader)."
  );
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
