export { bumpFitError, type BumpFit, type BumpScale } from "./bumpFit.ts";
export { Classifier, type ClassifierOptions } from "./classifier.ts";
export { absoluteCorrelation, type AbsoluteCorrelation } from "./correlation.ts";
export { covarianceMatrix } from "./covariance.ts";
export { frechetDistance } from "./frechet.ts";
export { Inception } from "./inception.ts";
export { kernelDistance } from "./kernelDistance.ts";
export {
  codeMoments,
  normalityTest,
  type CodeMoments,
  type NormalityTest,
  type NormalityTestOptions,
} from "./normality.ts";
export { overlap, type Overlap, type OverlapOptions } from "./manifold.ts";
export { pcaError } from "./pca.ts";
export { RelativeError, relativeErrorPercent } from "./relativeError.ts";
export { slicedWasserstein, type SlicedWassersteinOptions } from "./slicedWasserstein.ts";
export { twoSampleTest, type TwoSampleOptions, type TwoSampleTest } from "./twoSample.ts";
export { varianceLaw, type VarianceLaw } from "./varianceLaw.ts";
export { varianceLoss, VarianceLoss } from "./varianceLoss.ts";
