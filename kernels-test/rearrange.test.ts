import { expect, test } from "vitest";
import { ArgumentError, ShapeError } from "../src/device/errors.ts";
import * as create from "../src/ops/create.ts";
import * as ops from "../src/ops/index.ts";
import { sizeOf, stridesOf } from "../src/tensor/shape.ts";
import { backward } from "../src/tensor/tape.ts";
import { tensor, type Tensor } from "../src/tensor/tensor.ts";
import { checkOp, withDevices } from "./check.ts";

/** A list of `shape`, element by element from its coordinates. */
function build(shape: readonly number[], at: (coordinates: number[]) => number): number[] {
  const strides = stridesOf(shape);
  return Array.from({ length: sizeOf(shape) }, (_, i) =>
    at(shape.map((extent, axis) => Math.floor(i / strides[axis]!) % extent)),
  );
}

const element = (x: number[], shape: readonly number[], at: readonly number[]) =>
  x[stridesOf(shape).reduce((sum, stride, axis) => sum + stride * at[axis]!, 0)]!;

const permutations: [shape: number[], axes: number[]][] = [
  [[], []],
  [[5], [0]],
  [
    [7, 9],
    [1, 0],
  ],
  [
    [65, 33],
    [-1, 0],
  ],
  [
    [2, 3, 4],
    [0, 2, 1],
  ],
  [
    [2, 1, 4, 3],
    [3, 1, 0, 2],
  ],
  [
    [2, 3, 1, 2, 3, 2],
    [5, 3, 1, 0, 4, 2],
  ],
  [
    [0, 3],
    [1, 0],
  ],
];
for (const [shape, axes] of permutations)
  checkOp(
    `permute to ${axes.join()}`,
    (x) => ops.permute(x, axes),
    ([x]) => {
      const order = axes.map((axis) => (axis + shape.length) % shape.length);
      const turned = order.map((axis) => shape[axis]!);
      return build(turned, (at) => {
        const from = shape.map((_, axis) => at[order.indexOf(axis)]!);
        return element(x!, shape, from);
      });
    },
    [[shape]],
  );
checkOp(
  "transpose",
  (x) => ops.transpose(x),
  ([x]) => build([2, 4, 3], ([a, i, j]) => element(x!, [2, 3, 4], [a!, j!, i!])),
  [[[2, 3, 4]]],
);

const slices: [shape: number[], starts: number[], sizes: number[]][] = [
  [[9], [2], [5]],
  [
    [6, 7],
    [0, 3],
    [6, 2],
  ],
  [
    [6, 7],
    [2, 0],
    [3, 7],
  ],
  [
    [3, 9, 8, 2],
    [1, 2, 3, 0],
    [2, 5, 4, 1],
  ],
  [[4], [4], [0]],
];
for (const [shape, starts, sizes] of slices) {
  const moved = (by: number[], sign: number) => by.map((n, axis) => n + sign * starts[axis]!);
  checkOp(
    `slice from ${starts.join()}`,
    (x) => ops.slice(x, starts, sizes),
    ([x]) => build(sizes, (at) => element(x!, shape, moved(at, 1))),
    [[shape]],
  );
  checkOp(
    `pad to ${shape.join()}`,
    (x) =>
      ops.pad(
        x,
        shape.map((extent, axis) => [starts[axis]!, extent - starts[axis]! - sizes[axis]!]),
        0.75,
      ),
    ([x]) =>
      build(shape, (at) => {
        const from = moved(at, -1);
        return from.every((n, axis) => n >= 0 && n < sizes[axis]!) ? element(x!, sizes, from) : 0.75;
      }),
    [[sizes]],
  );
}

checkOp(
  "broadcastTo",
  (x) => ops.broadcastTo(x, [4, 3, 5]),
  ([x]) => build([4, 3, 5], ([, r]) => x![r!]!),
  [[[3, 1]]],
);
checkOp(
  "reshape",
  (x) => ops.reshape(x, [4, -1]),
  ([x]) => x!,
  [[[2, 6]], [[4, 1]]],
);

for (const axis of [0, 1, -1])
  checkOp(
    `concat along ${axis}`,
    (...list) => ops.concat(list, axis),
    (lists, shapes) => {
      const at = (axis + 3) % 3;
      const total = shapes.reduce((sum, shape) => sum + shape[at]!, 0);
      const whole = shapes[0]!.map((extent, i) => (i === at ? total : extent));
      return build(whole, (coordinates) => {
        let which = 0;
        const own = [...coordinates];
        while (own[at]! >= shapes[which]![at]!) own[at]! -= shapes[which++]![at]!;
        return element(lists[which]!, shapes[which]!, own);
      });
    },
    [
      [[2, 3, 4]],
      [
        [2, 3, 4],
        [2, 3, 4],
      ],
      [3, 1, 2, 0].map((extent) => [2, 3, 4].map((other, i) => (i === (axis + 3) % 3 ? extent : other))),
    ],
  );
checkOp(
  "stack",
  (a, b) => ops.stack([a, b], -1),
  ([a, b]) => a!.flatMap((x, i) => [x, b![i]!]),
  [
    [[5], [5]],
    [
      [2, 3],
      [2, 3],
    ],
  ],
);

for (const [R, L, K] of [
  [1, 1, 1],
  [7, 5, 4],
  [3, 65, 40],
  [100, 3, 9],
] as const)
  checkOp(
    "gatherRows",
    (x, indices) => ops.gatherRows(x, indices),
    ([x, indices]) => indices!.flatMap((row) => x!.slice(row * L, (row + 1) * L)),
    [[[R, L], [K]]],
    {
      prepare: (list, i) => (i === 0 ? list : list.map((v) => Math.floor(((v + 1) / 2) * R))),
      constant: [1],
    },
  );

checkOp(
  "stridedSlice",
  (x) => ops.stridedSlice(x, [1, 4], [2, 3], [2, -2]),
  ([x], [shape]) => [1, 3].flatMap((r) => [4, 2, 0].map((c) => x![r * shape![1]! + c]!)),
  [[[4, 5]], [[6, 7]]],
);

withDevices((device) => {
  const make = (...shape: number[]): Tensor => tensor(device(), new Float32Array(sizeOf(shape)), shape);

  test("reshape copies nothing", () => {
    const x = make(4, 6);
    expect(ops.reshape(x, [3, -1]).storage).toBe(x.storage);
    expect(ops.reshape(x, [3, -1]).shape).toEqual([3, 8]);
    expect(ops.reshape(make(1), []).shape).toEqual([]);
    expect(ops.reshape(make(0, 3), [5, 0]).shape).toEqual([5, 0]);
  });

  test("gatherRows: an index that is no row gives NaN, and takes no gradient; rows have any shape", async () => {
    const x = tensor(device(), [1, 2, 3, 4], [2, 2, 1]);
    x.requiresGrad = true;
    const y = ops.gatherRows(x, tensor(device(), [1, 2, -1, 0.5, NaN, 1]));
    expect(y.shape).toEqual([6, 2, 1]);
    expect([...(await y.read())]).toEqual([3, 4, ...Array<number>(8).fill(NaN), 3, 4]);
    backward(y);
    expect([...(await x.grad!.read())]).toEqual([0, 0, 2, 2]);
  });

  test("a large permutation is exact", async () => {
    const [A, B] = [1021, 1031];
    const x = tensor(
      device(),
      Float32Array.from({ length: A * B }, (_, i) => i),
      [A, B],
    );
    const got = await ops.transpose(x).read();
    let wrong = 0;
    got.forEach((value, i) => (wrong += Number(value !== (i % A) * B + Math.floor(i / A))));
    expect(wrong).toBe(0);
  });

  test("what does not fit is an error that says so", () => {
    const x = make(2, 3);
    expect(() => ops.reshape(x, [4, -1])).toThrow("reshape: (4, -1) does not hold the 6 elements of (2, 3)");
    expect(() => ops.reshape(x, [-1, -1])).toThrow(ShapeError);
    expect(() => ops.reshape(x, [-2, -3])).toThrow(ShapeError);
    expect(() => ops.permute(x, [0, 0])).toThrow("permute: axes (0, 0) of (2, 3); name each axis once");
    expect(() => ops.transpose(make(2))).toThrow(ShapeError);
    expect(() => ops.slice(x, [0, 2], [2, 2])).toThrow(
      "slice: starts (0, 2), sizes (2, 2) do not lie in (2, 3)",
    );
    expect(() => ops.slice(x, [0], [2])).toThrow(ShapeError);
    expect(() => ops.pad(x, [[1, -1]])).toThrow(ShapeError);
    expect(() => ops.broadcastTo(x, [3])).toThrow(ShapeError);
    expect(() => ops.broadcastTo(x, [3, 3])).toThrow(ShapeError);
    expect(() => ops.concat([])).toThrow(ArgumentError);
    expect(() => ops.concat([x, make(2, 4)])).toThrow(
      "concat: operand 1 is (2, 4), which differs from (2, 3) in more than axis 0",
    );
    expect(() => ops.gatherRows(x, x)).toThrow(ShapeError);
  });

  test("tensors that are made of numbers alone", async () => {
    const read = async (x: Tensor) => [...(await x.read())];
    expect(await read(create.full(device(), [2, 2], -0.5))).toEqual([-0.5, -0.5, -0.5, -0.5]);
    expect(create.ones(device(), [0, 3]).shape).toEqual([0, 3]);
    expect(await read(create.eye(device(), 2, 3))).toEqual([1, 0, 0, 0, 1, 0]);
    expect(await read(create.range(device(), 5, 0, -2))).toEqual([5, 3, 1]);
    expect(await read(create.range(device(), 1, 1))).toEqual([]);
    expect(await read(create.linspace(device(), -1, 1, 5))).toEqual([-1, -0.5, 0, 0.5, 1]);
    expect(await read(create.linspace(device(), 3, 4, 1))).toEqual([3]);
    expect(() => create.range(device(), 0, 1, 0)).toThrow("range: from 0 to 1 in steps of 0 has no end");
  });
});
