export { BasisFit, type BasisForm, type FittedBasis } from "./basis.ts";
export { fitMixture, type MixtureOptions } from "./gmm.ts";
export { interpolate } from "./interpolation.ts";
export { Mixture } from "./mixture.ts";
export { MixtureSampler } from "./mixtureSampler.ts";
export { PosteriorSampler } from "./posteriorSampler.ts";
export {
  PUBLISHED as publishedRenormalisation,
  RenormalisedSampler,
  type Renormalisation,
} from "./renormalisedSampler.ts";
export { renormaliseSamples, type SampleRenormalisation } from "./renormaliseSamples.ts";
export { principalDeviations } from "./principal.ts";
export type { Sampler, SamplerTensor, SavedSampler } from "./sampler.ts";
export { activeUnits, openUnits, variances } from "./spectrum.ts";
