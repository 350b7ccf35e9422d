import { describe, expect, test } from "vitest";
import { openDevice } from "../src/device/device.ts";
import { conv2d, type Conv2dOptions } from "../src/ops/conv2d.ts";
import { convolution } from "../src/ops/lib/convolution.ts";
import { filterGradient, filterSlices } from "../src/ops/lib/convolutionPasses.ts";
import { empty, tensor, zeros } from "../src/tensor/tensor.ts";
import { checkOp, expectClose, rounded, sharing, values, withDevices } from "./check.ts";
import { convolutionReference, epilogueReference } from "./references.ts";

/** Checks `conv2d` with the given options, with a bias where the cases have three shapes. */
function check(
  name: string,
  options: Conv2dOptions,
  cases: number[][][],
  prepare?: (list: number[]) => number[],
) {
  checkOp(
    name,
    (x, w, bias) => conv2d(x, w, { ...options, ...(bias ? { bias } : {}) }),
    ([x, w, bias], [xs, ws]) =>
      epilogueReference(
        convolutionReference(x!, w!, convolution("reference", xs!, ws!, options)),
        bias,
        options.activation,
      ),
    cases,
    { ...(prepare ? { prepare } : {}), slow: options.variant === "staged" || options.variant === "winograd" },
  );
}

describe("layers of the models", () => {
  check("3×3, stride 2, padding 1", { stride: 2, padding: 1 }, [
    [[2, 28, 28, 1], [3, 3, 1, 32], [32]],
    [[3, 14, 14, 32], [3, 3, 32, 64], [64]],
    [[2, 8, 8, 3], [3, 3, 3, 32], [32]],
    [[1, 7, 7, 64], [3, 3, 64, 128], [128]],
  ]);
  check("final", {}, [
    [[2, 16, 16, 8], [1, 1, 8, 1], [1]],
    [[2, 12, 12, 8], [5, 5, 8, 1], [1]],
    [[2, 12, 12, 8], [1, 1, 8, 3], [3]],
    [[1, 8, 8, 16], [3, 3, 16, 4], [4]],
  ]);
  check("3×3, stride 1", { padding: 1 }, [
    [
      [1, 8, 8, 64],
      [3, 3, 64, 64],
    ],
    [
      [2, 5, 7, 8],
      [3, 3, 8, 16],
    ],
  ]);
});

describe("around the tiles", () => {
  const images = [1, 2, 3, 4, 5].map((width) => [
    [1, 1, width, 4],
    [1, 1, 4, 8],
  ]);
  check("pixels", {}, images);
  const channels = [1, 3, 4, 5, 8, 12, 60, 64, 68].map((K) => [[1, 3, 3, 4], [2, 2, 4, K], [K]]);
  check("filters", { padding: 1 }, channels);
  const depths = [1, 2, 3, 4, 5, 7, 8, 9].map((C) => [[2, 4, 3, C], [2, 3, C, 8], [8]]);
  check("channels", { padding: [1, 0], stride: [1, 2] }, depths);
});

describe("options", () => {
  const small = [
    [[2, 7, 6, 4], [3, 2, 4, 8], [8]],
    [[1, 9, 8, 3], [2, 3, 3, 5], [5]],
    [
      [1, 9, 8, 1],
      [3, 3, 1, 1],
    ],
  ];
  check(
    "padding on one side",
    {
      padding: [
        [2, 0],
        [0, 1],
      ],
    },
    small,
  );
  check("padding past the filter", { padding: [4, 3], stride: [2, 3] }, small);
  check("same", { padding: "same", stride: [2, 1] }, small);
  check("valid", { padding: "valid", stride: 3 }, small);
  check("dilation", { dilation: [2, 3], padding: [1, 2], stride: [1, 2] }, small);
  check("groups", { groups: 2, padding: 1 }, [
    [[1, 5, 4, 4], [3, 3, 2, 6], [6]],
    [[1, 5, 4, 16], [3, 3, 8, 16], [16]],
  ]);
  check("a filter per channel", { groups: 8, padding: 1, stride: 2 }, [[[1, 5, 5, 8], [3, 3, 1, 8], [8]]]);
  for (const activation of ["relu", "softplus", "gelu"] as const)
    check(activation, { activation, padding: 1, stride: 2 }, [
      [[1, 6, 6, 4], [3, 3, 4, 8], [8]],
      [[1, 5, 5, 3], [3, 3, 3, 5], [5]],
    ]);
});

describe("in workgroup memory", () => {
  const variant = "staged";
  check("around the tile", { variant, padding: 1, stride: 2 }, [
    [[2, 9, 9, 4], [3, 3, 4, 20], [20]],
    [[1, 16, 15, 16], [3, 3, 16, 64], [64]],
    [[3, 17, 3, 20], [3, 2, 20, 68], [68]],
  ]);
  check("depths that are not vec4s", { variant, dilation: [2, 1] }, [
    [[2, 8, 7, 1], [3, 3, 1, 32], [32]],
    [[1, 7, 9, 3], [2, 3, 3, 5], [5]],
    [[1, 5, 2, 1], [1, 1, 1, 1], [1]],
  ]);
});

describe("one filter", () => {
  const widths = [1, 3, 4, 5, 8, 9].map((W) => [[2, 3, W, 4], [2, 1, 4, 1], [1]]);
  check("pixels of a row", { activation: "softplus" }, widths);
  const taps = [1, 2, 3, 4, 5, 6, 8, 9, 11].map((S) => [[1, 4, 11, 8], [2, S, 8, 1], [1]]);
  check("taps of a row", { padding: [1, 3] }, taps);
  check("rows apart", { stride: [2, 1], dilation: [3, 1], padding: [2, 1] }, [
    [[2, 9, 6, 12], [3, 3, 12, 1], [1]],
  ]);
  check("columns apart", { stride: [1, 2], padding: 1 }, [
    [
      [1, 5, 7, 8],
      [3, 3, 8, 1],
    ],
  ]);
  const images = [2, 4, 63, 64, 65].map((H) => [[1, H, 4, 4], [1, 1, 4, 1], [1]]);
  check("single pixels", { activation: "tanh" }, [...images, [[3, 50, 50, 8], [1, 1, 8, 1], [1]]]);
  check("a few filters", { padding: 1 }, [
    [[2, 6, 7, 4], [3, 3, 4, 3], [3]],
    [[1, 5, 5, 8], [2, 5, 8, 7], [7]],
  ]);
});

describe("few channels", () => {
  const widths = [1, 7, 8, 9, 17].map((W) => [[1, 3, W, 1], [3, 3, 1, 8], [8]]);
  check("pixels of a row", { padding: 1, activation: "relu" }, widths);
  const filters = [4, 28, 32, 36, 64].map((K) => [[2, 5, 6, 1], [3, 3, 1, K], [K]]);
  check("filters", { padding: 1, stride: 2 }, filters);
  const channels = [1, 2, 3, 4].map((C) => [[1, 5, 6, C], [3, 3, C, 8], [8]]);
  check("channels", { padding: [0, 1], stride: [1, 2] }, channels);
  const paddings = [0, 1, 2, 3].map((padding) => ({ padding, stride: [2, 1] as const }));
  for (const options of paddings)
    check(`padding ${options.padding}`, options, [[[1, 6, 5, 1], [4, 2, 1, 4], [4]]]);
  for (const stride of [1, 2]) {
    for (const padding of [0, 2, 3, 5])
      check(`stride ${stride}, padding ${padding}`, { stride, padding }, [[[2, 6, 5, 1], [3, 5, 1, 4], [4]]]);
    const strips = [1, 4 * stride - 1, 4 * stride, 4 * stride + 1].map((W) => [
      [2, 3, W, 1],
      [2, 3, 1, 36],
      [36],
    ]);
    check(`strips of a row, stride ${stride}`, { stride, padding: 1 }, strips);
    const long = [8, 9].map((S) => [[1, 3, 13, 1], [2, S, 1, 4], [4]]);
    check(`taps of a row, stride ${stride}`, { stride, padding: [0, 4] }, long);
  }
  check("taps apart", { dilation: 2, padding: 2 }, [[[1, 6, 7, 1], [3, 3, 1, 8], [8]]]);
});

describe("by Winograd's method", () => {
  const variant = "winograd";
  const sides = [
    [1, 1],
    [3, 4],
    [5, 8],
    [9, 2],
  ];
  const images = sides.map(([H, W]) => [[2, H!, W!, 4], [3, 3, 4, 12], [12]]);
  check("around the tiles", { variant, padding: "same", activation: "softplus" }, images);
  check("without padding", { variant, padding: "valid" }, [
    [[1, 3, 3, 8], [3, 3, 8, 4], [4]],
    [
      [3, 7, 12, 4],
      [3, 3, 4, 36],
    ],
  ]);
  const uneven = [
    [2, 0],
    [0, 1],
  ] as const;
  check("padding on one side", { variant, padding: uneven }, [[[1, 6, 5, 36], [3, 3, 36, 8], [8]]]);
  check("padding past the filter", { variant, padding: 3 }, [[[1, 5, 4, 4], [3, 3, 4, 8], [8]]]);
  check("what it is not for", { variant, padding: 1 }, [
    [[1, 5, 6, 1], [3, 3, 1, 8], [8]],
    [[1, 5, 6, 4], [3, 2, 4, 6], [6]],
  ]);

  withDevices((device) => {
    test("images in several parts give what tiles of products give", async () => {
      const [N, side, C] = [9, 64, 8];
      const [x, w] = [
        tensor(device(), values(N * side * side * C, 1), [N, side, side, C]),
        tensor(device(), values(9 * C * C, 2), [3, 3, C, C]),
      ];
      const results = (["own", variant] as const).map((variant) => {
        for (const input of [x, w]) input.requiresGrad = true;
        const y = conv2d(x, w, { padding: 1, variant });
        const { dx, dw } = { dx: empty(device(), x.shape), dw: empty(device(), w.shape) };
        const { rule } = y.node!;
        const gradients = { wanted: () => true, empty: (i: number) => [dx, dw][i]! };
        device().noGrad(() => rule([y], gradients));
        return [y, dx, dw];
      });
      for (const i of [0, 1, 2])
        expectClose(await results[1]![i]!.read(), await results[0]![i]!.read(), 1e-5);
    });
  });

  test("CPU adapters choose it for many channels and pixels, and are as exact with it as with tiles to a few units", async () => {
    const device = await openDevice();
    const [N, side, C] = [4, 16, 64];
    const [xs, ws] = [values(N * side * side * C, 1), values(9 * C * C, 2)].map(rounded);
    const x = tensor(device, xs!, [N, side, side, C]);
    const w = tensor(device, ws!, [3, 3, C, C]);
    const chosen = await conv2d(x, w, { padding: 1 }).read();
    expect(chosen).toEqual(await conv2d(x, w, { padding: 1, variant }).read());
    const geometry = convolution("reference", x.shape, w.shape, { padding: 1 });
    expectClose(chosen, convolutionReference(xs!, ws!, geometry), 3e-6);
    const few = tensor(device, xs!.slice(0, 16 * C), [1, 4, 4, C]);
    const own = await conv2d(few, w, { padding: 1, variant: sharing(device) }).read();
    expect(await conv2d(few, w, { padding: 1 }).read()).toEqual(own);
    device.close();
  });
});

describe("lanes that share nothing", () => {
  check("some columns", { variant: "own", padding: 1 }, [[[2, 6, 6, 8], [3, 3, 8, 12], [12]]]);
});

describe("lanes that share, two rows each or four", () => {
  const shapes: [number[], number[], number[]][] = [15, 16, 17, 31, 32, 33, 63, 64, 65].map((W) => [
    [1, 1, W, 4],
    [1, 3, 4, 20],
    [20],
  ]);
  const filters: [number[], number[], number[]][] = [4, 5, 8, 12, 20].map((C) => [
    [2, 4, 5, C],
    [2, 2, C, 36],
    [36],
  ]);
  checkOp(
    "rows of pixels and weights",
    (x, w, bias) => conv2d(x, w, { padding: [0, 1], bias: bias, variant: sharing(x.device) }),
    ([x, w, bias], [xs, ws]) =>
      epilogueReference(
        convolutionReference(x!, w!, convolution("reference", xs!, ws!, { padding: [0, 1] })),
        bias,
      ),
    [...shapes, ...filters],
  );
});

withDevices((device) => {
  test.each(["own", "shared", "staged", undefined] as const)(
    "what is infinite at the end of a row of pixels stays so in the gradient of the filter: %s",
    async (variant) => {
      const tile = variant === "shared" ? sharing(device()) : variant;
      for (const C of [3, 4]) {
        const geometry = convolution("conv2d", [2, 2, 5, C], [1, 1, C, 20], {});
        const x = tensor(device(), new Float32Array(20 * C).fill(1), [2, 2, 5, C]);
        const dz = Array.from({ length: 20 * 20 }, (_, i) => (Math.floor(i / 20) % 5 === 4 ? Infinity : 1));
        const dw = empty(device(), [1, 1, C, 20]);
        filterGradient(x, tensor(device(), dz, [2, 2, 5, 20]), dw, geometry, tile);
        expect(new Set(await dw.read())).toEqual(new Set([Infinity]));
      }
    },
  );
});

test("the gradient of a filter is summed in few slices, however many pixels there are", () => {
  const [x, w] = [
    [4096, 512, 512, 1],
    [1, 1, 1, 8],
  ];
  const geometry = convolution("conv2d", x, w, {});
  expect(filterSlices(geometry, 1024, 256)).toBe(256);
  expect(filterSlices({ ...geometry, N: 1 }, 1024, 256)).toBe(256);
  expect(filterSlices({ ...geometry, N: 1, P: 10, Q: 1000 }, 1024, 256)).toBe(10);
  expect(filterSlices({ ...geometry, N: 0 }, 1024, 256)).toBe(1);
});

test("images without channels leave the bias", async () => {
  const device = await openDevice();
  const [x, w] = [zeros(device, [2, 4, 4, 0]), zeros(device, [3, 3, 0, 4])];
  const y = conv2d(x, w, { padding: 1, bias: tensor(device, [1, 2, 3, 4], [4]) });
  expect(await y.read()).toEqual(Float32Array.from({ length: 128 }, (_, i) => 1 + (i % 4)));
  device.close();
});

test("tiles that do not fit", async () => {
  const device = await openDevice();
  const [x, w] = [
    tensor(device, new Float32Array(16), [1, 2, 2, 4]),
    tensor(device, new Float32Array(48), [1, 1, 4, 12]),
  ];
  expect(() => conv2d(x, w, { variant: "tall" })).toThrow(
    /"tall" is for at most 8 columns, not 12|no subgroups/,
  );
  device.close();
});

describe("errors", () => {
  test.each([
    [{}, [8, 8], [3, 3, 1, 4], /x is \(8, 8\), expected images/],
    [{}, [1, 8, 8, 3], [3, 3, 4], /w is \(3, 3, 4\), expected a filter/],
    [{}, [1, 8, 8, 3], [3, 3, 4, 4], /has 3 channels, w \(3, 3, 4, 4\) with 1 groups takes 4/],
    [{ groups: 3 }, [1, 8, 8, 3], [3, 3, 1, 4], /3 groups do not divide the 4 filters/],
    [
      {},
      [1, 2, 8, 3],
      [3, 3, 3, 4],
      /reaches over 3 pixels of axis 1, x \(1, 2, 8, 3\) has 2 and 0 of padding/,
    ],
    [{}, [1, 8, 8, 3], [0, 3, 3, 4], /w \(0, 3, 3, 4\) has no taps/],
    [{ stride: 0 }, [1, 8, 8, 3], [3, 3, 3, 4], /stride is 0, expected a whole number from 1/],
    [{ padding: -1 }, [1, 8, 8, 3], [3, 3, 3, 4], /padding is -1/],
    [{ padding: 2 ** 30, stride: 2 ** 30 }, [1, 8, 8, 3], [3, 3, 3, 4], /axis 1 has 2147483656 pixels/],
  ])("%j %j %j", async (options, x, w, message) => {
    const device = await openDevice();
    const full = (shape: number[]) => tensor(device, new Float32Array(shape.reduce((a, b) => a * b)), shape);
    expect(() => conv2d(full(x), full(w), options)).toThrow(message);
    device.close();
  });
});
