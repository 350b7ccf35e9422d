import type { Outcome, Row } from "./experiment.ts";
import { titleOf, type Metric } from "./metrics.ts";
import { figure, isApart, linesOf, oursOf, type Cell } from "./table.ts";

interface Measured {
  row: Row;
  cell: (metric: Metric) => Cell | undefined;
}

/** The rows that something is known of, with their cells. */
function measuredRows(outcome: Outcome): Measured[] {
  const { rows } = outcome.experiment;
  return linesOf(outcome).flatMap(({ label, seeds, cells }) =>
    seeds.length === 0
      ? []
      : [
          {
            row: rows.find((row) => row.label === label)!,
            cell: (metric: Metric) => cells.find((one) => one.metric === metric && one.mean !== undefined),
          },
        ],
  );
}

/** How quality and open dimensions go with the length of the codes, a sentence for each series. */
export function lengthFindings(outcome: Outcome): string[] {
  const all = measuredRows(outcome);
  const series = [...new Set(all.map(({ row }) => row.series ?? row.label))];
  return series.map((name) => {
    const own = all.filter(({ row }) => (row.series ?? row.label) === name);
    const points = own.flatMap(({ row, cell }) => {
      const quality = cell("priorFd");
      return quality ? [{ latent: row.config.latent!, quality, open: cell("openDimensions") }] : [];
    });
    if (points.length === 0) return `${name}: no distance is known.`;
    const best = points.reduce((a, b) => (b.quality.mean! < a.quality.mean! ? b : a));
    const at = points.indexOf(best);
    const isWorse = (other: (typeof points)[number] | undefined) =>
      other !== undefined && isApart(best.quality, other.quality);
    const byMore = points.every(({ quality }) => quality.deviation !== undefined)
      ? " by more than the seeds differ"
      : "";
    const sides =
      isWorse(points[at - 1]) && isWorse(points[at + 1])
        ? `worse on both sides${byMore}`
        : isWorse(points[0]) && at === points.length - 1
          ? "worse the shorter they are"
          : `not worse on both sides${byMore}`;
    const means = points.map(({ latent, quality }) => `${latent}: ${oursOf(quality)}`).join(", ");
    const opened = points.filter(({ open }) => open).map(({ latent, open }) => `${latent}: ${oursOf(open!)}`);
    const longer = points.slice(at).map(({ quality }) => quality.mean!);
    const growth = Math.max(...longer) / best.quality.mean!;
    const grown = growth > 1 ? `, up to ${figure(growth)} times as much for longer ones` : "";
    return (
      `${name}: ${titleOf("priorFd")} by length ${means}; the least at ${best.latent}, ${sides}${grown}.` +
      (opened.length > 0 ? ` Open dimensions ${opened.join(", ")}.` : "")
    );
  });
}

/** Where masks end. */
export function maskFindings(outcome: Outcome): string[] {
  return measuredRows(outcome).flatMap(({ row, cell }) => {
    const [open, undecided] = [cell("openDimensions"), cell("undecided")];
    if (!open || !undecided) return [];
    const paper = open.published ? `; in the paper ${open.published[0]}` : "";
    const end =
      undecided.mean === 0
        ? "all values end at 0 or 1"
        : `${figure(undecided.mean!)} values do not end at 0 or 1`;
    return [`Of ${row.label}, ${oursOf(open)} stay open${paper}; ${end}.`];
  });
}

/** Whether the correlation of each MaskAAE is below that of the WAE before it. */
export function nacFindings(outcome: Outcome): string[] {
  const all = measuredRows(outcome);
  return all.flatMap(({ row, cell }, at) => {
    const before = all[at - 1];
    const [own, other] = [cell("nac"), before?.cell("nac")];
    if (row.config.model !== "mask-aae" || !own || !other) return [];
    const isBelow = isApart(own, other);
    const byMore = own.deviation === undefined ? "" : " by more than the seeds differ";
    const floor = cell("nacFloor");
    return [
      `The NAC of ${row.label} is ${oursOf(own)}, that of ${before!.row.label} ${oursOf(other)}: ` +
        `${isBelow ? `below${byMore}, as in the paper` : `not below${byMore}; in the paper it is`}` +
        `${floor ? `; independent codes get ${figure(floor.mean!)}` : ""}.`,
    ];
  });
}

/** Which rows generate best, here and in the paper. */
export function tableFindings(outcome: Outcome): string[] {
  const found = measuredRows(outcome)
    .flatMap(({ row, cell }) => {
      const quality = cell("priorFd");
      return quality ? [{ label: row.label, quality }] : [];
    })
    .sort((a, b) => a.quality.mean! - b.quality.mean!);
  const [best, second] = found;
  if (!best) return ["No distance of generated samples is known."];
  const papers = found.filter(({ quality }) => quality.published);
  const paper =
    papers.length > 1
      ? papers.reduce((a, b) => (b.quality.published![0] < a.quality.published![0] ? b : a))
      : undefined;
  const close =
    second && !isApart(best.quality, second.quality)
      ? `, not below that of ${second.label}, ${oursOf(second.quality)}, by more than the seeds differ`
      : "";
  return [
    `${best.label} has the least ${titleOf("priorFd")}, ${oursOf(best.quality)}${close}.`,
    ...(paper ? [`In the paper ${paper.label} has the least FID.`] : []),
  ];
}
