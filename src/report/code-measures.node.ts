import { RenormalisedSampler } from "../latent/renormalisedSampler.ts";
import { variances as spreadOf } from "../latent/spectrum.ts";
import { varianceLaw } from "../metrics/varianceLaw.ts";
import { samplerOf } from "../models/samplers.ts";
import type { Session } from "../runs/session.node.ts";
import { tensor, type Tensor } from "../tensor/tensor.ts";
import { distributionsOf, fitSampler } from "../train/generate.ts";
import type { CoordinateSeries, ReportData } from "./report-data.ts";

/** Samples whose codes are measured, and codes that are drawn to be measured. */
const measured = 1000;
/** Codes of each kind in the picture of them. */
const shown = 250;

/** What draws codes from a model's second stage, as they come and renormalised: by one seed, the same ones. */
export interface SecondStageSamplers {
  plain: RenormalisedSampler["inner"];
  renormalised: RenormalisedSampler;
  /** What the one's codes are multiplied with to be the other's. */
  factor: number;
}

/** Both, fitted to the training data; undefined for a model without a second stage. */
export async function secondStageSamplers({
  model,
  data,
  config: { seed, basisCount },
}: Session): Promise<SecondStageSamplers | undefined> {
  if (!model.drawSecondStage) return undefined;
  const plain = samplerOf(model, "second-stage", { seed });
  const renormalised = await fitSampler(new RenormalisedSampler(plain), model, data.train, basisCount);
  return { plain, renormalised, factor: renormalised.factor![0]! };
}

/** How codes of held-out samples are distributed: the variance law of each stage, and codes that a second stage draws. */
export async function measureCodes(
  { model, data, config }: Session,
  second: SecondStageSamplers | undefined,
): Promise<Pick<ReportData, "varianceLaw" | "drawnCodes">> {
  if (!model.knowsCodeVariance) return {};
  const k = model.codeSize;
  const { codes, variances } = await distributionsOf(model, data.test, Math.min(measured, data.test.count));
  if (!variances.some((variance) => variance > 0)) return {};
  const { law, spread, variance } = varianceLaw(codes, variances, k);
  const { secondStage } = model;
  const ofSecond = secondStage && varianceLaw(...(await bothOf(secondStage, codes)), k).law;
  const ofLaw: CoordinateSeries[] = [
    { label: ofSecond ? "first stage: E μ² + E σ²" : "E μ² + E σ²", values: law },
    ...(ofSecond ? [{ label: "second stage: E μ² + E σ²", values: ofSecond }] : []),
    { label: ofSecond ? "first stage: Var μ alone" : "Var μ alone", values: spread },
  ];
  if (!second) return { varianceLaw: ofLaw };
  const [drawn, renormalised] = [
    await second.plain.sample(measured, config.seed),
    await second.renormalised.sample(measured, config.seed),
  ];
  const few = (points: Float32Array) => points.subarray(0, shown * k);
  return {
    varianceLaw: ofLaw,
    drawnCodes: {
      k,
      factor: second.factor,
      clouds: [
        { label: "of samples", points: few(codes) },
        { label: "drawn", points: few(drawn) },
        { label: "renormalised", points: few(renormalised) },
      ],
      spreads: [
        { label: "of samples: Var μ + E σ²", values: spread.map((value, i) => value + variance[i]!) },
        { label: "drawn", values: spreadOf(drawn, k) },
        { label: "renormalised", values: spreadOf(renormalised, k) },
      ],
    },
  };

  /** μ and σ² that the second stage has of codes. */
  async function bothOf(
    stage: NonNullable<typeof secondStage>,
    z: Float32Array,
  ): Promise<[Float32Array, Float32Array]> {
    using given = tensor(model.device, z, [z.length / k, k]);
    const read = async (u: Tensor) => {
      using own = u;
      return await own.read();
    };
    return [await read(stage.encode(given)), await read(stage.variance(given))];
  }
}
