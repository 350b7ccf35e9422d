export type { Architecture, ArchitectureLayers, ArchitectureShapes } from "./architecture.ts";
export { chain, concat, residual } from "./branches.ts";
export type { Layers } from "./chain.ts";
export { uniformValues, type Initial } from "./init.ts";
export type { Layer, LayerContext, LayerRow, Mode, ParameterShape, StateShape } from "./layer.ts";
export {
  activation,
  conv2d,
  convTranspose2d,
  dropout,
  embedding,
  flatten,
  linear,
  reshape,
  type ActivationName,
  type Conv2dLayerOptions,
  type ConvTranspose2dLayerOptions,
  type LayerInitial,
  type LinearLayerOptions,
} from "./layers.ts";
export {
  batchNorm,
  groupNorm,
  instanceNorm,
  layerNorm,
  type BatchNormLayerOptions,
  type NormLayerOptions,
} from "./normalization.ts";
export { convolutionalNetworks, linearNetwork, mlpNetworks, type AutoencoderShapes } from "./networks.ts";
export { infoganNetworks, type InfoganNetworksOptions } from "./infoganNetworks.ts";
export { maskAaeNetworks, type MaskAaeNetworksOptions } from "./maskAaeNetworks.ts";
export { raeNetworks, type RaeNetworksOptions } from "./raeNetworks.ts";
export { resnetNetworks, type ResnetNetworksOptions } from "./resnetNetworks.ts";
export { waeNetworks, type WaeNetworksOptions } from "./waeNetworks.ts";
export type { ParameterSpec, StateSpec } from "./parameter.ts";
export { scale } from "./scale.ts";
export { describeNetwork, sequential, type InitialValues, type Network } from "./sequential.ts";
export { averagePool2d, globalAveragePool, globalMaxPool, maxPool2d, resize, upsample } from "./pooling.ts";
export { spectral } from "./spectral.ts";
