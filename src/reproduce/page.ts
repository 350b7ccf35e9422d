import { existsSync, readFileSync } from "node:fs";
import { html, type Html } from "../train/html.ts";
import { page } from "../train/page.ts";
import { metricTitles, type Row } from "./experiments.ts";
import type { Outcome } from "./reproduce.ts";
import { judgeWords, linesOf, oursOf, paperOf } from "./table.ts";

/** Pictures of a run's report that stand side by side, and what they show. */
const gallery = [
  ["reconstructions.png", "Reconstructions", "Held-out images above, what the model makes of them below."],
  [
    "interpolation.png",
    "Interpolation",
    "Each row walks through the latent space from one image to another.",
  ],
  ["samples.png", "Samples", "Decoded from codes drawn at random."],
  ["latent.svg", "Latent space", "The first two coordinates of the codes."],
] as const;

/** Table cells wider than the report's, and pictures side by side. */
const own = `
.results { overflow-x: auto; }
.results td, .results th { white-space: nowrap; padding-right: 20px; }
.results td.least { font-weight: 680; color: var(--accent); }
.results .paper { color: var(--soft); }
.side { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); gap: 18px; margin-top: 12px; }
.side figure { margin: 0; min-width: 0; }
.side figcaption { font-weight: 600; }
.side img, .side svg { display: block; width: 100%; height: auto; margin: 8px 0 0; border-radius: 5px; }
`;

/** The results of an experiment as one page without scripts or anything outside itself. */
export function experimentPage(outcome: Outcome, { version }: { version: string }): string {
  const { experiment, scale, adapter, runs, complete } = outcome;
  const done = `${runs.length} runs${complete ? "" : " so far"}`;
  return page({
    kind: "reproduction",
    title: experiment.title,
    verdict: "Ours: mean ± standard deviation over the seeds. In brackets: the paper.",
    facts: [`scale ${scale}`, done, adapter],
    main: html`<section class="card wide results">${table(outcome)}${judgeNote(outcome)}</section>
      ${notes(experiment.notes)} ${gallery.map((picture) => sideBySide(outcome, picture))}
      ${settings(outcome)}`,
    footer: `hestenes ${version}`,
    style: own,
  });
}

function table(outcome: Outcome): Html {
  const lines = linesOf(outcome);
  const { metrics } = outcome.experiment;
  /** The row whose mean is the least; of active units, no order is the better one. */
  const least = metrics.map((metric, column) => {
    if (metric === "activeUnits") return undefined;
    const means = lines.map(({ cells }) => cells[column]!.mean ?? Infinity);
    return means.indexOf(Math.min(...means));
  });
  return html`<table>
    <thead>
      <tr>
        <th scope="col">Model</th>
        <th scope="col">Seeds</th>
        ${metrics.map((metric) => html`<th scope="col">${metricTitles[metric]}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${lines.map(
        ({ label, seeds, cells }, at) =>
          html`<tr>
            <th scope="row">${label}</th>
            <td>${seeds.length}</td>
            ${cells.map(
              (cell, column) =>
                html`<td class="${least[column] === at ? "least" : ""}">
                  ${oursOf(cell)} <span class="paper">${paperOf(cell)}</span>
                </td>`,
            )}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function judgeNote(outcome: Outcome): Html | undefined {
  const words = judgeWords(outcome);
  return words === undefined ? undefined : html`<p class="note">${words}</p>`;
}

function notes(list: readonly string[]): Html {
  return html`<section class="card wide">
    <h2>What to know</h2>
    <ul>
      ${list.map((note) => html`<li>${note}</li>`)}
    </ul>
  </section>`;
}

/** One picture of the first run of each row. */
function sideBySide(
  { experiment, runs }: Outcome,
  [file, title, lead]: (typeof gallery)[number],
): Html | undefined {
  const pictures = experiment.rows.flatMap((row) => {
    const path = pictureOf(runs, row, file);
    return path === undefined
      ? []
      : [
          html`<figure>
            <figcaption>${row.label}</figcaption>
            ${picture(path)}
          </figure>`,
        ];
  });
  if (pictures.length === 0) return undefined;
  return html`<section class="card wide">
    <h2>${title}</h2>
    <p class="lead">${lead}</p>
    <div class="side">${pictures}</div>
  </section>`;
}

function pictureOf(runs: Outcome["runs"], row: Row, file: string): string | undefined {
  const path = runs.find((run) => run.row.label === row.label)?.folder.file(file);
  return path !== undefined && existsSync(path) ? path : undefined;
}

function picture(path: string): Html {
  const kind = path.endsWith(".svg") ? "svg+xml" : "png";
  return html`<img alt="" src="data:image/${kind};base64,${readFileSync(path).toString("base64")}" />`;
}

function settings({ runs }: Outcome): Html | undefined {
  const config = runs[0]?.config;
  if (!config) return undefined;
  const { size, latent, rank, steps, batch, rate, optimizer } = config;
  const shown = { size, latent, rank, steps, batch, rate, optimizer };
  const words = Object.entries(shown).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${value}`],
  );
  return html`<section class="card wide">
    <h2>Settings</h2>
    <p class="lead">${words.join(", ")}; each run's folder holds all of them, and its own report.</p>
  </section>`;
}
