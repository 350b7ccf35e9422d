import { z } from "zod";
import type { Fid } from "./fid.ts";
import { imagesCompared } from "./judge.ts";
import { compared, metricNamed, type Metric } from "./metrics.ts";
import { imagesOf } from "./sources.ts";
import type { Subject } from "./subject.ts";

/** Numbers measured of a run: those of the tables, and the other distances of its images. */
export const scoresSchema = z.object({
  steps: z.int(),
  seconds: z.number(),
  metrics: z.record(z.string(), z.number()),
  likeness: z.record(z.string(), z.record(z.string(), z.number())),
  /** What its samples were compared by: the classifier's accuracy, if there is one, and cFDs of unseen real ones and of noise. */
  judge: z
    .object({ accuracy: z.number().exactOptional(), floor: z.number(), ceiling: z.number() })
    .exactOptional(),
  /** SHA-256 of the weights that FIDs were measured with. */
  fidWeights: z.string().exactOptional(),
});
export type Scores = z.output<typeof scoresSchema>;

/** What there is to say of a model by each of the metrics; what it has none of is left out. */
export async function measured(
  subject: Subject,
  metrics: readonly Metric[],
): Promise<Partial<Record<Metric, number>>> {
  const values: Partial<Record<Metric, number>> = {};
  for (const metric of metrics) {
    const value = await metricNamed(metric).of(subject);
    if (value !== undefined) values[metric] = value;
  }
  return values;
}

/** Measures a trained model. */
export async function score(subject: Subject, metrics: readonly Metric[]): Promise<Scores> {
  const { session, judge, likenesses } = subject;
  const values = await measured(subject, metrics);
  const { train = 0, evaluate = 0 } = session.timings;
  return scoresSchema.parse({
    steps: session.trainer.step,
    seconds: train + evaluate,
    metrics: values,
    likeness: likenesses,
    ...(judge ? { judge: judge.facts } : {}),
  });
}

/** The scores of a run with FIDs by the given network, whose weights have that digest. */
export async function withFids(
  subject: Subject,
  scores: Scores,
  metrics: readonly Metric[],
  fid: Fid,
  digest: string,
): Promise<Scores> {
  const values = { ...scores.metrics };
  for (const metric of metrics) {
    const { column, by } = compared(metric) ?? {};
    const images =
      by === "Fid" && column !== undefined ? await imagesOf(subject, column, imagesCompared) : undefined;
    if (images) values[metric] = await fid.compare(images);
  }
  return { ...scores, metrics: values, fidWeights: digest };
}
