import { expect, test } from "vitest";
import { openDevice, type Device } from "../src/device/device.ts";
import { ArgumentError, ShapeError } from "../src/device/errors.ts";
import * as ops from "../src/ops/arithmetic.ts";
import { tanh } from "../src/ops/elementwise.ts";
import { less } from "../src/ops/logic.ts";
import { broadcastShape, sizeOf } from "../src/tensor/shape.ts";
import { backward } from "../src/tensor/tape.ts";
import { tensor, type Tensor } from "../src/tensor/tensor.ts";
import { checkOp, expectClose, rounded, values, withDevices } from "./check.ts";

type Binary = (a: number, b: number) => number;

/** `f` over the broadcast inputs, in float64, by counting through the coordinates. */
function broadcast(f: (...values: number[]) => number) {
  return (inputs: number[][], shapes: number[][]) => {
    const shape = shapes.reduce((all, own) => broadcastShape("test", all, own), []);
    return Array.from({ length: sizeOf(shape) }, (_, i) => {
      const at = shapes.map(() => 0);
      let rest = i;
      const steps = shapes.map(() => 1);
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        const coordinate = rest % shape[axis]!;
        rest = Math.floor(rest / shape[axis]!);
        shapes.forEach((own, k) => {
          const extent = own[axis - shape.length + own.length] ?? 1;
          if (extent > 1) at[k]! += coordinate * steps[k]!;
          steps[k]! *= extent;
        });
      }
      return f(...inputs.map((list, k) => list[at[k]!]!));
    });
  };
}

const shapes = [
  [[], []],
  [[1], [1]],
  [[3], [3]],
  [[257], [257]],
  [[5, 4], [4]], // a row of whole vec4s
  [[8], [6, 8]],
  [[5, 7], [7]], // a row that is not
  [
    [5, 7],
    [5, 1],
  ],
  [
    [5, 1],
    [1, 7],
  ],
  [[4, 3, 2], []],
  [[1], [6, 5]],
  [
    [2, 3, 1, 4],
    [3, 5, 1],
  ],
  [
    [2, 1, 3, 1, 2, 1],
    [1, 3, 1, 2, 1, 2],
  ],
  [[0, 3], [3]],
  [[1, 3], [3]],
];

/** Values of size 0.3 to 1.3, of both signs: no pole, no tie. */
const clear = (list: number[]) => list.map((x) => x + Math.sign(x || 1) * 0.3);
const positive = (list: number[], i: number) => list.map((x) => (i === 0 ? 1.2 + x : 2 * x));

const binaries: Record<
  string,
  [(a: Tensor, b: Tensor) => Tensor, Binary, (list: number[], i: number) => number[]]
> = {
  add: [ops.add, (a, b) => a + b, clear],
  sub: [ops.sub, (a, b) => a - b, clear],
  mul: [ops.mul, (a, b) => a * b, clear],
  div: [ops.div, (a, b) => a / b, clear],
  pow: [ops.pow, (a, b) => a ** b, positive],
  min: [ops.min, Math.min, clear],
  max: [ops.max, Math.max, clear],
};

for (const [name, [op, f, prepare]] of Object.entries(binaries)) {
  const some = name === "mul" ? shapes : shapes.filter((_, i) => [0, 3, 4, 6, 7, 11].includes(i));
  checkOp(name, (a, b) => op(a, b), broadcast(f), some, { prepare });
}

checkOp(
  "less",
  less,
  broadcast((a, b) => Number(a < b)),
  [shapes[3]!, shapes[4]!, shapes[6]!],
  { constant: [0, 1] },
);

const small = [[[]], [[5]], [[3, 4]]];
checkOp(
  "mul by a number",
  (a) => ops.mul(a, -2.5),
  ([a]) => a!.map((x) => x * -2.5),
  small,
);
checkOp(
  "a number less",
  (a) => ops.sub(3, a),
  ([a]) => a!.map((x) => 3 - x),
  small,
);
checkOp(
  "a number over",
  (a) => ops.div(3, a),
  ([a]) => a!.map((x) => 3 / x),
  small,
  { prepare: clear },
);
checkOp(
  "cube",
  (a) => ops.pow(a, 3),
  ([a]) => a!.map((x) => x ** 3),
  small,
);
checkOp(
  "power of 2",
  (a) => ops.pow(2, a),
  ([a]) => a!.map((x) => 2 ** x),
  small,
);
checkOp(
  "max with 0.1",
  (a) => ops.max(a, 0.1),
  ([a]) => a!.map((x) => Math.max(x, 0.1)),
  small,
);
checkOp(
  "the same twice",
  (a) => ops.mul(a, a),
  ([a]) => a!.map((x) => x * x),
  small,
);

const mask = (list: number[], i: number) => (i === 0 ? list.map((x) => Number(x > 0)) : list);
checkOp(
  "where",
  (m, a, b) => ops.where(m, a, b),
  broadcast((m, a, b) => (m ? a : b)),
  [
    [[], [], []],
    [[9], [9], [9]],
    [[5, 1], [5, 3], [3]],
    [[2, 3], [4, 1, 1], [1]],
  ],
  { prepare: mask, constant: [0] },
);
checkOp(
  "where a number",
  (m, a) => ops.where(m, a, 7),
  broadcast((m, a) => (m ? a : 7)),
  [[[6], [6]]],
  {
    prepare: mask,
    constant: [0],
  },
);

withDevices((device) => {
  test("pow is right over everything that an f32 holds", async () => {
    const bases = values(4000, 3).map((x) => 10 ** (37.9 * x));
    const near = values(1000, 5).map((x) => 1 + 1e-3 * x);
    const a = rounded([...bases, ...near]);
    const b = rounded(a.map((x, i) => (80 * values(a.length, 4)[i]!) / (Math.abs(Math.log(x)) + 1e-6)));
    const got = await ops.pow(tensor(device(), a), tensor(device(), b)).read();
    const worst = Math.max(...a.map((x, i) => Math.abs(got[i]! / x ** b[i]! - 1)));
    expect(worst).toBeLessThan(2e-6);
  });

  test("pow has JavaScript's special values", async () => {
    const bases = [-2, -0.5, -0, 0, 0.5, 1, -1, 2, 1e30, 1e-40, Infinity, -Infinity, NaN];
    const exponents = [-3, -2, -1, -0.5, -0, 0, 1e-40, 0.5, 1, 2, 3, 100, -100, Infinity, -Infinity, NaN];
    const pairs = bases.flatMap((a) => exponents.map((b) => rounded([a, b]) as [number, number]));
    const operand = (i: 0 | 1) =>
      tensor(
        device(),
        pairs.map((pair) => pair[i]),
      );
    const got = await ops.pow(operand(0), operand(1)).read();
    pairs.forEach(([a, b], i) => {
      const want = Math.fround(a ** b);
      const error = Math.max(1e-6 * Math.abs(want), want === 0 ? 0 : 1.2e-38); // what is smaller may come as 0
      const isRight = Object.is(got[i], want) || (want !== 0 && Math.abs(got[i]! - want) <= error);
      expect(isRight, `${a} ** ${b} is ${want}, not ${got[i]}`).toBe(true);
    });
  });

  test("where chooses from operands that repeat with different lengths", async () => {
    const mask = tensor(device(), [1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, NaN], [2, 2, 4]);
    const row = tensor(device(), [1, 2, 3, 4]);
    const rows = tensor(device(), [10, 20, 30, 40, 50, 60, 70, 80], [2, 4]);
    const read = async (x: Tensor) => [...(await x.read())];
    expect(await read(ops.where(mask, row, rows))).toEqual(
      [1, 2, 3, 4, 50, 60, 70, 80, 1, 2, 3, 4, 50, 60, 70, 4], // NaN is not 0
    );
    expect(await read(ops.where(mask, rows, row))).toEqual([
      10, 20, 30, 40, 1, 2, 3, 4, 10, 20, 30, 40, 1, 2, 3, 80,
    ]);
    expect(await read(ops.where(row, mask, rows))).toEqual(await read(mask)); // no element of the row is 0
  });

  test("a negative base takes a gradient, a base of 0 one that is a number", async () => {
    const x = tensor(device(), [-2, 0, -1]);
    const e = tensor(device(), [3, 2, 2]);
    x.requiresGrad = e.requiresGrad = true;
    backward(ops.pow(x, e));
    expectClose(await x.grad!.read(), [12, 0, -2], 1e-6);
    expect([...(await e.grad!.read())]).toEqual([NaN, 0, NaN]);
  });

  test("min and max share the gradient of equals, and keep NaN on either side", async () => {
    const a = tensor(device(), [1, NaN, 3]);
    const b = tensor(device(), [1, 0, NaN]);
    a.requiresGrad = b.requiresGrad = true;
    expect([...(await ops.min(a, b).read())]).toEqual([1, NaN, NaN]);
    const y = ops.max(a, b);
    expect([...(await y.read())]).toEqual([1, NaN, NaN]);
    backward(y);
    expect([(await a.grad!.read())[0], (await b.grad!.read())[0]]).toEqual([0.5, 0.5]);
    expect([...(await ops.max(a, 0).read())]).toEqual([1, NaN, 3]);
  });

  test("a chosen value hides NaN in the other, and so does its gradient", async () => {
    const a = tensor(device(), [1, NaN]);
    a.requiresGrad = true;
    const y = ops.where(tensor(device(), [1, 0]), ops.mul(a, 2), 5);
    backward(y);
    expect([...(await y.read())]).toEqual([2, 5]);
    expect([...(await a.grad!.read())]).toEqual([2, 0]);
    expect([...(await ops.where(tensor(device(), [1, 0]), -1, 1).read())]).toEqual([-1, 1]);
  });

  test("shapes that do not broadcast, and two numbers, are errors", () => {
    const x = (shape: number[]) => tensor(device(), new Float32Array(sizeOf(shape)), shape);
    expect(() => ops.mul(x([2, 3]), x([2]))).toThrow(ShapeError);
    expect(() => ops.mul(x([2, 3]), x([2]))).toThrow(
      "mul: (2, 3) and (2) do not broadcast: axis -1 has 3 and 2",
    );
    expect(() => ops.add(1, 2)).toThrow(ArgumentError);
  });
});

test("tensors that no binding holds are gone through window by window, to the same bits", async () => {
  const results = async (device: Device) => {
    const [x, y, one] = [[5, 100], [5, 100], [1]].map((shape, i) => {
      const made = tensor(device, values(sizeOf(shape), i + 1), shape);
      made.requiresGrad = true;
      return made;
    }) as [Tensor, Tensor, Tensor];
    const out = ops.add(3, ops.mul(ops.where(ops.max(x, 0.2), ops.mul(x, y), tanh(y)), 0.5));
    const found = [await out.read(), await ops.mul(one, x).read()];
    backward(out, tensor(device, values(500, 9), [5, 100]));
    return [...found, await x.grad!.read(), await y.grad!.read()];
  };
  const devices = [
    await openDevice({ validation: true }),
    await openDevice({ validation: true, binding: 768 }),
  ];
  expect(await results(devices[1]!)).toEqual(await results(devices[0]!));
  for (const device of devices) device.close();
});
