import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDevice, type Device } from "../../src/device/device.ts";
import { KernelError, NumericalError, ShapeError } from "../../src/device/errors.ts";
import { kernel } from "../../src/device/ownKernel.ts";
import { mul, square } from "../../src/ops/elementwise.ts";
import { gradcheck } from "../../src/tensor/gradcheck.ts";
import { sum } from "../../src/ops/reduce.ts";
import { backward, track } from "../../src/tensor/tape.ts";
import { empty, tensor, type Tensor } from "../../src/tensor/tensor.ts";

/** Kernels whose text comes from outside of the package, on devices that check nothing, and on those that do. */
const scale = (how: string) => `
  struct Sizes { N: u32, by: vec3<f32>, more: vec2f, last: i32 }
  // @group(0) @binding(0) var<storage, read> commented: array<f32>;
  /* @group(0) @binding(1)
     var<uniform> alsoCommented: Sizes; */
  @group(0) @binding(7) var<uniform> sizes: Sizes;
  @binding(2) @group(0) var<storage> values: array<f32>;
  @group(0)
  @binding(5) var<storage, read_write> result: array<f32>;
  @compute @workgroup_size(64) fn run(@builtin(global_invocation_id) id: vec3u) {
    if (id.x < sizes.N) { result[id.x] = ${how}; }
  }
`;
const byY = scale("values[id.x] * sizes.by.y + sizes.more.y + f32(sizes.last)");
const params = { N: 3, by: [0, 5, 0], more: [0, 0.5], last: -2 };

for (const validation of [false, true]) {
  describe(validation ? "checked" : "unchecked", () => {
    let device: Device;
    beforeAll(async () => {
      device = await openDevice({ validation });
    });
    afterAll(() => device.close());
    const operands = () => ({ values: tensor(device, [1, 2, 3]), result: tensor(device, [0, 0, 0]) });

    test("bindings and uniform may have any names, and comments are no bindings", async () => {
      const { values, result } = operands();
      kernel("scale", byY)("run", { values, result }, params, [1]);
      expect([...(await result.read())]).toEqual([3.5, 8.5, 13.5]);
      const größen = scale("values[id.x]").replaceAll("values", "größen");
      kernel("scale", größen)("run", { größen: values, result }, params, [1]);
      expect([...(await result.read())]).toEqual([1, 2, 3]);
    });

    test("kernels are told apart by their texts, also from the package's", async () => {
      const { values, result } = operands();
      const other = tensor(device, [0, 0, 0]);
      kernel("elementwise", byY)("run", { values, result }, params, [1]);
      kernel("elementwise", scale("-values[id.x]"))("run", { values, result: other }, params, [1]);
      expect([...(await square(values).read())]).toEqual([1, 4, 9]);
      expect([...(await result.read())]).toEqual([3.5, 8.5, 13.5]);
      expect([...(await other.read())]).toEqual([-1, -2, -3]);
    });

    test("a mistake in the text is an error of the next read alone, with its line and column", async () => {
      const { values, result } = operands();
      kernel("mistaken", scale("values[id.x] + sizse.by.x"))("run", { values, result }, params, [1]);
      const after = square(values); // launching goes on
      const error = await after.read().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(KernelError);
      expect(String(error)).toMatch(/mistaken\.run does not compile: line 11, column \d+: [^]*['`]sizse['`]/);
      expect([...(await after.read())]).toEqual([1, 4, 9]);
      expect([...(await result.read())]).toEqual([0, 0, 0]);
    });

    test("what a launch leaves out, or has too much, is named", async () => {
      const { values, result } = operands();
      const run = kernel("scale", byY);
      run("run", { values }, params, [1]);
      await expect(values.read()).rejects.toThrow(/uses result, which the launch does not give/);
      run("walk", { values, result }, params, [1]);
      await expect(values.read()).rejects.toThrow(/[Ee]ntry point ["']+walk["']+/);
      const launch = (more: object, entry = "run") =>
        run(entry, { values, result }, { ...params, ...more }, [1]);
      expect(() => launch({ M: 1 })).toThrow(
        "scale: its uniform has no field M; there are N, by, more, last",
      );
      expect(() => launch({ by: [1, 2] })).toThrow(/by takes 3 numbers, not 1,2/);
      for (const more of [{ N: 1.5 }, { N: -1 }, { N: NaN }, { last: 2 ** 31 }])
        expect(() => launch(more)).toThrow(/takes what an [ui]32 holds, not/);
      for (const grid of [[-1], [1.5], [NaN], [], [1, 1, 1, 1]] as unknown as [number][])
        expect(() => run("run", { values, result }, params, grid)).toThrow(/one to three whole numbers/);
      const named = byY.replace("@binding(5)", "@binding(B)");
      expect(() => kernel("scale", named)).toThrow("result has no number in its @binding(…)");
      expect(() => run("run", { values, result, sizes: values }, params, [1])).toThrow(/its uniform/);
      expect(() => run("run", { values, wrong: result }, params, [1])).toThrow(/no binding named wrong/);
    });

    test("bindings that no launch can fill are refused", () => {
      const { values } = operands();
      const refuse = (declaration: string) => () =>
        kernel("odd", `${declaration}\n${byY}`)("run", { values }, params, [1]);
      expect(refuse("@group(0) @binding(9) var picture: texture_2d<f32>;")).toThrow(/unlike picture/);
      expect(refuse("@group(1) @binding(0) var<storage> x: array<f32>;")).toThrow(/unlike x/);
      expect(refuse("@group(0) @binding(9) var<uniform> q: Sizes;")).toThrow(/one uniform, not q and sizes/);
      expect(() => kernel("odd", byY.replace("vec2f", "mat2x2f"))("run", { values }, params, [1])).toThrow(
        /Sizes.more is mat2x2f; use u32, i32, f32, or vectors/,
      );
    });
  });
}

test("a rule that gives no gradient for an input that needs one says so, and which input", async () => {
  const device = await openDevice();
  const [x, y] = [tensor(device, [1, 2]), tensor(device, [3, 4])];
  x.requiresGrad = true;
  const by = (rule: () => unknown) =>
    backward(
      sum(
        track(
          device.noGrad(() => mul(x, y)),
          [y, x],
          rule as never,
        ),
      ),
    );
  for (const made of [undefined, null, y, [], [y], [y, undefined], [y, [1, 2]]])
    expect(() => by(() => made)).toThrow(
      /made Tensor \(2\) gives no gradient for input 1 \(from 0\), Tensor \(2\)/,
    );
  by(() => [undefined, y]);
  expect([...(await x.grad!.read())]).toEqual([3, 4]);
  device.close();
});

test("with WebGPU's checks on, a store out of bounds harms nothing", async () => {
  const device = await openDevice({ validation: true });
  const [values, result] = [tensor(device, [1, 2, 3]), tensor(device, [0, 0, 0])];
  const around = tensor(device, new Float32Array(64).fill(7));
  kernel("far", byY.replace("result[id.x]", "result[id.x * 100000u + 4000000000u]"))(
    "run",
    { values, result },
    params,
    [1],
  );
  await device.finish();
  expect(new Set(await around.read())).toEqual(new Set([7]));
  device.close();
});

describe("gradcheck", () => {
  let device: Device;
  beforeAll(async () => {
    device = await openDevice();
  });
  afterAll(() => device.close());

  /** x · by, with a gradient of `slope` · by. */
  const scaled = (slope: number) => (x: Tensor) => {
    const out = empty(device, x.shape);
    const run = kernel("scale", byY);
    const go = (values: Tensor, result: Tensor, by: number) =>
      run("run", { values, result }, { N: x.size, by: [0, by, 0], more: [0, 0], last: 0 }, [1]);
    go(x, out, 3);
    return track(out, [x], (dy, gradients) => {
      const dx = gradients.empty(0);
      go(dy, dx, 3 * slope);
      return [dx];
    });
  };
  const reference = ([x]: number[][]) => x!.map((value) => 3 * value);
  const input = () => {
    const x = tensor(device, [1, -2, 0.5, 4]);
    x.requiresGrad = true;
    return x;
  };

  test("passes what is right, with a reference and without", async () => {
    const report = await gradcheck(scaled(1), [input()], { reference });
    expect(report.output).toBeLessThan(1e-6);
    expect(report.gradients[0]).toBeLessThan(1e-6);
    const x = input();
    const two = await gradcheck((a, b) => mul(a, square(b)), [x, tensor(device, [1, 2, 3, 4])]);
    expect(two.gradients[0]).toBeLessThan(1e-2);
    expect(two.gradients[1]).toBeUndefined();
    expect([...(await x.read())]).toEqual([1, -2, 0.5, 4]);
  });

  test("names the output or the gradient that is wrong", async () => {
    await expect(gradcheck(scaled(1.001), [input()], { reference })).rejects.toThrow(
      /the gradient of input 0 is off by 0\.00\d+, relatively, more than 0.00001/,
    );
    await expect(gradcheck(scaled(1.1), [input()])).rejects.toThrow(NumericalError);
    const wrong = { reference: ([x]: number[][]) => x!.map((value) => 3.001 * value) };
    await expect(gradcheck(scaled(1), [input()], wrong)).rejects.toThrow(/the output is off by 0\.000/);
    await expect(gradcheck(scaled(1), [input()], { reference: () => [1] })).rejects.toThrow(ShapeError);
  });
});
