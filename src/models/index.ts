export { Ae, ae, type AeOptions } from "./ae.ts";
export { Autoencoder, type Losses } from "./autoencoder.ts";
export { BasisAutoencoder } from "./basisAutoencoder.ts";
export type { NetworkOptions } from "./networks.ts";
export { Rrae, rrae, type RraeOptions } from "./rrae.ts";
export { Vae, vae, type VaeOptions } from "./vae.ts";
export { Vrrae, vrrae, type VrraeOptions } from "./vrrae.ts";
