import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium, type Browser } from "playwright-core";
import { cacheRoot } from "../../src/device/cache.node.ts";

const QUIET = [
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
];
const WEBGPU = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan,WebGPU",
];

/** What keeps kernels in bounds is off: they compile a fifth faster. */
const UNCHECKED = "--enable-dawn-features=disable_robustness,disable_polyfills_on_integer_div_and_mod";

/** Where the package Chromium of Debian and its like is installed. */
const DEBIAN = "/usr/bin/chromium";
/** Whether the browser that comes along runs here. */
const isBundled = process.platform === "linux" && process.arch === "x64";

export interface ChromiumOptions {
  /** Whether it has an adapter; it has one unless given. */
  webgpu?: boolean;
  /** Whether kernels are kept in bounds, as where pages are visited; they are unless given. */
  robust?: boolean;
}

/**
 * Starts a headless Chromium whose WebGPU computes with SwiftShader, or one without an adapter: the browser that
 * HESTENES_CHROMIUM names, else the one inside the package @sparticuz/chromium, else, where that does not run, Debian's.
 * `close` ends its processes and deletes its profile; so does the end of this process, but one by SIGKILL leaves the
 * profile.
 */
export async function launchChromium({
  webgpu = true,
  robust = true,
}: ChromiumOptions = {}): Promise<Browser> {
  const own = process.env.HESTENES_CHROMIUM ?? (isBundled || !existsSync(DEBIAN) ? undefined : DEBIAN);
  const { executablePath, libraries } = own
    ? { executablePath: own, libraries: undefined }
    : bundledChromium();
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--no-first-run",
      ...QUIET,
      ...(webgpu ? WEBGPU : []),
      ...(robust ? [] : [UNCHECKED]),
    ],
    env: { ...process.env, ...(libraries === undefined ? {} : { LD_LIBRARY_PATH: libraries }) },
    timeout: 60_000,
  });
}

/** The package's Chromium, unpacked once per user and version, and the libraries that the system lacks for it. */
function bundledChromium(): { executablePath: string; libraries: string | undefined } {
  if (!isBundled)
    throw new Error(
      `The browser that comes along runs on Linux x64 only: set HESTENES_CHROMIUM to the path of a Chrome or Chromium, or install ${DEBIAN}.`,
    );
  const root = cacheRoot();
  const folder = join(root, `chromium-${packageVersion()}`);
  if (!existsSync(folder)) unpack(root, folder);
  const executablePath = join(folder, "chromium");
  const lacking = execFileSync("ldd", [executablePath], { encoding: "utf8" }).includes("not found");
  return { executablePath, libraries: lacking ? join(folder, "al2023", "lib") : undefined };
}

function packageVersion(): string {
  const entry = createRequire(import.meta.url).resolve("@sparticuz/chromium");
  const manifest = readFileSync(join(entry, "..", "..", "..", "package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

/**
 * Lets the package unpack itself into a fresh folder, then renames that to `folder`: of two processes that do so at
 * once, the first one wins. The package looks for its target in TMPDIR, and brings system libraries only when it is
 * told that it runs on Amazon's.
 */
function unpack(root: string, folder: string): void {
  const fresh = mkdtempSync(join(root, "unpack-"));
  const script = `import chromium from "@sparticuz/chromium"; await chromium.executablePath();`;
  try {
    execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: import.meta.dirname,
      env: { ...process.env, TMPDIR: fresh, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs22.x" },
    });
    renameSync(fresh, folder);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}
