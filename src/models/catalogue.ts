// The models that can be asked for by name: a line for each file.
export { aeModel, longAeModel } from "./ae.ts";
export { contractiveModel } from "./contractive.ts";
export { irmaeModel } from "./irmae.ts";
export { loraeModel } from "./lorae.ts";
export { rraeModel } from "./rrae.ts";
export { sparseModel } from "./sparse.ts";
export { vaeIdentityModel, vaeModel } from "./vae.ts";
export { rraeVaeModel, vrraeModel } from "./vrrae.ts";
