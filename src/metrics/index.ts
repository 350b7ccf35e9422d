export { bumpFitError, type BumpFit, type BumpScale } from "./bumpFit.ts";
export { pcaError } from "./pca.ts";
export { RelativeError, relativeErrorPercent } from "./relativeError.ts";
