import { html, type Html } from "../report/html.ts";
import { figure, oursOf, type Cell, type Line } from "./table.ts";
import { metricNamed, titleOf, type Metric } from "./metrics.ts";

/** For each metric a line per row, from zero on: a dot per seed, the mean, its deviation, and the paper's figure. */
export function dotCharts(lines: readonly Line[], metrics: readonly Metric[]): Html {
  const charts = metrics.map((metric, column) => {
    const rows = lines.map(({ label, cells }) => ({ label, cell: cells[column]! }));
    return rows.some(({ cell }) => cell.mean !== undefined) ? dotChart(metric, rows) : undefined;
  });
  return html`<section class="card wide">
    <h2>At a glance</h2>
    <p class="lead">
      <span class="key"><i class="seed"></i> a seed</span>
      <span class="key"><i class="mean"></i> ours, mean</span>
      <span class="key"><i class="spread" style="width:26px"></i> ± deviation</span>
      <span class="key"><i class="published"></i> the paper</span>
    </p>
    <div class="dots">${charts}</div>
  </section>`;
}

function dotChart(metric: Metric, rows: readonly { label: string; cell: Cell }[]): Html {
  const comparable = metricNamed(metric).isShared === true;
  const most = Math.max(
    ...rows.flatMap(({ cell: { values, mean = 0, deviation = 0, published } }) => [
      ...values,
      mean + deviation,
      comparable ? (published?.[0] ?? 0) : 0,
    ]),
  );
  const at = (value: number) => `${((100 * Math.max(0, value)) / (most || 1)).toFixed(2)}%`;
  return html`<div>
    <h3>${titleOf(metric)} <span>0 to ${figure(most)}</span></h3>
    ${rows.map(
      ({ label, cell }) =>
        html`<div class="dot-row">
          <span>${label}</span>
          <div class="line" role="img" aria-label="${label}: ${oursOf(cell)}">
            ${marks(cell, at, comparable)}
          </div>
        </div>`,
    )}
  </div>`;
}

function marks(
  { values, mean, deviation, published }: Cell,
  at: (value: number) => string,
  comparable: boolean,
) {
  const spread =
    mean !== undefined && deviation !== undefined
      ? html`<i
          class="spread"
          style="left:${at(mean - deviation)};right:calc(100% - ${at(mean + deviation)})"
        ></i>`
      : undefined;
  return [
    comparable && published ? html`<i class="published" style="left:${at(published[0])}"></i>` : undefined,
    spread,
    ...values.map((value) => html`<i class="seed" style="left:${at(value)}"></i>`),
    mean !== undefined && values.length > 1 ? html`<i class="mean" style="left:${at(mean)}"></i>` : undefined,
  ];
}
