import { mixes } from "../data/resize.ts";
import type { Device } from "../device/device.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { clamp } from "../ops/elementwise.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { conv2d } from "../ops/conv2d.ts";
import { matmul } from "../ops/matmul.ts";
import { broadcastTo, concat, permute, reshape } from "../ops/rearrange.ts";
import { mean } from "../ops/reduce.ts";
import { noGrad } from "../tensor/record.ts";
import { show, type Shape } from "../tensor/shape.ts";
import { tensor, type Tensor } from "../tensor/tensor.ts";
import { pooled } from "./inception/pooling.ts";
import { inceptionWeights, type InceptionWeights, type Weight } from "./inception/weights.ts";
import { inceptionV3 } from "./inception/wiring.ts";

/** Side of the images that the network was made for. */
const SIDE = 299;
/** Images that go through the network at once: the largest activation of each is 5.5 MB. */
const BATCH = 8;

/**
 * Inception-v3 with weights that someone has, for the features that the FID is measured on (Heusel et al., 2017).
 *
 *     images (N, H, W, 1 or 3), 0 to 1 → 299 × 299, −1 to 1 → features (N, 2048)
 */
export class Inception {
  readonly featureSize: number;
  readonly #device: Device;
  readonly #weights: InceptionWeights;
  readonly #tensors: ReadonlyMap<string, { filters: Tensor; bias: Tensor }>;

  /**
   * Takes the weights by torchvision's names; `file` is for messages. Throws ArgumentError for what is missing or of
   * another shape: see `inceptionWeights`.
   */
  constructor(device: Device, tensors: ReadonlyMap<string, Weight>, file: string) {
    this.#device = device;
    this.#weights = inceptionWeights(tensors, file);
    this.featureSize = this.#weights.featureSize;
    this.#tensors = new Map(
      [...this.#weights.convolutions].map(([name, { filters, bias, shape }]) => [
        name,
        {
          filters: tensor(device, filters, shape, "parameter").keep(),
          bias: tensor(device, bias, [bias.length], "parameter").keep(),
        },
      ]),
    );
  }

  /**
   * The features (N, featureSize) of images (N, …shape), one after the other. Values are clamped to 0 … 1; images are
   * resized bilinearly as by `torch.nn.functional.interpolate`, and one channel is taken for all three.
   *
   * @throws ShapeError for values that are no images of that shape.
   */
  async features(images: Float32Array, shape: Shape): Promise<Float32Array> {
    const [H = 0, W = 0, C = 0] = shape;
    const size = H * W * C;
    const N = images.length / size;
    if (shape.length !== 3 || (C !== 1 && C !== 3) || !Number.isInteger(N) || N === 0)
      throw new ShapeError(
        `inception: ${images.length} values of shape ${show(shape)} are no images [H, W, 1] or [H, W, 3]`,
      );
    const out = new Float32Array(N * this.featureSize);
    for (let from = 0; from < N; from += BATCH) {
      const part = images.subarray(from * size, Math.min(from + BATCH, N) * size);
      using x = tensor(this.#device, part, [part.length / size, ...shape]);
      using y = noGrad(this.#device, () => this.#device.scope(() => this.apply(prepared(x))));
      out.set(await y.read(), from * this.featureSize);
    }
    return out;
  }

  /** The features (N, featureSize) of images (N, H, W, 3) from −1 to 1, of any size from 75 × 75. */
  apply(x: Tensor): Tensor {
    if (x.shape.length !== 4 || x.shape[3] !== 3 || Math.min(x.shape[1]!, x.shape[2]!) < 75)
      throw new ArgumentError(`inception: takes images (N, H, W, 3) from 75 × 75 on, not ${show(x.shape)}`);
    const { isFirst } = this.#weights;
    const maps = inceptionV3<Tensor>(
      {
        conv: (x, name, [, R, S], reach = "same") => {
          const { filters, bias } = this.#tensors.get(name)!;
          const margins = reach === "same" ? ([(R - 1) / 2, (S - 1) / 2] as const) : 0;
          const stride = reach === "halving" ? 2 : 1;
          return conv2d(x, filters, { bias, activation: "relu", stride, padding: margins });
        },
        pool: (x, kind) => pooled(x, kind, { inside: isFirst }),
        join: (parts) => concat(parts, 3),
      },
      x,
      isFirst ? "maximum" : "mean",
    );
    return mean(maps, [1, 2]);
  }

  /** Frees its memory. */
  dispose(): void {
    for (const { filters, bias } of this.#tensors.values()) {
      filters.dispose();
      bias.dispose();
    }
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** Images (N, H, W, C) from 0 to 1 as the network takes them: (N, 299, 299, 3) from −1 to 1. */
function prepared(x: Tensor): Tensor {
  const [N, H, W, C] = x.shape as readonly [number, number, number, number];
  const planes = permute(clamp(x, 0, 1), [0, 3, 1, 2]);
  const wide = matmul(reshape(planes, [N * C * H, W]), mixing(x, W));
  const upright = permute(reshape(wide, [N * C, H, SIDE]), [0, 2, 1]);
  const square = matmul(reshape(upright, [N * C * SIDE, H]), mixing(x, H));
  const image = permute(reshape(square, [N, C, SIDE, SIDE]), [0, 3, 2, 1]);
  return add(mul(C === 3 ? image : broadcastTo(image, [N, SIDE, SIDE, 3]), 2), -1);
}

/** How much each of `from` pixels counts for each of those wanted: (from, 299). */
function mixing({ device }: Tensor, from: number): Tensor {
  const matrix = new Float32Array(from * SIDE);
  mixes(from, SIDE).forEach(({ first, weights }, to) =>
    weights.forEach((weight, i) => (matrix[(first + i) * SIDE + to] = weight)),
  );
  return tensor(device, matrix, [from, SIDE]);
}
