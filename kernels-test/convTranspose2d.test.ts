import { describe, expect, test } from "vitest";
import { openDevice } from "../src/device/device.ts";
import { convTranspose2d, type ConvTranspose2dOptions } from "../src/ops/convTranspose2d.ts";
import { transposedConvolution } from "../src/ops/lib/convolution.ts";
import { tensor } from "../src/tensor/tensor.ts";
import { checkOp, sharing, withDevices } from "./check.ts";
import { epilogueReference, transposedReference } from "./references.ts";

/** Checks `convTranspose2d` with the given options, with a bias where the cases have three shapes. */
function check(name: string, options: ConvTranspose2dOptions, cases: number[][][]) {
  checkOp(
    name,
    (x, w, bias) => convTranspose2d(x, w, { ...options, ...(bias ? { bias } : {}) }),
    ([x, w, bias], [xs, ws]) =>
      epilogueReference(
        transposedReference(x!, w!, transposedConvolution("reference", xs!, ws!, options)),
        bias,
        options.activation,
      ),
    cases,
    { slow: options.variant === "staged" || options.variant === "winograd" },
  );
}

describe("layers of the models", () => {
  check("3×3, stride 2, padding 1, output padding 1", { stride: 2, padding: 1, outputPadding: 1 }, [
    [[2, 4, 4, 32], [3, 3, 256, 32], [256]],
    [[1, 4, 4, 64], [3, 3, 128, 64], [128]],
    [[1, 8, 8, 128], [3, 3, 32, 128], [32]],
    [[2, 8, 8, 32], [3, 3, 8, 32], [8]],
    [[2, 7, 7, 64], [3, 3, 1, 64], [1]],
  ]);
});

describe("around the tiles", () => {
  const images = [1, 2, 3, 4, 5, 15, 16, 17, 31, 32, 33].map((width) => [
    [1, 1, width, 4],
    [3, 3, 8, 4],
  ]);
  check("pixels", { stride: 2, padding: 1, outputPadding: 1 }, images);
  const channels = [1, 3, 4, 5, 7, 8, 9, 12, 64, 68].map((C) => [[1, 3, 3, 4], [2, 2, C, 4], [C]]);
  check("channels", { padding: 1 }, channels);
  const depths = [1, 2, 3, 4, 5, 7, 8, 9].map((K) => [[2, 4, 3, K], [2, 3, 8, K], [8]]);
  check("depth", { padding: [1, 0], stride: [1, 2] }, depths);
});

describe("options", () => {
  check(
    "a stride and a dilation whose product is past 2³²",
    { stride: [20_000, 1], dilation: [220_001, 1], groups: 2 },
    [
      [
        [1, 2, 1, 2],
        [2, 1, 1, 2],
      ],
    ],
  );
  const small = [
    [[2, 4, 3, 8], [3, 2, 4, 8], [4]],
    [[1, 5, 4, 5], [2, 3, 3, 5], [3]],
  ];
  check(
    "padding on one side",
    {
      padding: [
        [1, 0],
        [0, 1],
      ],
      stride: [2, 1],
    },
    small,
  );
  check("stride past the filter", { stride: [5, 4], outputPadding: [3, 0] }, small);
  check("same", { padding: "same", stride: 2 }, small);
  check("dilation", { dilation: [2, 3], padding: [1, 2], stride: [2, 2], outputPadding: [1, 2] }, small);
  check("groups", { groups: 2, padding: 1, stride: 2 }, [
    [[1, 3, 4, 6], [3, 3, 2, 6], [4]],
    [[1, 3, 4, 16], [3, 3, 8, 16], [16]],
  ]);
  for (const activation of ["relu", "tanh", "gelu"] as const)
    check(activation, { activation, padding: 1, stride: 2 }, [
      [[1, 3, 3, 4], [3, 3, 8, 4], [8]],
      [[1, 3, 3, 3], [3, 3, 5, 3], [5]],
    ]);
});

describe("in workgroup memory", () => {
  const variant = "staged";
  check("around the tile", { variant, stride: 2, padding: 1, outputPadding: 1 }, [
    [[2, 5, 4, 4], [3, 3, 20, 4], [20]],
    [[1, 9, 8, 16], [3, 3, 64, 16], [64]],
    [[3, 5, 5, 20], [3, 2, 68, 20], [68]],
  ]);
  check("depths that are not vec4s", { variant, dilation: [2, 1], stride: [1, 2] }, [
    [[1, 5, 4, 5], [2, 3, 3, 5], [3]],
  ]);
});

describe("by Winograd's method", () => {
  check("around the tiles", { variant: "winograd", padding: 1, activation: "relu" }, [
    [[2, 5, 4, 8], [3, 3, 4, 8], [4]],
    [[1, 3, 9, 4], [3, 3, 12, 4], [12]],
  ]);
  check("without padding", { variant: "winograd" }, [
    [
      [1, 1, 5, 4],
      [3, 3, 8, 4],
    ],
  ]);
});

describe("lanes that share nothing", () => {
  check("some columns", { variant: "own", stride: 2 }, [[[2, 4, 4, 8], [3, 3, 12, 8], [12]]]);
});

withDevices((device) => {
  test.each(["own", "shared", "staged", undefined] as const)(
    "what is infinite stays so past the last whole vec4 of the channels: %s",
    async (variant) => {
      const tile = variant === "shared" ? sharing(device()) : variant;
      const x = tensor(device(), new Float32Array(2 * 2 * 5).fill(1), [1, 2, 2, 5]);
      const w = Array.from({ length: 12 * 5 }, (_, i) => (i % 5 === 4 ? Infinity : 1));
      const y = convTranspose2d(x, tensor(device(), w, [1, 1, 12, 5]), { variant: tile });
      expect(new Set(await y.read())).toEqual(new Set([Infinity]));
    },
  );
});

describe("errors", () => {
  test.each([
    [
      {},
      [1, 4, 4, 3],
      [3, 3, 4, 8],
      /x \(1, 4, 4, 3\) has 3 channels, the last axis of w \(3, 3, 4, 8\) has 8/,
    ],
    [
      { stride: 2, outputPadding: 2 },
      [1, 4, 4, 3],
      [3, 3, 4, 3],
      /outputPadding 2 must be below the stride 2/,
    ],
    [{ padding: 9 }, [1, 4, 4, 3], [3, 3, 4, 3], /padding 9 \+ 9 leaves nothing of axis 1/],
  ])("%j %j %j", async (options, x, w, message) => {
    const device = await openDevice();
    const full = (shape: number[]) => tensor(device, new Float32Array(shape.reduce((a, b) => a * b)), shape);
    expect(() => convTranspose2d(full(x), full(w), options)).toThrow(message);
    device.close();
  });
});
