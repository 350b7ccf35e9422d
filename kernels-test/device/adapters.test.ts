import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { globals } from "webgpu";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { listAdapters, openAdapter, waitFor, type OpenedAdapter } from "#gpu";
import { installHint, speedHint } from "../../src/device/adapterHints.node.ts";
import { adapterRank, isSoftware, matchesAdapter, noAdapter } from "../../src/device/adapters.ts";
import { NoAdapterError } from "../../src/device/errors.ts";
import * as browser from "../../src/device/gpu.browser.ts";
import { unpackSwiftShader } from "../../src/device/swiftshader.node.ts";

/** Whether SwiftShader comes along: @sparticuz/chromium has it for this platform only. */
const bundled = process.platform === "linux" && process.arch === "x64";

beforeEach(() => vi.stubEnv("HESTENES_ADAPTER", ""));
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

test("a GPU comes before Mesa's software adapter, and that before SwiftShader", () => {
  const names = ["SwiftShader Device (Subzero)", "llvmpipe (LLVM 19.1, 256 bits)", "NVIDIA H200"];
  expect(names.sort((a, b) => adapterRank(a) - adapterRank(b))[0]).toBe("NVIDIA H200");
  expect(names[2]).toMatch(/SwiftShader/);
  expect(["Microsoft Basic Render Driver", "llvmpipe", "Apple M3 Max", "AMD Radeon"].map(isSoftware)).toEqual(
    [true, true, false, false],
  );
});

test("lavapipe and llvmpipe are two names of one adapter, in any case", () => {
  const mesa = "llvmpipe (LLVM 15.0.6, 256 bits)";
  for (const wanted of ["llvmpipe", "lavapipe", "LavaPipe", "LLVM 15", " llvm"]) {
    expect(matchesAdapter(mesa, wanted)).toBe(true);
  }
  expect(matchesAdapter(mesa, "swiftshader")).toBe(false);
  expect(matchesAdapter("NVIDIA H200", "lavapipe")).toBe(false);
  expect(matchesAdapter("NVIDIA H200", "nvidia")).toBe(true);
});

test("the error without any adapter says what to install on each platform, and what was tried", () => {
  const message = (platform: string) =>
    noAdapter(undefined, [], installHint(platform), ["the attic"]).message;
  expect(message("linux")).toMatch(/Tried: the attic\..*apt install mesa-vulkan-drivers.*dnf install/);
  expect(message("darwin")).toMatch(/macOS/);
  expect(message("win32")).toMatch(/Direct3D 12/);
});

test("the hint on SwiftShader depends on the lavapipe of the machine", () => {
  expect(speedHint("SwiftShader", "absent")).toMatch(/apt install mesa-vulkan-drivers/);
  expect(speedHint("SwiftShader", "refused")).toMatch(/upgrade Mesa/);
  expect(speedHint("SwiftShader", "usable")).toMatch(/which this machine has/);
});

test("the first adapter listed is the one that opens, and each opens by its name", async () => {
  const list = await listAdapters();
  expect(list.map(({ chosen }) => chosen)).toEqual(list.map((_, index) => index === 0));
  const byDefault = await openAdapter({});
  expect(byDefault.info).toEqual(list[0]);
  for (const { name, kind, hint, limits, features } of list) {
    const opened = await openAdapter({ adapter: name.toUpperCase() });
    expect(opened.info.name).toBe(name);
    expect(hint === undefined).toBe(kind === "gpu");
    expect(kind === "software").toBe(isSoftware(name));
    expect(limits.maxBufferSize).toBeGreaterThan(1e6);
    expect(features).toContain("core-features-and-limits");
  }
  if (bundled) expect(list.some(({ name }) => matchesAdapter(name, "swiftshader"))).toBe(true);
});

test("HESTENES_ADAPTER forces an adapter, and the option overrules it", async () => {
  const last = (await listAdapters()).at(-1)!;
  vi.stubEnv("HESTENES_ADAPTER", last.name);
  const forced = await openAdapter({});
  expect(forced.info.name).toBe(last.name);
  expect((await listAdapters()).find(({ chosen }) => chosen)?.name).toBe(last.name);
  vi.stubEnv("HESTENES_ADAPTER", "abacus");
  expect((await openAdapter({ adapter: last.name })).info.name).toBe(last.name);
  await expect(openAdapter({})).rejects.toThrow(NoAdapterError);
});

test("a name that no adapter has is answered with those there are", async () => {
  const names = (await listAdapters()).map(({ name }) => name).join(", ");
  await expect(openAdapter({ adapter: "abacus" })).rejects.toThrow(`"abacus". There is: ${names}.`);
});

test("drivers that the user set are respected, and SwiftShader stands behind them", async () => {
  const before = await listAdapters();
  vi.stubEnv("VK_DRIVER_FILES", "/nowhere/driver.json");
  const list = await listAdapters();
  expect(process.env.VK_DRIVER_FILES).toBe("/nowhere/driver.json");
  if (bundled)
    expect(list.map(({ architecture, chosen }) => [architecture, chosen])).toEqual([["swiftshader", true]]);
  else if (process.platform !== "linux") expect(list).toEqual(before);
});

test("all adapters work side by side in one process, with validation and without", async () => {
  const opened: OpenedAdapter[] = [];
  for (const { name } of await listAdapters()) {
    opened.push(await openAdapter({ adapter: name, validation: true }), await openAdapter({ adapter: name }));
  }
  const devices = await Promise.all(opened.map(({ adapter }) => adapter.requestDevice()));
  const sums = await Promise.all(devices.map((device, index) => addOne(device, index)));
  expect(sums).toEqual(devices.map((_, index) => index + 1));
  devices.forEach((device) => device.destroy());
});

test("a device survives the garbage collection of all else that came with it", async () => {
  const script = `
    import { globals } from "webgpu";
    import { openAdapter, waitFor } from "./src/device/gpu.node.ts";
    const device = await openAdapter().then(({ adapter }) => adapter.requestDevice());
    for (let i = 0; i < 20; i++) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const { MAP_READ, COPY_DST } = globals.GPUBufferUsage;
    await waitFor(device.createBuffer({ size: 4, usage: MAP_READ | COPY_DST }).mapAsync(1));
    device.destroy();
    console.log("alive");
  `;
  expect((await runNode(script, {}, "--expose-gc")).stdout).toBe("alive\n");
});

test("a process exits by itself once the device is destroyed", async () => {
  const script = `
    import { openAdapter } from "./src/device/gpu.node.ts";
    const { adapter, info } = await openAdapter();
    const device = await adapter.requestDevice();
    device.destroy();
    console.log(info.name);
  `;
  expect((await runNode(script, {})).stdout.trim()).toBe((await listAdapters())[0]?.name);
});

test("standard error has what the Vulkan loader says, and no warnings of Dawn's", async () => {
  const script = `
    import { listAdapters } from "./src/device/gpu.node.ts";
    console.error("before");
    console.log((await listAdapters()).length);
    console.error("after");
  `;
  const env = { VK_ADD_DRIVER_FILES: "/nowhere/driver.json", VK_LOADER_DEBUG: "error" };
  const { stdout, stderr } = await runNode(script, env);
  expect(Number(stdout)).toBe((await listAdapters()).length);
  expect(stderr).toMatch(process.platform === "linux" ? /^before\n.*nowhere.driver\.json.*\nafter\n$/s : /./);
  expect(stderr).not.toContain("artificially reduced");
});

test("a worker with an environment of its own finds SwiftShader, beside other drivers and alone", async () => {
  if (!bundled) return;
  const work = `
    const { register } = await import("tsx/esm/api");
    register();
    const { openAdapter, listAdapters } = await import("./src/device/gpu.node.ts");
    const { info } = await openAdapter({ adapter: "swiftshader" });
    console.log([info.architecture, ...(await listAdapters()).map(({ architecture }) => architecture)].join());
  `;
  const script = `
    import { Worker } from "node:worker_threads";
    new Worker(${JSON.stringify(`(async () => {${work}})()`)}, { eval: true, execArgv: [] });
  `;
  const [beside, alone] = await Promise.all([
    runNode(script, {}),
    runNode(script, { XDG_DATA_DIRS: "/nowhere" }),
  ]);
  const names = (await listAdapters()).map(({ architecture }) => architecture);
  expect(beside.stdout.trim()).toBe(["swiftshader", ...names].join());
  expect(alone.stdout.trim()).toBe("swiftshader,swiftshader");
});

test("processes that unpack SwiftShader at the same time leave one whole copy; a broken one is replaced", async () => {
  const cache = mkdtempSync(join(tmpdir(), "hestenes-test-"));
  try {
    const script = `
      import { openAdapter } from "./src/device/gpu.node.ts";
      const { info } = await openAdapter();
      console.log(info.name);
    `;
    const env = { XDG_CACHE_HOME: cache, HESTENES_ADAPTER: bundled ? "swiftshader" : "" };
    const names = await Promise.all([1, 2, 3].map(async () => (await runNode(script, env)).stdout));
    expect(new Set(names).size).toBe(1);
    if (!bundled) return;
    const [folder, ...others] = readdirSync(join(cache, "hestenes"));
    expect(others).toEqual([]);
    const driver = join(cache, "hestenes", folder!, "libvk_swiftshader.so");
    unlinkSync(driver);
    vi.stubEnv("XDG_CACHE_HOME", cache);
    unpackSwiftShader();
    expect(readdirSync(join(cache, "hestenes", folder!))).toContain("libvk_swiftshader.so");
  } finally {
    rmSync(cache, { recursive: true });
  }
});

test("an open device leaves the processor alone", async () => {
  const { adapter } = await openAdapter({});
  const device = await adapter.requestDevice();
  await addOne(device, 1);
  expect(await coresUsed(() => sleep(1000))).toBeLessThan(0.1);
  device.destroy();
});

test("waitFor naps instead of spinning, keeps timers running, and passes results and errors on", async () => {
  let ticks = 0;
  const timer = setInterval(() => (ticks += 1), 10);
  expect(await coresUsed(() => Promise.all([1, 2, 3].map(() => waitFor(sleep(500)))))).toBeLessThan(0.3);
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(15);
  expect(await waitFor(Promise.resolve("done"))).toBe("done");
  await expect(waitFor(Promise.reject(new Error("lost")))).rejects.toThrow("lost");
});

test("a page gets each adapter of the browser once, and a clear error where there is no WebGPU", async () => {
  const { adapter, info } = await openAdapter({});
  const requestAdapter = vi.fn((options: GPURequestAdapterOptions) =>
    Promise.resolve(options.forceFallbackAdapter === true ? null : adapter),
  );
  vi.stubGlobal("navigator", { gpu: { requestAdapter } });
  const list = await browser.listAdapters();
  expect(list.map(({ driver, kind, chosen }) => ({ driver, kind, chosen }))).toEqual([
    { driver: info.driver, kind: info.kind, chosen: true },
  ]);
  expect(requestAdapter.mock.calls.flat()).toContainEqual({ powerPreference: "high-performance" });
  expect((await browser.openAdapter({})).adapter).toBe(adapter);
  await expect(browser.openAdapter({ adapter: "abacus" })).rejects.toThrow(/"abacus". There is: /);
  vi.stubGlobal("navigator", {});
  await expect(browser.openAdapter({})).rejects.toThrow(/no WebGPU .navigator\.gpu is missing/);
});

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** The share of a core that this process uses while `work` runs. */
async function coresUsed(work: () => Promise<unknown>): Promise<number> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / (performance.now() - start);
}

/** Runs a module in a process of its own and returns what it prints. */
async function runNode(
  script: string,
  env: Record<string, string>,
  ...options: string[]
): Promise<{ stdout: string; stderr: string }> {
  const flags = [...options, "--import", "tsx", "--input-type=module", "--eval", script];
  const settings = { env: { ...process.env, ...env }, timeout: 30_000 };
  return promisify(execFile)(process.execPath, flags, settings);
}

/** Adds one to a number on the device. */
async function addOne(device: GPUDevice, value: number): Promise<number> {
  const { GPUBufferUsage: usage, GPUMapMode: mode } = globals as unknown as typeof globalThis;
  const storage = device.createBuffer({ size: 4, usage: usage.STORAGE | usage.COPY_SRC | usage.COPY_DST });
  const back = device.createBuffer({ size: 4, usage: usage.MAP_READ | usage.COPY_DST });
  device.queue.writeBuffer(storage, 0, new Float32Array([value]));
  const module = device.createShaderModule({
    code: `@group(0) @binding(0) var<storage, read_write> x: f32;
           @compute @workgroup_size(1) fn main() { x += 1.0; }`,
  });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });
  const entries = [{ binding: 0, resource: { buffer: storage } }];
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(storage, 0, back, 0, 4);
  device.queue.submit([encoder.finish()]);
  await waitFor(back.mapAsync(mode.READ));
  return new Float32Array(back.getMappedRange())[0] ?? NaN;
}
