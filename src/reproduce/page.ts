import { existsSync } from "node:fs";
import { html, Html } from "../report/html.ts";
import { dotCharts } from "./dots.ts";
import { notesCard, resultsPage } from "./frame.ts";
import { charts, firstRuns, gallery, picture } from "./gallery.ts";
import { isError, judgeWords, linesOf, orderLead, ordersOf, oursOf, paperOf, type Line } from "./table.ts";
import { factsOf, settingsOf, verdict } from "./verdict.ts";
import { titleOf } from "./metrics.ts";
import { ownName } from "./outcome.ts";
import type { Chart, Outcome } from "./experiment.ts";
import { plotOf } from "./plots.ts";

/** The results of an experiment as one page without scripts or anything outside itself. */
export function experimentPage(outcome: Outcome, { version }: { version: string }): string {
  const { experiment, runs } = outcome;
  const { title, metrics, notes, isScatter } = experiment;
  const { scatter, spectrum } = charts;
  const chosen = experiment.charts ?? (isScatter ? [spectrum] : [scatter, spectrum]);
  const lines = linesOf(outcome);
  return resultsPage({
    title,
    version,
    verdict: verdict(outcome),
    facts: factsOf(outcome),
    cards: html`${isScatter ? sideBySide(runs, scatter) : undefined} ${plots(outcome)}
    ${table(outcome, lines)} ${orders(outcome, lines)} ${dotCharts(lines, metrics)} ${gallery(outcome)}
    ${chosen.map((chart) => sideBySide(firstRuns(outcome), chart))} ${notesCard(notes)} ${settings(outcome)}`,
  });
}

/** The charts over all runs. */
function plots(outcome: Outcome): Html {
  return html`${(outcome.experiment.plots ?? []).map(
    (plot) =>
      html`<section class="card wide">
        <h2>${plot.title}</h2>
        <p class="lead">${plot.lead}</p>
        ${new Html(plotOf(outcome, plot))}
      </section>`,
  )}`;
}

function table(outcome: Outcome, lines: readonly Line[]): Html {
  const { metrics } = outcome.experiment;
  const known = metrics.map((_, column) => lines.some(({ cells }) => cells[column]!.published));
  /** The row whose mean is the least. */
  const least = metrics.map((metric, column) => {
    const means = lines.map(({ cells }) => cells[column]!.mean ?? Infinity);
    return isError(metric) ? means.indexOf(Math.min(...means)) : undefined;
  });
  const words = judgeWords(outcome);
  return html`<section class="card wide results">
    <table>
      <thead>
        <tr>
          <th scope="col">Model</th>
          <th scope="col">Seeds</th>
          ${metrics.map((metric, i) => html`<th scope="colgroup" colspan="${known[i] ? 2 : 1}">${titleOf(metric)}</th>`)}
        </tr>
        <tr>
          <th></th>
          <th></th>
          ${metrics.map(
            (_, i) =>
              html`<th scope="col">ours</th>
                ${known[i] ? html`<th scope="col">paper</th>` : undefined}`,
          )}
        </tr>
      </thead>
      <tbody>
        ${lines.map(
          ({ label, seeds, cells }, at) =>
            html`<tr>
              <th scope="row">${label}</th>
              <td>${seeds.length}</td>
              ${cells.map(
                (cell, i) =>
                  html`<td class="${least[i] === at ? "least" : ""}">${oursOf(cell)}</td>
                    ${known[i] ? html`<td class="paper">${paperOf(cell) || "–"}</td>` : undefined}`,
              )}
            </tr>`,
        )}
      </tbody>
    </table>
    <p class="note">
      Ours: mean ± standard deviation over the seeds, the least of a column in colour. ${words ?? ""}
    </p>
  </section>`;
}

/** The order of the rows by each metric, ours above the paper's. */
function orders({ experiment }: Outcome, lines: readonly Line[]): Html | undefined {
  const rows = ordersOf(experiment, lines);
  if (rows.length === 0) return undefined;
  return html`<section class="card wide">
    <h2>The order</h2>
    <p class="lead">${orderLead}</p>
    <table class="facts-table">
      <tbody>
        ${rows.map(
          ({ title, ours, paper }) =>
            html`<tr>
              <th scope="row">${title}</th>
              <td>
                ${ours}${paper === undefined ? undefined : html`<br /><span class="soft">paper: ${paper}</span>`}
              </td>
            </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

/** One chart of each of the runs. */
function sideBySide(runs: Outcome["runs"], { file, title, lead }: Chart): Html | undefined {
  const drawn = runs.filter(({ row, folder }) => existsSync(folder.file(ownName(row, file))));
  if (drawn.length === 0) return undefined;
  return html`<section class="card wide">
    <h2>${title}</h2>
    <p class="lead">${lead}</p>
    <div class="side">
      ${drawn.map(
        ({ row, seed, folder }) =>
          html`<figure>
            <figcaption>${row.label} <span>seed ${seed}</span></figcaption>
            ${picture(folder.file(ownName(row, file)), `${title} of ${row.label}, seed ${seed}`)}
          </figure>`,
      )}
    </div>
  </section>`;
}

function settings(outcome: Outcome): Html | undefined {
  const [words] = settingsOf(outcome);
  if (words === undefined) return undefined;
  return html`<section class="card wide">
    <h2>Settings</h2>
    <p class="lead">${words}; each run's folder holds all of them, and its own report.</p>
  </section>`;
}
