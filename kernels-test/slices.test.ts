import { afterAll, beforeAll, expect, test } from "vitest";
import { wgsl } from "#wgsl";
import { openDevice, type Device } from "../src/device/device.ts";
import { kernel, linearGrid } from "../src/device/kernel.ts";
import { conv2d } from "../src/ops/conv2d.ts";
import { convolution } from "../src/ops/lib/convolution.ts";
import { tiledKernel } from "../src/ops/lib/tiles.ts";
import { matmul } from "../src/ops/matmul.ts";
import { backward } from "../src/tensor/tape.ts";
import { empty, tensor } from "../src/tensor/tensor.ts";

// Sums whose number of terms times that of their slices is past 2³², where indices are of 32 bits. Those behind a bias
// and an activation are in models/parts.test.ts.

let device: Device;
beforeAll(async () => {
  device = await openDevice({ validation: true });
});
afterAll(() => device.close());

/** Whole numbers from 0 to below `period`, so small that f32 holds their sums. */
function digits(n: number, period: number): Float32Array<ArrayBuffer> {
  return new Float32Array(n).map((_, i) => i % period);
}

/** Σ a_{first + i · step} b_i over the terms of b. */
function sumOfProducts(a: Float32Array, b: Float32Array, first = 0, step = 1): number {
  return b.reduce((sum, value, i) => sum + value * a[first + i * step]!, 0);
}

test("slices begin where they should, for any numbers of 32 bits", async () => {
  const cases = [1, 5, 3_686_400, 2 ** 30 - 1, 2 ** 30, 2 ** 32 - 1].flatMap((n) =>
    [1, 3, 2048, 65_535, 2 ** 18].flatMap((count) =>
      [0, 1, count >> 1, count - 1, count].map((i) => [i, n, count] as const),
    ),
  );
  const code = `// requires lib/slices.wgsl
    struct Params { N: u32 }
    @group(0) @binding(0) var<uniform> p: Params;
    @group(0) @binding(1) var<storage, read> asked: array<u32>;
    @group(0) @binding(2) var<storage, read_write> starts: array<u32>;
    @compute @workgroup_size(64)
    fn find(@builtin(global_invocation_id) id: vec3u) {
      let at = 3 * id.x;
      if (id.x < p.N) { starts[id.x] = sliceStart(asked[at], asked[at + 1], asked[at + 2]); }
    }`;
  const find = kernel("slices", (name) => (name === "slices" ? code : wgsl(name)));
  const asked = tensor(device, new Float32Array(Uint32Array.from(cases.flat()).buffer));
  const starts = empty(device, [cases.length]);
  find("find", { asked, starts }, { N: cases.length }, linearGrid(cases.length, 64));
  const want = cases.map(([i, n, count]) => i * Math.floor(n / count) + Math.min(i, n % count));
  expect([...new Uint32Array(await starts.readBytes())]).toEqual(want);
  cases.forEach(([i, n, count], at) => {
    if (i === count) expect(want[at]).toBe(n);
  });
});

test("the tiles of a filter's gradient, in more slices than they have", async () => {
  const [N, P, slices] = [64, 9_600, 7_000];
  const [a, b] = [digits(N * P, 7), digits(N * P, 5)];
  const [x, dz] = [tensor(device, a, [N, P, 1, 1]), tensor(device, b, [N, P, 1, 1])];
  const out = empty(device, [slices]);
  const params = { ...convolution("test", [N, P, 1, 1], [1, 1, 1, 1], {}), slices };
  const operands = { x, x4: x, w: dz, w4: dz, bias: x, out };
  tiledKernel("conv2d")("backward_w", operands, params, { rows: 1, columns: 1, depths: slices });
  const parts = await out.read();
  expect(parts.reduce((sum, part) => sum + part, 0)).toBe(sumOfProducts(a, b));
});

test.each([
  ["few filters side by side", [530_000, 4, 1], { stride: [2, 1] }],
  ["groups", [530_001, 2, 2], { groups: 2 }],
  ["one filter on one pixel", [2 ** 23, 4, 1], {}], // all that a binding of 128 MiB holds
] as const)("the gradient of a filter: %s", async (_, [P, C, K], options) => {
  const [G, H] = ["groups" in options ? 2 : 1, "stride" in options ? 2 * P : P];
  const a = digits(H * C, 3);
  const dy = digits(P * K, 2);
  const x = tensor(device, a, [1, H, 1, C]);
  const w = tensor(device, new Float32Array(C).fill(1), [1, 1, C / G, K]);
  w.requiresGrad = true;
  const y = conv2d(x, w, options);
  backward(y, tensor(device, dy, y.shape));
  const own = (k: number) => (K === 1 ? dy : dy.filter((_, i) => i % K === k));
  const want = [...Array(C).keys()].map((c) => sumOfProducts(a, own(c), c, (H / P) * C));
  expect([...(await w.grad!.read())]).toEqual(want);
  for (const used of [x, w, y]) used.dispose();
});

test("a deep product", async () => {
  const K = 6_300_000;
  const a = tensor(device, digits(K, 2), [1, K]);
  expect(await matmul(a, a, { transposeB: true }).item()).toBe(K / 2);
});
