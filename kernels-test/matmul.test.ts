import { describe, expect, test } from "vitest";
import { openDevice, type Device } from "../src/device/device.ts";
import { affine } from "../src/ops/lib/affine.ts";
import { matmul, type MatmulOptions } from "../src/ops/matmul.ts";
import { sizeOf } from "../src/tensor/shape.ts";
import { backward } from "../src/tensor/tape.ts";
import { tensor, type Tensor } from "../src/tensor/tensor.ts";
import { checkOp, expectClose, sharing, values, withDevices } from "./check.ts";
import { epilogueReference, matmulReference, transposeReference } from "./references.ts";

/** matmul of two lists with the given shapes, in float64. */
function reference([a, b, bias]: number[][], [as, bs]: number[][], options: MatmulOptions): number[] {
  const [aBatch, bBatch] = [as!, bs!].map((shape) => (shape.length === 3 ? shape[0]! : 1)) as [
    number,
    number,
  ];
  const [m, n] = as!.slice(-2) as [number, number];
  const [k, l] = bs!.slice(-2) as [number, number];
  const [M, K] = options.transposeA ? [n, m] : [m, n];
  const N = options.transposeB ? k : l;
  const one = (i: number) => {
    const left = a!.slice((i % aBatch) * m * n, ((i % aBatch) + 1) * m * n);
    const right = b!.slice((i % bBatch) * k * l, ((i % bBatch) + 1) * k * l);
    return matmulReference(
      options.transposeA ? transposeReference(left, m, n) : left,
      options.transposeB ? transposeReference(right, k, l) : right,
      M,
      K,
      N,
    );
  };
  const products = Array.from({ length: Math.max(aBatch, bBatch) }, (_, i) => one(i)).flat();
  return epilogueReference(products, bias, options.activation);
}

/** Checks `matmul` with the given options, with a bias where the cases have three shapes. */
function check(name: string, options: MatmulOptions, cases: number[][][]) {
  checkOp(
    name,
    (a, b, bias) => matmul(a, b, { ...options, ...(bias ? { bias } : {}) }),
    (lists, shapes) => reference(lists, shapes, options),
    cases,
    { slow: options.variant === "staged" },
  );
}

const sizes = [1, 3, 4, 5, 8, 9, 63, 64, 65, 68];

describe("around the tiles", () => {
  check(
    "rows",
    {},
    [...sizes, 31, 32, 33, 96, 97].map((M) => [[M, 4], [4, 12], [12]]),
  );
  check(
    "columns",
    {},
    sizes.map((N) => [[5, 4], [4, N], [N]]),
  );
  check(
    "depth",
    {},
    [...sizes, 500].map((K) => [[5, K], [K, 8], [8]]),
  );
  check(
    "all three",
    {},
    sizes.map((size) => [
      [size, size],
      [size, size],
    ]),
  );
});

describe("transposes", () => {
  const square = (size: number) => [
    [size, size],
    [size, size],
  ];
  for (const transposeA of [false, true])
    for (const transposeB of [false, true])
      check(`${transposeA ? "aᵀ" : "a"}·${transposeB ? "bᵀ" : "b"}`, { transposeA, transposeB }, [
        ...[1, 4, 5, 16, 33].map(square),
        [transposeA ? [6, 12] : [12, 6], transposeB ? [8, 6] : [6, 8], [8]],
        [transposeA ? [7, 5] : [5, 7], transposeB ? [3, 7] : [7, 3], [3]],
        [transposeA ? [2, 8, 4] : [2, 4, 8], transposeB ? [2, 12, 8] : [2, 8, 12]],
      ]);
});

describe("in workgroup memory", () => {
  const variant = "staged";
  const around = [1, 4, 15, 16, 17, 63, 64, 65];
  check(
    "all three",
    { variant },
    around.map((size) => [
      [size, size],
      [size, size],
    ]),
  );
  check("bias", { variant, activation: "tanh" }, [
    [[70, 36], [36, 72], [72]],
    [[3, 600], [600, 5], [5]],
  ]);
  check("transposes", { variant, transposeA: true, transposeB: true }, [
    [
      [20, 12],
      [66, 20],
    ],
    [
      [3, 9, 5],
      [3, 7, 9],
    ],
  ]);
});

describe("lanes that share nothing", () => {
  check("all three", { variant: "own" }, [[[33, 33], [33, 40], [40]]]);
});

describe("lanes that share, two rows each or four", () => {
  const rows = [15, 16, 17, 31, 32, 33, 63, 64, 65];
  for (const transposeA of [false, true])
    checkOp(
      transposeA ? "aᵀ" : "a",
      (a, b, bias) => matmul(a, b, { transposeA, bias: bias, variant: sharing(a.device) }),
      (lists, shapes) => reference(lists, shapes, { transposeA }),
      [...rows, 36, 72].map((M) => [transposeA ? [6, M] : [M, 6], [6, 36], [36]]),
    );
});

withDevices((device) => {
  describe.each([8, 9])("%i columns", (columns) => {
    test.each(["own", "shared", "staged", undefined] as const)(
      "what is infinite stays so past the last whole vec4 of the depth: %s",
      async (variant) => {
        const tile = variant === "shared" ? sharing(device()) : variant;
        const [K, M] = [5, 8];
        for (const transposeA of [false, true])
          for (const transposeB of [false, true]) {
            const a = tensor(device(), new Float32Array(M * K).fill(1), transposeA ? [K, M] : [M, K]);
            const b = Array.from({ length: K * columns }, (_, i) => {
              const k = transposeB ? i % K : Math.floor(i / columns);
              return k === K - 1 ? Infinity : 1;
            });
            const bShape = transposeB ? [columns, K] : [K, columns];
            const y = matmul(a, tensor(device(), b, bShape), { transposeA, transposeB, variant: tile });
            expect(new Set(await y.read()), `${transposeA} ${transposeB}`).toEqual(new Set([Infinity]));
          }
      },
    );
  });
});

check("batches", {}, [
  [[3, 4, 5], [3, 5, 6], [6]],
  [
    [1, 4, 5],
    [3, 5, 6],
  ],
  [
    [4, 5],
    [3, 5, 6],
  ],
  [[3, 4, 8], [8, 8], [8]],
  [
    [2, 65, 16],
    [2, 16, 8],
  ],
]);

check("layers of the models", {}, [
  [[8, 512], [512, 100], [100]],
  [[8, 100], [100, 512], [512]],
]);

for (const activation of ["relu", "gelu"] as const)
  check(activation, { activation }, [
    [[5, 4], [4, 8], [8]],
    [[5, 3], [3, 7], [7]],
    [[4, 2000], [2000, 8], [8]],
  ]);

test("operands that do not fit", async () => {
  const device = await openDevice();
  const full = (...shape: number[]) => tensor(device, new Float32Array(shape.reduce((a, b) => a * b)), shape);
  expect(() => matmul(full(2, 3), full(4, 5))).toThrow(/a \(2, 3\) has 3 columns, b \(4, 5\) has 4 rows/);
  expect(() => matmul(full(3, 2), full(4, 5), { transposeA: true, transposeB: true })).toThrow(
    /b \(4, 5\)ᵀ has 5 rows/,
  );
  expect(() => matmul(full(3), full(3, 3))).toThrow(/a is \(3\), expected a matrix or a batch of matrices/);
  expect(() => matmul(full(2, 3, 3), full(3, 3, 3))).toThrow(/a is a batch of 2 and b of 3/);
  expect(() => matmul(full(2, 3), full(3, 4), { bias: full(3) })).toThrow(/bias is \(3\), expected \(4\)/);
  device.close();
});

test("empty batches and matrices stay empty, and have gradients", async () => {
  const device = await openDevice();
  const a = tensor(device, [], [0, 2, 3]);
  const b = tensor(device, [1, 2, 3, 4, 5, 6], [3, 2]);
  expect(matmul(a, b).shape).toEqual([0, 2, 2]);
  const x = tensor(device, [1, 2, 3, 4, 5, 6], [2, 3]);
  x.requiresGrad = true;
  backward(matmul(x, tensor(device, [], [3, 0]), { bias: tensor(device, [], [0]) }));
  expect([...(await x.grad!.read())]).toEqual([0, 0, 0, 0, 0, 0]);
  expect(() => matmul(x, b, { activation: "swish" as "relu" })).toThrow(/no activation is named "swish"/);
  device.close();
});

test("affine: a weight that no binding holds is multiplied window by window of its rows", async () => {
  const [M, K, N] = [3, 300, 8];
  const inputs = (device: Device) =>
    [[M, K], [K, N], [N]].map((shape, i) => {
      const x = tensor(device, values(sizeOf(shape), i + 1), shape);
      x.requiresGrad = true;
      return x;
    }) as [Tensor, Tensor, Tensor];
  const results = async (device: Device, activation: "tanh" | "gelu" = "tanh") => {
    const [a, b, bias] = inputs(device);
    const y = affine(a, b, { bias, activation });
    const out = await y.read();
    backward(y, tensor(device, values(M * N, 4), [M, N]));
    return { out, da: await a.grad!.read(), db: await b.grad!.read(), dbias: await bias.grad!.read() };
  };
  const whole = await openDevice({ validation: true });
  const parted = await openDevice({ validation: true, binding: 4 * N * 130 }); // windows of 128, 128 and 44 rows
  const [want, found] = [await results(whole), await results(parted)];
  for (const name of ["out", "da", "db", "dbias"] as const) expectClose(found[name], want[name], 1e-5, name);
  expect(await results(parted)).toEqual(found);
  const [wantGelu, foundGelu] = [await results(whole, "gelu"), await results(parted, "gelu")];
  expectClose(foundGelu.out, wantGelu.out, 1e-5);
  expectClose(foundGelu.db, wantGelu.db, 1e-5);

  const [a, b] = inputs(parted);
  expect(() => matmul(a, b)).toThrow(/^matmul\S+: b takes 9600 bytes, .* at most 4096 at once/);
  const wide = tensor(parted, new Float32Array(2 * 1056), [2, 1056]);
  expect(() => affine(tensor(parted, [1, 2], [1, 2]), wide)).toThrow(
    /rows of 4224 bytes and can be parted at each 2 of them, .* at most 4096 bytes/,
  );
  for (const device of [whole, parted]) device.close();
});
