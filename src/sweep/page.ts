import { existsSync, readFileSync } from "node:fs";
import { version } from "../device/version.node.ts";
import { html, Html } from "../report/html.ts";
import { page } from "../report/page.ts";
import { parallel, scatter, sparkline, wordOf, type Scored } from "./charts.ts";
import { settingsOf } from "./plan.ts";
import { states, type RunStatus, type Sweep } from "./store.ts";

/** Rows of the table, and pictures, at most: the best. */
const shown = { rows: 400, best: 3, settings: 6 };

const style = `
.runs { overflow-x: auto; }
.runs table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
.runs td, .runs th { padding: 5px 16px 5px 0; text-align: left; white-space: nowrap; border-bottom: 1px solid var(--line); font-size: .92rem; }
.runs thead th { color: var(--soft); font-weight: 400; border-bottom: 2px solid var(--line); }
.runs .number { text-align: right; }
.runs tr.best td { color: var(--accent); font-weight: 640; }
.spark { width: 120px; height: 30px; display: block; }
.spark polyline { fill: none; stroke: var(--accent); stroke-width: 1.6; stroke-linejoin: round; }
.state::before { content: ""; display: inline-block; width: 9px; height: 9px; border-radius: 50%; margin-right: 8px; background: var(--line); }
.state.done::before { background: #0d9488; } .state.running::before { background: #3b82f6; }
.state.failed::before { background: #e5484d; } .state.stopped::before, .state.paused::before { background: #d97706; }
.far { display: block; height: 3px; margin-top: 2px; background: var(--line); } .far i { display: block; height: 3px; background: var(--accent); }
.best-runs { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); gap: 22px; margin-top: 12px; }
.best-runs figure { margin: 0; min-width: 0; } .best-runs figcaption { font-weight: 600; margin-bottom: 6px; }
.card .best-runs img { width: 100%; margin: 6px 0 0; image-rendering: pixelated; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 18px; }
.wide .chart svg { max-width: 100%; }
`;

/** The runs of a sweep as one page without scripts or anything outside itself; links lead to the reports beside it. */
export function sweepPage(sweep: Sweep, all: readonly RunStatus[] = sweep.status()): string {
  const scored = all.filter(({ testError }) => testError !== undefined && Number.isFinite(testError));
  const ordered = [...all].sort(byError);
  const settings = settingsOf(all);
  const counts = states
    .map((state) => [all.filter((run) => run.state === state).length, state] as const)
    .filter(([count]) => count > 0);
  const seconds = all.reduce((sum, { result }) => sum + (result?.seconds ?? 0), 0);
  return page({
    kind: "sweep",
    title: sweep.name,
    verdict: verdictOf(ordered[0]),
    facts: [
      `${all.length} runs`,
      ...counts.map(([count, state]) => `${count} ${state}`),
      seconds > 0
        ? `${seconds < 600 ? `${seconds.toFixed(0)} s` : `${(seconds / 3600).toFixed(1)} h`} of training and evaluation`
        : "",
      sweep.search ? (sweep.search.kind === "asha" ? "successive halving" : "random search") : "",
    ],
    main: html`${chartsOf(settings, scored.map(scoredOf))} ${picturesOf(sweep, ordered)}
    ${tableOf(sweep, settings, ordered)}`,
    footer: `hestenes ${version}`,
    style,
  });
}

/** Those that are done first, and of them the best. */
function byError(a: RunStatus, b: RunStatus): number {
  const rank = ({ state, testError }: RunStatus) => (state === "done" ? 0 : testError === undefined ? 2 : 1);
  return rank(a) - rank(b) || (a.testError ?? Infinity) - (b.testError ?? Infinity) || a.number - b.number;
}

function verdictOf(best: RunStatus | undefined): string {
  if (best?.state !== "done") return "No run is done yet.";
  const words = Object.entries(best.varied).map(([name, value]) => `${name} ${wordOf(value)}`);
  return `The least test error is ${best.testError!.toFixed(2)} %${words.length > 0 ? `, with ${words.join(", ")}` : ""}.`;
}

const scoredOf = ({ name, varied, testError, state }: RunStatus): Scored => ({
  ...{ name, settings: varied, testError: testError!, isDone: state === "done" },
});

function chartsOf(settings: readonly string[], runs: readonly Scored[]): Html | undefined {
  const kept = settings
    .slice(0, shown.settings)
    .filter((name) => runs.some(({ settings }) => settings[name] !== undefined));
  if (runs.length < 2 || kept.length === 0) return undefined;
  return html`<section class="card wide">
      <h2>Settings and errors</h2>
      <p class="lead">The test error of each run over each setting; of a hollow dot, as far as the run is.</p>
      <div class="charts">
        ${kept.map((name) => html`<div class="chart">${new Html(scatter(name, runs))}</div>`)}
      </div>
    </section>
    ${
      kept.length < 2
        ? undefined
        : html`<section class="card wide">
            <h2>All at once</h2>
            <p class="lead">
              A line for each run that has all of the settings, from blue for the least error to red.
            </p>
            <div class="chart" style="max-width: ${210 * (kept.length + 1)}px">
              ${new Html(parallel(kept, runs))}
            </div>
          </section>`
    }`;
}

function picturesOf(sweep: Sweep, ordered: readonly RunStatus[]): Html | undefined {
  const best = ordered.slice(0, shown.best).flatMap((run) => {
    const files = ["reconstructions.png", "samples.png"]
      .map((name) => sweep.folder(run.name).file(name))
      .filter((file) => existsSync(file));
    return run.state === "done" && files.length > 0 ? [{ run, files }] : [];
  });
  if (best.length === 0) return undefined;
  return html`<section class="card wide">
    <h2>The best</h2>
    <p class="lead">Reconstructions of held-out samples, and new samples.</p>
    <div class="best-runs">
      ${best.map(
        ({ run, files }) =>
          html`<figure>
            <figcaption>${run.testError!.toFixed(2)} %, run ${run.number}</figcaption>
            ${files.map(
              (file) =>
                html`<img
                  alt="of run ${run.number}"
                  src="data:image/png;base64,${readFileSync(file).toString("base64")}"
                />`,
            )}
          </figure>`,
      )}
    </div>
  </section>`;
}

function tableOf(sweep: Sweep, settings: readonly string[], ordered: readonly RunStatus[]): Html {
  const rows = ordered.slice(0, shown.rows);
  const left = ordered.length - rows.length;
  return html`<section class="card wide runs">
    <h2>Runs</h2>
    <table>
      <thead>
        <tr>
          ${["", ...settings, "state", "step", "loss", "test error", ""].map((title) => html`<th scope="col" class="${title === "test error" ? "number" : ""}">${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map((run, i) => rowOf(sweep, settings, run, i === 0 && run.state === "done"))}
      </tbody>
    </table>
    ${left > 0 ? html`<p class="note">${left} more are not shown; <code>hestenes sweep results</code> lists all.</p>` : undefined}
  </section>`;
}

function rowOf(sweep: Sweep, settings: readonly string[], run: RunStatus, isBest: boolean): Html {
  const { number, name, varied, state, step, steps, testError, failure, holder } = run;
  const folder = sweep.folder(name);
  const losses = step > 0 ? folder.history().map(({ loss }) => loss) : [];
  const note = failure?.reason ?? (holder ? `on ${holder.host}` : "");
  return html`<tr class="${isBest ? "best" : ""}">
    <td class="number">${number}</td>
    ${settings.map((setting) => html`<td>${varied[setting] === undefined ? "" : wordOf(varied[setting])}</td>`)}
    <td><span class="state ${state}">${state}</span></td>
    <td>
      ${step}/${steps}<span class="far"><i style="width:${Math.round((100 * step) / steps)}%"></i></span>
    </td>
    <td>${sparkline(losses)}</td>
    <td class="number">${testError === undefined ? "" : `${testError.toFixed(2)} %`}</td>
    <td>
      ${existsSync(folder.file("report.html")) ? html`<a href="${name}/report.html">report</a>` : html`<span class="soft">${note}</span>`}
    </td>
  </tr>`;
}
