export * from "./arrange.ts";
export * from "./attention.ts";
export * from "./blocks.ts";
export * from "./casts.ts";
export * from "./classes.ts";
export * from "./convolutions.ts";
export * from "./create.ts";
export { einsum } from "./einsum.ts";
export * from "./elementwise.ts";
export * from "./draws.ts";
export * from "./functions.ts";
export * from "./linear.ts";
export { sampleGaussian, type GaussianSample } from "./gaussian.ts";
export { localResponseNorm, type LocalResponseOptions } from "./localResponse.ts";
export * from "./logic.ts";
export * from "./losses.ts";
export {
  batchNorm,
  batchNormInference,
  groupNorm,
  instanceNorm,
  layerNorm,
  type NormalizeOptions,
  type Running,
} from "./normalize.ts";
export * from "./objectives.ts";
export * from "./pairs.ts";
export * from "./matrixFunctions.ts";
export * from "./pieces.ts";
export * from "./products.ts";
export { det, qr, slogdet, type QrFactors, type QrOptions, type SignedLogarithm } from "./qr.ts";
export * from "./quantize.ts";
export * from "./rearrange.ts";
export * from "./reduce.ts";
export * from "./regression.ts";
export * from "./sampling.ts";
export * from "./scatter.ts";
export * from "./softmax.ts";
export * from "./sort.ts";
export * from "./statistics.ts";
export { cholesky, requireFactor } from "./cholesky.ts";
export { conv2d, type Conv2dOptions } from "./conv2d.ts";
export { convTranspose2d, type ConvTranspose2dOptions } from "./convTranspose2d.ts";
export { cummax, cummin, cumprod, cumsum, type CumulateOptions } from "./cumulate.ts";
export { dropout } from "./dropout.ts";
export {
  averagePool2d,
  l2Pool2d,
  maxPool2d,
  sumPool2d,
  type AveragePoolOptions,
  type PoolOptions,
} from "./pool.ts";
export { resize2d, type ResizeOptions } from "./resize.ts";
export { randomNormal, randomPermutation, randomUniform, RandomState } from "./random.ts";
export { triangularSolve, type TriangularOptions } from "./triangular.ts";
export * from "./volumes.ts";
export { svd, truncate, truncatedSvd, type Gauge } from "./svd.ts";
