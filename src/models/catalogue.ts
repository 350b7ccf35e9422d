// The models that can be asked for by name: a line for each file.
export { aeModel, longAeModel } from "./ae.ts";
export { contractiveModel } from "./contractive.ts";
export { factorVaeModel } from "./factorVae.ts";
export { flexAeModel, flexAeSrModel } from "./flexAe.ts";
export { infoVaeModel } from "./infoVae.ts";
export { irmaeModel } from "./irmae.ts";
export { likelihoodVaeModel } from "./likelihoodVae.ts";
export { loraeModel } from "./lorae.ts";
export { maskAaeModel } from "./maskAae.ts";
export { raeGpModel, raeL2Model, raeModel, raeSnModel } from "./rae.ts";
export { rraeModel } from "./rrae.ts";
export { sparseModel } from "./sparse.ts";
export { twoStageModel } from "./twoStageVae.ts";
export { vaeIdentityModel, vaeModel } from "./vae.ts";
export { vaeFlowModel } from "./vaeFlow.ts";
export { rraeVaeModel, vrraeModel } from "./vrrae.ts";
export { aaeModel, waeGanModel } from "./waeGan.ts";
export { waeMmdModel } from "./waeMmd.ts";
