import { HestenesError, ShapeError } from "../device/errors.ts";
import type { ImageShape } from "./colours.ts";
import { errorChart, lossChart, lossHistories } from "./curves.ts";
import { codesChart, coordinatesChart } from "./code-charts.ts";
import { latentScatter, singularValuesChart } from "./latent-charts.ts";
import { matrixPicture } from "./matrix.node.ts";
import { imageGrid, interpolationStrip, pairedRows, rangeOfValues, stackedGrids } from "./pictures.node.ts";
import type { Drawn, PictureName, ReportData, ReportPictures } from "./report-data.ts";

const COLUMNS = 8;
const MOST_PAIRS = 16;
const MOST_SAMPLES = 64;

const reasons: Record<PictureName, string> = {
  loss: "This run logged no step.",
  error: "This run logged no error on training or held-out data.",
  reconstructions: "This run kept no reconstructions.",
  samples: "This run drew no samples.",
  interpolation: "This run made no interpolation.",
  latent: "This run kept no latent coordinates.",
  singularValues: "This model has no singular values.",
  covariance: "This model has no mask.",
};

/** Draws all pictures that the data allow; data that do not fit cost their own picture and no other. */
export function drawPictures(data: ReportData): ReportPictures {
  const {
    history,
    images,
    samples,
    interpolation,
    latent,
    secondLatent,
    singularValues,
    covariance,
    colormap,
    varianceLaw,
    drawnCodes,
  } = data;
  const histories = lossHistories(history);
  const range =
    images?.range === undefined || images.range === "auto"
      ? images && rangeOfValues(images.originals)
      : images.range;

  function attempt<S, T>(name: PictureName, source: S | undefined, draw: (source: S) => T): Drawn<T> {
    if (source === undefined) return { missing: data.absent?.[name] ?? reasons[name] };
    try {
      return { drawing: draw(source) };
    } catch (error) {
      if (error instanceof HestenesError) return { missing: `Not drawn: ${error.message}` };
      throw error;
    }
  }

  function options(op: string, own: ImageShape | undefined) {
    const shape = own ?? images?.shape;
    if (shape === undefined) throw new ShapeError(`${op}: no image shape is known; give one with its images`);
    return { shape, range, colormap };
  }

  const first = (all: Float32Array, count: number, [H, W, C]: ImageShape) =>
    all.subarray(0, count * H * W * C);
  const hasErrors = history.some((row) => row.trainError !== undefined || row.testError !== undefined);

  return {
    loss: attempt("loss", histories[0]?.rows, lossChart),
    losses: histories.length > 1 ? histories.map(({ name, rows }) => ({ name, svg: lossChart(rows) })) : [],
    error: attempt("error", hasErrors ? history : undefined, (rows) => errorChart(rows, data.reference)),
    reconstructions: attempt("reconstructions", images, ({ originals, reconstructions, shape }) =>
      pairedRows({
        originals: first(originals, MOST_PAIRS, shape),
        reconstructions: first(reconstructions, MOST_PAIRS, shape),
        columns: COLUMNS,
        ...options("reconstructions", shape),
      }),
    ),
    samples: attempt("samples", samples?.length ? samples : undefined, (all) => {
      const shared = { columns: COLUMNS, ...options("samples", all[0]?.shape) };
      const groups = all.map((group) => ({
        title: group.title,
        images: first(group.images, MOST_SAMPLES, shared.shape),
      }));
      return {
        together: stackedGrids({ groups: groups.map((group) => group.images), ...shared }),
        groups: groups.map((group) => ({
          title: group.title,
          png: imageGrid({ images: group.images, ...shared }),
        })),
      };
    }),
    interpolation: attempt("interpolation", interpolation, ({ shape, ...strip }) =>
      interpolationStrip({ ...strip, ...options("interpolation", shape) }),
    ),
    latent: attempt("latent", latent, latentScatter),
    secondLatent: secondLatent && latentScatter(secondLatent),
    varianceLaw: varianceLaw && coordinatesChart(varianceLaw, "variance", 1),
    drawnCodes: drawnCodes && {
      clouds: codesChart(drawnCodes),
      spreads: coordinatesChart(drawnCodes.spreads, "variance"),
    },
    singularValues: attempt("singularValues", singularValues, ({ values, kept }) =>
      singularValuesChart(values, { kept }),
    ),
    covariance: attempt("covariance", covariance, ({ values, side }) => matrixPicture(values, side)),
  };
}
