import { covarianceMatrix } from "../metrics/covariance.ts";
import { matrixPicture } from "../report/matrix.node.ts";
import { pointsChart } from "../report/points.ts";
import { heldOutCodes } from "./codeMetrics.ts";
import type { Chart } from "./experiment.ts";
import { momentsOf } from "./through.ts";

/** The covariance matrix of held-out codes. */
export const covarianceChart: Chart = {
  file: "covariance.png",
  title: "Covariance of the codes",
  lead: "Of held-out samples, magnitudes: dark is 0, bright is 1 and more.",
  draw: async (subject) => {
    const { codeSize } = subject;
    return matrixPicture(covarianceMatrix(await heldOutCodes(subject), codeSize), codeSize);
  },
};

/** Each value of a mask through the training; of models that learn one. */
export const maskChart: Chart = {
  file: "mask.svg",
  title: "The mask through training",
  lead: "A line for each number of the codes: what the mask lets through of it, from 0 to 1, by step.",
  draw: ({ session }) => {
    const moments = momentsOf(session.folder).filter((moment) => moment.mask !== undefined);
    const length = moments[0]?.mask?.length ?? 0;
    const series = Array.from({ length }, (_, i) => ({
      ...{ label: String(i + 1), isLine: true, isBare: true },
      points: moments.map((moment) => ({ x: moment.step, y: moment.mask![i]! })),
    }));
    return Promise.resolve(
      pointsChart({ series, x: { label: "step" }, y: { label: "α" }, isNameless: true }),
    );
  },
};
