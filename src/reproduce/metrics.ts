/** What is measured of a trained model; see `Scores`. */
export type Metric =
  | "test"
  | "diagonal"
  | "generation"
  | "interpolationFd"
  | "randomFd"
  | "priorFd"
  | "interpolationFid"
  | "randomFid"
  | "priorFid"
  | "activeUnits"
  | "roundness"
  | "straightness";

export const metricTitles: Readonly<Record<Metric, string>> = {
  test: "test error %",
  diagonal: "diagonal test error %",
  generation: "generation error %",
  interpolationFd: "interpolation cFD",
  randomFd: "random cFD",
  priorFd: "prior cFD",
  interpolationFid: "interpolation FID (given weights)",
  randomFid: "random FID (given weights)",
  priorFid: "prior FID (given weights)",
  activeUnits: "active units",
  roundness: "narrowest by widest direction",
  straightness: "straightness of the diagonal",
};

/** Metrics of which no value is the better one, or the greatest is. */
export const noErrors: readonly Metric[] = ["activeUnits", "roundness", "straightness"];
