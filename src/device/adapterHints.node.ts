import { matchesAdapter, softwareHint } from "./adapters.ts";

/** Whether Mesa's lavapipe is installed, and whether the WebGPU implementation takes it. */
export type LavapipeState = "usable" | "refused" | "absent";

const installHints: Partial<Record<string, string>> = {
  linux:
    "Install a Vulkan driver: the GPU vendor's own (NVIDIA), or Mesa 23 or later " +
    "(Debian, Ubuntu: apt install mesa-vulkan-drivers libvulkan1; Fedora: dnf install mesa-vulkan-drivers " +
    "vulkan-loader). Mesa brings lavapipe, which needs no GPU; on Linux x64 the package @sparticuz/chromium " +
    "brings SwiftShader.",
  darwin:
    "Metal is part of macOS 11 and later; update macOS, and run outside of a virtual machine without a GPU.",
  win32: "Direct3D 12 is part of Windows 10 and later; install the GPU vendor's current driver.",
};

/** What to install on a platform of Node's where no adapter is found. */
export function installHint(platform: string): string {
  return installHints[platform] ?? `No WebGPU implementation is known for ${platform}.`;
}

/** One line on what is faster than the software adapter `name`. */
export function speedHint(name: string, lavapipe: LavapipeState): string {
  if (!matchesAdapter(name, "swiftshader")) return softwareHint;
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
