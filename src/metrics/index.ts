export { bumpFitError, type BumpFit, type BumpScale } from "./bumpFit.ts";
export { Classifier, type ClassifierOptions } from "./classifier.ts";
export { frechetDistance } from "./frechet.ts";
export { Inception } from "./inception.ts";
export { kernelDistance } from "./kernelDistance.ts";
export { overlap, type Overlap, type OverlapOptions } from "./manifold.ts";
export { pcaError } from "./pca.ts";
export { RelativeError, relativeErrorPercent } from "./relativeError.ts";
export { slicedWasserstein, type SlicedWassersteinOptions } from "./slicedWasserstein.ts";
