import { html, type Html } from "../report/html.ts";
import { page } from "../report/page.ts";

/** What the pages of results have beyond a report: wide tables, dots on lines, and pictures side by side. */
const own = `
.results { overflow-x: auto; }
.results td, .results th { white-space: nowrap; padding: 9px 14px 9px 0; }
.results thead th { border-bottom: 0; padding-bottom: 0; color: var(--ink); font-weight: 640; }
.results thead tr:last-child th { border-bottom: 2px solid var(--line); padding: 0 14px 7px 0; color: var(--soft); font-weight: 400; }
.results tbody th { color: var(--ink); font-weight: 640; }
.results td.least { font-weight: 680; color: var(--accent); }
.results td.paper { color: var(--soft); padding-right: 28px; }
.soft { color: var(--soft); }
.dots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 22px 40px; margin-top: 14px; }
.dots h3 { margin: 0 0 4px; font-size: .95rem; font-weight: 640; }
.dots h3 span { float: right; font-weight: 400; color: var(--soft); }
.dot-row { display: grid; grid-template-columns: minmax(70px, 9em) 1fr; align-items: center; gap: 14px; font-size: .92rem; }
.dot-row .line { position: relative; height: 30px; margin: 0 9px; }
.dot-row .line::before { content: ""; position: absolute; inset: 50% -9px auto; border-top: 1px solid var(--line); }
.line i { position: absolute; top: 50%; transform: translate(-50%, -50%); box-sizing: border-box; }
.mean { width: 3px; height: 20px; border-radius: 2px; background: var(--accent); }
.spread { height: 6px; border-radius: 3px; background: var(--accent); opacity: .25; }
.line i.spread { transform: translateY(-50%); }
.seed { width: 9px; height: 9px; border-radius: 50%; background: var(--accent); opacity: .75; }
.published { width: 12px; height: 12px; border: 2px solid var(--soft); background: var(--card); }
.line i.published { transform: translate(-50%, -50%) rotate(45deg); }
.key .published { transform: rotate(45deg) scale(.8); }
.key { display: inline-flex; align-items: center; gap: 6px; margin-right: 18px; }
.key { align-items: center; height: 24px; vertical-align: top; }
.key i { display: inline-block; }
.key .bar-rest, .key .bar-svd { width: 16px; }
.stack { display: flex; margin: 5px 0; }
.bar-rest, .bar-svd { height: 18px; background: var(--accent); opacity: .55; }
.bar-svd { background: #d97706; opacity: 1; }
.strips { margin-top: 16px; }
.strips + .strips { margin-top: 26px; }
.strips figure { display: grid; grid-template-columns: minmax(70px, 9em) 1fr; align-items: center; gap: 14px; margin: 6px 0; }
.strips figcaption { font-size: .92rem; font-weight: 600; overflow-wrap: normal; }
.card .strips img { width: 100%; margin: 0; border-radius: 3px; image-rendering: pixelated; }
.side { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 18px; margin-top: 12px; }
.side figure { margin: 0; min-width: 0; }
.side figcaption { font-weight: 600; }
.side figcaption span { font-weight: 400; color: var(--soft); }
.card .side img { width: 100%; margin: 8px 0 0; background: #fff; }
@media (max-width: 560px) {
  .strips figure, .dot-row { grid-template-columns: 1fr; gap: 4px; }
  .strips figure { margin: 12px 0; }
}
`;

/** What every page of results has: a title, a sentence that tells the outcome, facts, and cards. */
export interface Results {
  title: string;
  verdict: string;
  facts: readonly string[];
  cards: Html;
  version: string;
}

/** One page of results without scripts or anything outside itself. */
export function resultsPage({ title, verdict, facts, cards, version }: Results): string {
  const footer = `hestenes ${version}`;
  return page({ kind: "reproduction", title, verdict, facts, main: cards, footer, style: own });
}

/** What a reader has to know to compare. */
export function notesCard(notes: readonly (string | undefined)[]): Html {
  return html`<section class="card wide">
    <h2>What to know</h2>
    <ul>
      ${notes.map((note) => (note === undefined ? undefined : html`<li>${note}</li>`))}
    </ul>
  </section>`;
}
