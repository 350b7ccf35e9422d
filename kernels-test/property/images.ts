import fc from "fast-check";
import * as blocks from "../../src/ops/blocks.ts";
import { cross, matmul } from "../../src/ops/products.ts";
import { glu } from "../../src/ops/functions.ts";
import { localResponseNorm } from "../../src/ops/localResponse.ts";
import { isClose } from "../../src/ops/logic.ts";
import { updateNd } from "../../src/ops/scatter.ts";
import { det, qr } from "../../src/ops/qr.ts";
import { dequantizeLinear, quantizeLinear } from "../../src/ops/quantize.ts";
import { sampleImages } from "../../src/ops/sampling.ts";
import { broadcast, build, element, sizeOf, zip, type Nd } from "./arrays.ts";
import { property, type Form, type Property } from "./property.ts";
import { alike } from "./shapes.ts";
import { each, indices, indicesAndOthers, withSpecials } from "./values.ts";

const small = fc.constantFrom(1, 2, 3, 4, 5);
const images = fc.tuple(fc.constantFrom(1, 2), small, small, fc.constantFrom(1, 2, 3, 4));

interface Blocks {
  block: number;
  order: blocks.BlockOrder;
}
const blocked = (toDepth: boolean): fc.Arbitrary<Form<Blocks>> =>
  fc
    .tuple(images, fc.constantFrom(1, 2, 3), fc.constantFrom<blocks.BlockOrder>("DCR", "CRD"))
    .map(([[N, H, W, C], block, order]) => ({
      shapes: [toDepth ? [N, H * block, W * block, C] : [N, H, W, C * block ** 2]],
      setting: { block, order },
    }));
/** The channel that has pixel (i, j) of channel c of a block. */
const channelOf = ({ block, order }: Blocks, C: number, i: number, j: number, c: number) =>
  order === "DCR" ? (i * block + j) * C + c : (c * block + i) * block + j;

interface Space {
  blocks: number[];
  margins: [number, number][];
}
/** x (N, 2 axes, 2) whose axes are blocks apart once they are padded. */
const spaces: fc.Arbitrary<Form<Space>> = fc
  .tuple(
    small,
    small,
    fc.array(fc.tuple(fc.constantFrom(1, 2, 3), fc.nat(2)), { minLength: 2, maxLength: 2 }),
  )
  .map(([N, counts, axes]) => {
    const own = axes.map(([block, before], i) => {
      const whole = block * (counts + i) + block * Math.ceil(before / block);
      return { block, before, extent: Math.max(1, whole - before - (i && whole > before + 1 ? 1 : 0)) };
    });
    const margins = own.map(({ block, before, extent }): [number, number] => [
      before,
      (block - ((before + extent) % block)) % block,
    ]);
    return {
      shapes: [[N, ...own.map(({ extent }) => extent), 2]],
      setting: { blocks: own.map(({ block }) => block), margins },
    };
  });
/** Element (n, i, j, c) of a batch is pixel (i, j) · blocks + the remainder that n / N names, less the margins. */
function spread(x: Nd, { blocks: [b, d], margins: [top, left] }: Space): Nd {
  const [N, H, W, C] = x.shape as [number, number, number, number];
  const [P, Q] = [(H + top![0] + top![1]) / b!, (W + left![0] + left![1]) / d!];
  return build([N * b! * d!, P, Q, C], ([n, i, j, c]) => {
    const place = Math.floor(n! / N);
    const h = i! * b! + Math.floor(place / d!) - top![0];
    const w = j! * d! + (place % d!) - left![0];
    return h < 0 || w < 0 || h >= H || w >= W ? 0 : element(x, [n! % N, h, w, c!]);
  });
}

interface Sampling {
  mode: "nearest" | "bilinear";
  outside: "zeros" | "edge";
}

/** An image read at a place, of which each part is read where it is, or at the edge, or is 0. */
function sampled([x, places]: Nd[], { mode, outside }: Sampling): Nd {
  const [N, H, W, C] = x!.shape as [number, number, number, number];
  const [P, Q] = places!.shape.slice(1) as [number, number];
  return build([N, P, Q, C], ([n, p, q, c]) => {
    const place = (axis: number, extent: number) => {
      const at = element(places!, [n!, p!, q!, axis]);
      return outside === "edge" ? Math.min(Math.max(at, 0), extent - 1) : at;
    };
    const read = (h: number, w: number) =>
      h < 0 || w < 0 || h >= H || w >= W ? 0 : element(x!, [n!, h, w, c!]);
    const [row, column] = [place(0, H), place(1, W)];
    const even = (v: number) => (v % 1 === 0.5 || v % 1 === -0.5 ? 2 * Math.round(v / 2) : Math.round(v));
    if (mode === "nearest") return read(even(row), even(column));
    const [top, left] = [Math.floor(row), Math.floor(column)];
    const [down, across] = [row - top, column - left];
    const mixed = (h: number) => read(h, left) * (1 - across) + read(h, left + 1) * across;
    return mixed(top) * (1 - down) + mixed(top + 1) * down;
  });
}

/** x, and scales and zero points for all of it, for an axis, or for blocks along two axes. */
const quantized: fc.Arbitrary<Form<null>> = fc
  .tuple(small, small, small, fc.nat(3))
  .map(([a, b, c, kind]) => {
    const x = [2 * a, 3 * b, c];
    const scale = [[], [c], [2 * a, 1, 1], [2, 3, c]][kind]!;
    return { shapes: [x, scale, scale], setting: null };
  });
const blockOf = (scale: Nd, x: Nd, at: readonly number[]) => {
  const lead = x.shape.length - scale.shape.length;
  return element(
    scale,
    scale.shape.map((extent, i) => Math.floor(at[lead + i]! / (x.shape[lead + i]! / extent))),
  );
};

/** Batches of matrices, square ones for determinants. */
const matrices = (square: boolean): fc.Arbitrary<Form<null>> =>
  fc.tuple(fc.constantFrom([], [2], [2, 3], [0]), small, small).map(([batch, M, N]) => ({
    shapes: [[...batch, M, square ? M : N]],
    setting: null,
  }));

/** The determinant of the matrix that begins at `first`, by elimination with pivots, and the product of its rows' lengths. */
function determinant(a: Nd, first: number): [number, number] {
  const N = a.shape.at(-1)!;
  const w = Array.from({ length: N }, (_, i) => a.data.slice(first + i * N, first + (i + 1) * N));
  const most = w.reduce((product, row) => product * Math.hypot(...row), 1);
  let det = 1;
  for (let j = 0; j < N; j++) {
    const best = w.reduce((at, row, i) => (i > j && Math.abs(row[j]!) > Math.abs(w[at]![j]!) ? i : at), j);
    if (best !== j) [w[j], w[best], det] = [w[best]!, w[j]!, -det];
    det *= w[j]![j]!;
    if (det === 0) return [0, most];
    for (let i = j + 1; i < N; i++) {
      const part = w[i]![j]! / w[j]![j]!;
      w[i] = w[i]!.map((x, k) => x - part * w[j]![k]!);
    }
  }
  return [det, most];
}

/** Channels around each, by their squares. */
const responses = (x: Nd, radius: number) =>
  build(x.shape, (at) => {
    const c = at.at(-1)!;
    let sum = 0;
    for (let k = Math.max(0, c - radius); k <= Math.min(x.shape.at(-1)! - 1, c + radius); k++)
      sum += element(x, at.with(-1, k)) ** 2;
    return element(x, at) / (2 + 0.5 * sum) ** 0.75;
  });

export const imaged: Property[] = [
  property<number>({
    name: "localResponseNorm",
    forms: fc.tuple(images, fc.nat(3)).map(([shape, setting]) => ({ shapes: [shape], setting })),
    op: ([x], radius) => localResponseNorm(x!, radius, { bias: 2, alpha: 0.5, beta: 0.75 }),
    reference: ([x], radius) => responses(x!, radius),
    values: () => each((u) => 3 * u),
    signedZeros: false,
  }),
  property<null>({
    name: "glu",
    forms: images.map(([N, H, W, C]) => ({ shapes: [[N, H, W, 2 * C]], setting: null })),
    op: ([x]) => glu(x!),
    reference: ([x]) =>
      build([...x!.shape.slice(0, -1), x!.shape.at(-1)! / 2], (at) => {
        const gate = element(x!, at.with(-1, at.at(-1)! + x!.shape.at(-1)! / 2));
        return element(x!, at) / (1 + Math.exp(-gate));
      }),
    values: () => each((u) => 3 * u),
  }),
  property<null>({
    name: "cross",
    forms: images.map(([N, H, , C]) => ({ shapes: [[N, H, 1, C, 3], [H, 2, 1, 3]], setting: null })), // prettier-ignore
    op: ([a, b]) => cross(a!, b!),
    reference: ([a, b]) => {
      const terms = (sign: number) =>
        build([...broadcast(a!.shape, b!.shape)], (at) => {
          const [j, k] = [(at.at(-1)! + 1) % 3, (at.at(-1)! + 2) % 3];
          const [x, y] = [element(a!, at.with(-1, j)) * element(b!, at.with(-1, k)), element(a!, at.with(-1, k)) * element(b!, at.with(-1, j))]; // prettier-ignore
          return sign < 0 ? x - y : Math.abs(x) + Math.abs(y);
        });
      return { ...terms(-1), scale: terms(1).data };
    },
    values: () => each((u) => 3 * u),
    signedZeros: false,
  }),
  property<null>({
    name: "isClose",
    forms: alike(2),
    op: ([a, b]) => isClose(a!, b!, 0.25, 0.5),
    reference: ([a, b]) =>
      zip(
        (x, y) =>
          Number(x === y || (Math.abs(x - y) <= 0.5 + 0.25 * Math.abs(y) && Math.abs(x - y) < Infinity)),
        a!,
        b!,
      ),
    values: () => withSpecials(each((u) => Math.round(16 * u) / 4), 4, [Infinity, -Infinity, NaN]), // prettier-ignore
    hasGradient: () => false,
    tolerance: 0,
  }),
  property<null>({
    name: "updateNd",
    forms: images.map(([N, H, W, C]) => ({ shapes: [[N, H, C], [W, 2], [W, C]], setting: null })), // prettier-ignore
    op: ([x, at, updates]) => updateNd(x!, at!, updates!),
    reference([x, at, updates]) {
      const [N, H, C] = x!.shape as [number, number, number];
      const data = [...x!.data];
      for (let k = 0; k < at!.shape[0]!; k++) {
        const [n, h] = [at!.data[2 * k]!, at!.data[2 * k + 1]!];
        if (n in [...Array(N).keys()] && h in [...Array(H).keys()])
          for (let c = 0; c < C; c++) data[(n * H + h) * C + c] = updates!.data[k * C + c]!;
      }
      return { shape: x!.shape, data };
    },
    values: (i) => (i === 1 ? indicesAndOthers(3) : undefined),
    smooth: (i) => (i === 1 ? indices(3) : each((u) => u)),
    constant: [1],
    tolerance: 0,
  }),
  property<Blocks>({
    name: "depthToSpace",
    forms: blocked(false),
    op: ([x], { block, order }) => blocks.depthToSpace(x!, block, order),
    reference([x], setting) {
      const [N, H, W, all] = x!.shape as [number, number, number, number];
      const { block } = setting;
      const C = all / block ** 2;
      return build([N, H * block, W * block, C], ([n, h, w, c]) => {
        const channel = channelOf(setting, C, h! % block, w! % block, c!);
        return element(x!, [n!, Math.floor(h! / block), Math.floor(w! / block), channel]);
      });
    },
    tolerance: 0,
  }),
  property<Blocks>({
    name: "spaceToDepth after depthToSpace",
    forms: blocked(false),
    op: ([x], { block, order }) => blocks.spaceToDepth(blocks.depthToSpace(x!, block, order), block, order),
    reference: ([x]) => x!,
    tolerance: 0,
  }),
  property<Space>({
    name: "spaceToBatch",
    forms: spaces,
    op: ([x], { blocks: own, margins }) => blocks.spaceToBatch(x!, own, margins),
    reference: ([x], setting) => spread(x!, setting),
    tolerance: 0,
  }),
  property<Space>({
    name: "batchToSpace after spaceToBatch",
    forms: spaces,
    op: ([x], { blocks: own, margins }) =>
      blocks.batchToSpace(blocks.spaceToBatch(x!, own, margins), own, margins),
    reference: ([x]) => x!,
    tolerance: 0,
  }),
  property<{ window: [number, number]; stride: number; padding: number; dilation: number }>({
    name: "extractPatches",
    forms: fc.tuple(images, small, small, fc.nat(1), fc.constantFrom(1, 2)).map(([[N, H, W, C], r, s, padding, dilation]) => ({
      shapes: [[N, H + 4, W + 4, C]],
      setting: { window: [Math.min(r, 3), Math.min(s, 2)], stride: 2, padding, dilation },
    })), // prettier-ignore
    op: ([x], setting) => blocks.extractPatches(x!, setting),
    reference([x], { window: [R, S], stride, padding, dilation }) {
      const [N, H, W, C] = x!.shape as [number, number, number, number];
      const count = (extent: number, taps: number) =>
        Math.floor((extent + 2 * padding - dilation * (taps - 1) - 1) / stride) + 1;
      return build([N, count(H, R), count(W, S), R * S * C], ([n, p, q, k]) => {
        const tap = Math.floor(k! / C);
        const h = p! * stride + Math.floor(tap / S) * dilation - padding;
        const w = q! * stride + (tap % S) * dilation - padding;
        return h < 0 || w < 0 || h >= H || w >= W ? 0 : element(x!, [n!, h, w, k! % C]);
      });
    },
    tolerance: 0,
  }),
  property<Sampling>({
    name: "sampleImages",
    forms: fc
      .tuple(images, small, small, fc.constantFrom<Sampling["mode"]>("nearest", "bilinear"), fc.constantFrom<Sampling["outside"]>("zeros", "edge"))
      .map(([[N, H, W, C], P, Q, mode, outside]) => ({ shapes: [[N, H, W, C], [N, P, Q, 2]], setting: { mode, outside } })), // prettier-ignore
    op: ([x, places], setting) => sampleImages(x!, places!, setting),
    reference: (inputs, setting) => sampled(inputs, setting),
    values: (i) => (i === 0 ? each((u) => 3 * u) : each((u) => Math.round(40 * u) / 8 + 1 / 32)),
    smooth: (i) => (i === 0 ? each((u) => u) : each((u) => Math.round(40 * u) / 8 + 1 / 32)),
    hasGradient: ({ setting: { mode } }) => mode === "bilinear",
    signedZeros: false,
  }),
  property<null>({
    name: "quantizeLinear",
    forms: quantized,
    op: ([x, scale, zeroPoint]) => quantizeLinear(x!, scale!, zeroPoint!, -128, 127),
    reference: ([x, scale, zeroPoint]) =>
      build(x!.shape, (at) => {
        const q = element(x!, at) / blockOf(scale!, x!, at);
        const even = q % 1 === 0.5 || q % 1 === -0.5 ? 2 * Math.round(q / 2) : Math.round(q);
        return Math.min(Math.max(even + blockOf(zeroPoint!, x!, at), -128), 127);
      }),
    values: (i) => each((u) => (i === 0 ? 400 * u : i === 1 ? 2 ** Math.round(2 * u) : Math.round(9 * u))),
    hasGradient: () => false,
    tolerance: 0,
    signedZeros: false,
  }),
  property<null>({
    name: "dequantizeLinear",
    forms: quantized,
    op: ([x, scale, zeroPoint]) => dequantizeLinear(x!, scale!, zeroPoint!),
    reference: ([x, scale, zeroPoint]) =>
      build(x!.shape, (at) => (element(x!, at) - blockOf(zeroPoint!, x!, at)) * blockOf(scale!, x!, at)),
    values: (i) => each((u) => (i === 1 ? 2 ** (3 * u) : Math.round(99 * u))),
    signedZeros: false,
  }),
  property<null>({
    name: "Q and R of qr, multiplied",
    forms: matrices(false),
    op: ([a]) => {
      const { Q, R } = qr(a!);
      return matmul(Q, R);
    },
    reference: ([a]) => ({ ...a!, scale: a!.data.map(() => Math.max(1e-30, ...a!.data.map(Math.abs))) }),
    values: () => each((u) => 3 * u),
    hasGradient: () => false,
    signedZeros: false,
  }),
  property<null>({
    name: "det",
    forms: matrices(true),
    op: ([a]) => det(a!),
    reference([a]) {
      const N = a!.shape.at(-1)!;
      const batch = a!.shape.slice(0, -2);
      const all = Array.from({ length: sizeOf(batch) }, (_, i) => determinant(a!, i * N * N));
      return { shape: batch, data: all.map(([value]) => value), scale: all.map(([, most]) => most + 1e-30) };
    },
    values: () => each((u) => Math.round(3 * u)),
    tolerance: 3e-5,
    signedZeros: false,
  }),
];
