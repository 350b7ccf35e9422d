import { existsSync } from "node:fs";
import { html, type Html } from "../report/html.ts";
import { dotCharts } from "./dots.ts";
import { notesCard, resultsPage } from "./frame.ts";
import { charts, firstRuns, gallery, picture, type Chart } from "./gallery.ts";
import { isError, judgeWords, linesOf, orderLead, ordersOf, oursOf, paperOf, type Line } from "./table.ts";
import { factsOf, settingsOf, verdict } from "./verdict.ts";
import { metricTitles } from "./metrics.ts";
import type { Outcome } from "./outcome.ts";

/** The results of an experiment as one page without scripts or anything outside itself. */
export function experimentPage(outcome: Outcome, { version }: { version: string }): string {
  const { experiment, runs } = outcome;
  const { title, metrics, notes, isScatter } = experiment;
  const { scatter, spectrum } = charts;
  const lines = linesOf(outcome);
  return resultsPage({
    title,
    version,
    verdict: verdict(outcome),
    facts: factsOf(outcome),
    cards: html`${isScatter ? sideBySide(runs, scatter) : undefined} ${table(outcome, lines)}
    ${orders(outcome, lines)} ${dotCharts(lines, metrics)} ${gallery(outcome)}
    ${isScatter ? undefined : sideBySide(firstRuns(outcome), scatter)}
    ${sideBySide(firstRuns(outcome), spectrum)} ${notesCard(notes)} ${settings(outcome)}`,
  });
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
          ${metrics.map((metric, i) => html`<th scope="colgroup" colspan="${known[i] ? 2 : 1}">${metricTitles[metric]}</th>`)}
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
  const drawn = runs.filter(({ folder }) => existsSync(folder.file(file)));
  if (drawn.length === 0) return undefined;
  return html`<section class="card wide">
    <h2>${title}</h2>
    <p class="lead">${lead}</p>
    <div class="side">
      ${drawn.map(
        ({ row, seed, folder }) =>
          html`<figure>
            <figcaption>${row.label} <span>seed ${seed}</span></figcaption>
            ${picture(folder.file(file), `${title} of ${row.label}, seed ${seed}`)}
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
