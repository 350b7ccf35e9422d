import { expect, test } from "vitest";
import { resize2d, type ResizeOptions } from "../src/ops/resize.ts";
import { cropAndResize } from "../src/ops/sampling.ts";
import { tensor, zeros } from "../src/tensor/tensor.ts";
import { checkOp, expectClose, withDevices } from "./check.ts";

/** The two pixels of `extent` that pixel i of `count` is mixed of, and the part of the second. */
function mix(i: number, extent: number, count: number, options: ResizeOptions) {
  const { mode = "bilinear", alignCorners = false, halfPixels = mode === "bilinear" } = options;
  const aligned = count > 1 ? (i * (extent - 1)) / (count - 1) : 0;
  const place = alignCorners
    ? aligned
    : halfPixels
      ? ((i + 0.5) * extent) / count - 0.5
      : (i * extent) / count;
  if (mode === "nearest") {
    const nearest = Math.floor(place + (alignCorners || halfPixels ? 0.5 : 0) + 1e-9);
    return [Math.min(extent - 1, nearest), 0, 0] as const;
  }
  const at = Math.max(0, place);
  const first = Math.min(extent - 1, Math.floor(at + 1e-9));
  return [first, Math.min(extent - 1, first + 1), at - first] as const;
}

function resized(
  x: number[],
  [N, H, W, C]: number[],
  [P, Q]: readonly [number, number],
  options: ResizeOptions,
): number[] {
  const out: number[] = [];
  for (let n = 0; n < N!; n++)
    for (let p = 0; p < P; p++)
      for (let q = 0; q < Q; q++)
        for (let c = 0; c < C!; c++) {
          const [h0, h1, down] = mix(p, H!, P, options);
          const [w0, w1, across] = mix(q, W!, Q, options);
          const at = (h: number, w: number) => x[((n * H! + h) * W! + w) * C! + c]!;
          const row = (h: number) => (1 - across) * at(h, w0) + across * at(h, w1);
          out.push((1 - down) * row(h0) + down * row(h1));
        }
  return out;
}

const cases: [shape: number[], size: [number, number]][] = [
  [
    [1, 1, 1, 1],
    [3, 1],
  ],
  [
    [2, 3, 4, 3],
    [6, 8],
  ],
  [
    [1, 5, 7, 2],
    [8, 3],
  ],
  [
    [2, 9, 8, 1],
    [4, 1],
  ],
];
const ways: ResizeOptions[] = [
  ...[{ mode: "nearest" as const }, {}, { alignCorners: true }, { halfPixels: false }],
  ...[
    { mode: "nearest" as const, alignCorners: true },
    { mode: "nearest" as const, halfPixels: true },
  ],
];
for (const options of ways)
  for (const [shape, size] of cases)
    checkOp(
      `resize2d to ${size.join(" × ")} ${JSON.stringify(options)}`,
      (x) => resize2d(x, size, options),
      ([x]) => resized(x!, shape, size, options),
      [[shape]],
    );

/** Pixel (row, column) of image n (4 × 3 × 2) of x, mixed of the four around; -1 beside it. */
function pixel(x: readonly number[], n: number, row: number, column: number, c: number): number {
  if (!(row >= 0 && row <= 3 && column >= 0 && column <= 2)) return -1;
  const [top, left] = [Math.floor(row), Math.floor(column)];
  const [down, across] = [row - top, column - left];
  const at = (r: number, q: number) => x[((n * 4 + Math.min(r, 3)) * 3 + Math.min(q, 2)) * 2 + c]!;
  const line = (r: number) => at(r, left) * (1 - across) + at(r, left + 1) * across;
  return line(top) * (1 - down) + line(top + 1) * down;
}
const boxes = [0.1, 0.2, 0.7, 0.9, -0.15, 0.05, 0.8, 1.3, 0.9, 0.85, 0.1, 0.25];
checkOp(
  "cropAndResize",
  (x, boxes) => cropAndResize(x, boxes, tensor(x.device, [1, 0, 1]), [3, 1], { fill: -1 }),
  ([x, b]) =>
    [1, 0, 1].flatMap((n, k) =>
      [0, 0.5, 1].flatMap((part) => {
        const row = 3 * (b![4 * k]! + part * (b![4 * k + 2]! - b![4 * k]!));
        const column = 2 * (0.5 * (b![4 * k + 1]! + b![4 * k + 3]!));
        return [0, 1].map((c) => pixel(x!, n, row, column, c));
      }),
    ),
  [[[2, 4, 3, 2], [3, 4]]], // prettier-ignore
  { prepare: (list, i) => (i === 1 ? boxes : list) },
);

withDevices((device) => {
  test("what PyTorch makes of 1 2 3 4", async () => {
    const x = tensor(device(), [1, 2, 3, 4], [1, 2, 2, 1]);
    const row = [1, 1.25, 1.75, 2];
    const want = [0, 0.5, 1.5, 2].flatMap((more) => row.map((v) => v + more));
    expectClose(await resize2d(x, [4, 4]).read(), want, 1e-6);
    const corners = [0, 1, 2].flatMap((p) => [0, 1, 2].map((q) => 1 + p + q / 2));
    expectClose(await resize2d(x, [3, 3], { alignCorners: true }).read(), corners, 1e-6);
  });

  test("what makes no sense is refused", () => {
    const x = zeros(device(), [1, 4, 4, 1]);
    expect(() => resize2d(x, [0, 3])).toThrow("resize2d: the size is (0, 3); give whole numbers from 1");
    expect(() => resize2d(zeros(device(), [4, 4]), [2, 2])).toThrow("expected images (N, H, W, C)");
    expect(() => resize2d(x, [2 ** 29, 1])).toThrow("is past what 32 bits count");
  });
});
