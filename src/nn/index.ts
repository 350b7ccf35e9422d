export { uniformValues } from "./init.ts";
export { activation, conv2d, convTranspose2d, flatten, linear, reshape, type Layer } from "./layers.ts";
export { convolutionalNetworks, linearNetwork, mlpNetworks, type AutoencoderShapes } from "./networks.ts";
export type { ParameterSpec } from "./parameter.ts";
export {
  describeNetwork,
  sequential,
  type InitialValues,
  type LayerRow,
  type Network,
} from "./sequential.ts";
