export { Ae, ae, type AeOptions } from "./ae.ts";
export { Autoencoder } from "./autoencoder.ts";
export { BasisAutoencoder } from "./basisAutoencoder.ts";
export { Contractive, contractive, type Contraction, type ContractiveOptions } from "./contractive.ts";
export { Irmae, irmae, type IrmaeOptions } from "./irmae.ts";
export { Lorae, lorae, type LoraeOptions } from "./lorae.ts";
export { FactorVae, factorVae, type FactorVaeOptions } from "./factorVae.ts";
export { FlexAe, flexAe, type FlexAeOptions } from "./flexAe.ts";
export { composed, couplingFlow, planarFlow, type Flow } from "./flow.ts";
export { InfoVae, infoVae, type InfoVaeOptions } from "./infoVae.ts";
export { latents } from "./latents.ts";
export { Likelihood, type LikelihoodKind } from "./likelihood.ts";
export { LikelihoodVae, likelihoodVae, type LikelihoodVaeOptions } from "./likelihoodVae.ts";
export { MaskAae, maskAae, type MaskAaeOptions } from "./maskAae.ts";
export { mmd, type MmdKernel } from "./mmd.ts";
export { Model, type ModelParts } from "./model.ts";
export type { NetworkOptions } from "./networks.ts";
export type { Batch } from "./parts.ts";
export type { DerivedData, Losses, Phase, Samples, Stage } from "./phase.ts";
export { Rae, rae, type DecoderPenalty, type RaeOptions } from "./rae.ts";
export type { Reconstruction } from "./reconstruction.ts";
export { Rrae, rrae, type RraeOptions } from "./rrae.ts";
export { encodeSampler, parseSampler } from "./samplerFile.ts";
export {
  samplerOf,
  restoreSampler,
  samplerKinds,
  type SamplerKind,
  type SamplerOptions,
} from "./samplers.ts";
export { Sparse, sparse, type SparseOptions } from "./sparse.ts";
export type { Truncation } from "./truncation.ts";
export { TwoStageVae, twoStageVae, type TwoStageVaeOptions } from "./twoStageVae.ts";
export { Vae, vae, type VaeOptions } from "./vae.ts";
export { VaeFlow, vaeFlow, type VaeFlowOptions } from "./vaeFlow.ts";
export { Vrrae, vrrae, type VrraeOptions } from "./vrrae.ts";
export { Aae, aae, WaeGan, waeGan, type WaeGanOptions } from "./waeGan.ts";
export { WaeMmd, waeMmd, type WaeMmdOptions } from "./waeMmd.ts";
