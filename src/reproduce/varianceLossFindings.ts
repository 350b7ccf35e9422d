import type { Outcome } from "./experiment.ts";
import { claimed, found } from "./findings.ts";
import type { Metric } from "./metrics.ts";
import { figure, oursOf } from "./table.ts";
import { smoothed } from "./varianceLossComputed.ts";

export const computedLabel = "2S-VAE, computed γ";
export const learnedLabel = "2S-VAE, learned γ";

export const normalisedLabel = "with normalisation";
export const bareLabel = "without noise of γ";
export const bareNormalisedLabel = "without noise, with normalisation";
export const publishedLabel = "with normalisation, as published";

/** The measured figures beside the paper's. */
export function figure3Findings(outcome: Outcome): string[] {
  const ours = found(outcome, `mean of ${smoothed.window} points`, "mse")?.mean;
  const loss = found(outcome, `mean of ${smoothed.window} points`, "varianceLoss")?.mean;
  return [
    `Over ${smoothed.window} points the mse is ${ours?.toFixed(4)} and the variance loss ${loss?.toFixed(4)}; the paper's ` +
      `figures are ${smoothed.mse} and ${smoothed.loss}.`,
  ];
}

/** What is to be said of the distance from the diagonal. */
export function figure4Findings(outcome: Outcome): string[] {
  const ratios = (isWanted: (run: Outcome["runs"][number]) => boolean, metric: Metric) =>
    outcome.runs.filter(isWanted).flatMap(({ scores }) => scores.metrics[metric] ?? []);
  const isNetwork = ({ row }: Outcome["runs"][number]) => !row.compute;
  const sentences = (["varianceRatio", "drawnRatio"] as const).flatMap((metric) => {
    const all = ratios(isNetwork, metric);
    if (all.length === 0) return [];
    const mean = all.reduce((sum, one) => sum + one, 0) / all.length;
    const deviation = Math.sqrt(all.reduce((sum, one) => sum + (one - mean) ** 2, 0) / all.length);
    const of =
      metric === "varianceRatio"
        ? `Over ${all.length} networks the variance loss is`
        : "For drawn codes it is";
    return [
      `${of} ${figure(mean)} ± ${figure(deviation)} times the mse (${figure(Math.min(...all))} to ${figure(Math.max(...all))}).`,
    ];
  });
  const pca = ratios(({ row }) => row.compute !== undefined, "varianceRatio");
  const worst = Math.max(0, ...pca.map((ratio) => Math.abs(ratio - 1)));
  return [
    ...sentences,
    ...(pca.length > 0 ? [`PCA lies on the diagonal to ${worst.toExponential(0)}.`] : []),
  ];
}

export function lawFindings(outcome: Outcome): string[] {
  const known = outcome.experiment.rows.flatMap(({ label }) => {
    const cell = found(outcome, label, "varianceLaw");
    return cell ? [{ label, cell }] : [];
  });
  const holds = known.filter(({ cell }) => Math.abs(cell.mean! - 1) <= 0.05).map(({ label }) => label);
  return [
    `In the end the mean law is ${known.map(({ label, cell }) => `${oursOf(cell)} for ${label}`).join(", ")}.`,
    holds.length > 0
      ? `It holds to 0.05 for ${holds.join(", ")}.`
      : "It holds to 0.05 for none of them after so few steps.",
  ];
}

export function balanceFindings(outcome: Outcome): string[] {
  return [
    claimed(
      outcome,
      "Computed γ has less error of reconstruction than γ = 1",
      ["γ computed", "mse"],
      ["γ = 1", "mse"],
    ),
    claimed(
      outcome,
      "Computed γ generates nearer to the data than γ = 0.1",
      ["γ computed", "gen1Fd"],
      ["γ = 0.1", "gen1Fd"],
    ),
    claimed(
      outcome,
      "Computed γ generates nearer to the data than a learned one",
      ["γ computed", "gen1Fd"],
      ["γ learned", "gen1Fd"],
    ),
  ];
}

/** Each way of renormalising, beside codes of the same sampler as they come. */
const normalisations = [
  [normalisedLabel, computedLabel],
  [bareNormalisedLabel, bareLabel],
  [publishedLabel, bareLabel],
] as const;

/** What there is to bring back. */
function spreads(outcome: Outcome): string[] {
  const [whole, bare] = [computedLabel, bareLabel].map((label) => found(outcome, label, "secondSpread"));
  if (!whole || !bare) return [];
  return [
    `The second stage's codes have ${oursOf(whole)} of the spread of the codes with the noise of its γ, ${oursOf(bare)} without it.`,
  ];
}

export function generationFindings(outcome: Outcome): string[] {
  return [
    ...outcome.experiment.rows.map(({ label }) =>
      claimed(outcome, `GEN-2 below GEN-1 of ${label}`, [label, "gen2Fd"], [label, "gen1Fd"]),
    ),
    ...normalisations.map(([label, other]) =>
      claimed(outcome, `GEN-2 ${label} below that of ${other}`, [label, "gen2Fd"], [other, "gen2Fd"]),
    ),
    ...spreads(outcome),
  ];
}

export const picturesAlone = (outcome: Outcome) => [
  "Pictures of the same seed; tables 1 and 2 have the distances.",
  ...spreads(outcome),
];
