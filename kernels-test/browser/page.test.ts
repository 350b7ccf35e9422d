import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BrowserSession, type PageGlobals } from "./session.ts";

describe("with WebGPU", () => {
  let session: BrowserSession;
  beforeAll(async () => {
    session = await BrowserSession.open();
  });
  afterAll(() => session?.close());

  test("the engine opens in a page with all that the adapter has, and reads a tensor back", async () => {
    const { tab } = await session.newPage();
    const seen = await tab.evaluate(async () => {
      const { openDevice, tensor } = (globalThis as unknown as PageGlobals).page;
      const device = await openDevice();
      const values = [...(await tensor(device, [1, 2, 3]).read())];
      const limits = device.gpu.limits as unknown as Record<string, number>;
      const unlike = Object.entries(device.info.limits).filter(([name, value]) => limits[name] !== value);
      const { name, kind, backend } = device.info;
      const size = device.gpu.limits.maxStorageBufferBindingSize;
      device.close();
      return { values, unlike, name, kind, backend, size };
    });
    expect(seen).toMatchObject({ values: [1, 2, 3], unlike: [], kind: "software", backend: "browser" });
    expect(seen.name).toMatch(/swiftshader/);
    expect(seen.size).toBeGreaterThan(2 ** 27); // the least that WebGPU promises
  });

  test("an adapter of another name is refused with the one there is", async () => {
    const { tab } = await session.newPage();
    const error = await tab.evaluate(async () => {
      const { openDevice } = (globalThis as unknown as PageGlobals).page;
      return openDevice({ adapter: "abacus" }).then(String, String);
    });
    expect(error).toMatch(/NoAdapterError: .*"abacus". There is: .*swiftshader/);
  });

  test("a tensor read from a lost device rejects", async () => {
    const { tab } = await session.newPage();
    const errors = await tab.evaluate(async () => {
      const { openDevice, tensor } = (globalThis as unknown as PageGlobals).page;
      const device = await openDevice();
      const x = tensor(device, [1, 2]);
      await x.read();
      const pending = x.read();
      device.gpu.destroy();
      return [await pending.then(String, String), await x.read().then(String, String)];
    });
    for (const error of errors) expect(error).toMatch(/^DeviceLostError: the device was (closed or )?lost/);
  });

  test("tests that fail in the page fail here, each with its place in the sources", async () => {
    const [file] = await session.collect("failing");
    const results = await Promise.allSettled(session.run(file!).values());
    const outcomes = results.map((result) =>
      result.status === "fulfilled" ? "passed" : (result.reason as Error).stack,
    );
    expect(outcomes).toEqual([
      "passed",
      expect.stringMatching(/sum: largest error .* 0\.33[^]*failing\/assertions\.ts:10:3/),
      expect.stringMatching(/instead of rejecting[^]*failing\/assertions\.ts:14:/),
      expect.stringMatching(/no device today/),
    ]);
  });

  test("a page that ends early fails the tests that it had left", async () => {
    const gone = await BrowserSession.open();
    const [file] = await gone.collect("failing");
    const results = Promise.allSettled(gone.run({ ...file!, name: "nothing.ts" }).values());
    for (const result of await results)
      expect(result).toMatchObject({
        status: "rejected",
        reason: { message: /nothing.ts is not in the page/ },
      });
    const left = gone.run(file!);
    await gone.close();
    for (const result of await Promise.allSettled(left.values())) expect(result.status).toBe("rejected");
  });
});

test("a browser without WebGPU is told what to do", async () => {
  const session = await BrowserSession.open({ webgpu: false });
  try {
    const { tab } = await session.newPage();
    const open = async () => {
      const { openDevice } = (globalThis as unknown as PageGlobals).page;
      return openDevice().then(String, String);
    };
    expect(await tab.evaluate(open)).toMatch(
      /^NoAdapterError: No WebGPU adapter was found\. Tried: navigator\.gpu\. Turn on hardware acceleration/,
    );
    await tab.evaluate(() => Object.defineProperty(navigator, "gpu", { value: undefined }));
    expect(await tab.evaluate(open)).toMatch(/^NoAdapterError: This browser has no WebGPU .* Use Chrome/);
  } finally {
    await session.close();
  }
});
