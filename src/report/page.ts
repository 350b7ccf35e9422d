import { html, Html } from "./html.ts";
import { style } from "./page-style.ts";

/** What the page may load: nothing but the pictures and the style inside it. */
const POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/** What tells one page from another. */
export interface PageParts {
  /** What kind of page it is, in a word or two beside the package's name. */
  kind: string;
  title: string;
  /** The large words at the top; the title where there are none. */
  heading?: string;
  /** The result, in a sentence. */
  verdict: string;
  /** What a reader has to know before the cards. */
  lead?: string;
  /** Short facts on one line; empty ones are left out. */
  facts: readonly string[];
  /** The cards. */
  main: Html;
  footer: string;
  /** Rules of style beyond those of all pages. */
  style?: string;
}

/** A page as text: one HTML document without scripts, links or anything outside itself. */
export function page(parts: PageParts): string {
  const { kind, title, heading = title, verdict, lead, facts, main, footer, style: own = "" } = parts;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <title>${title} · hestenes</title>
        <style>
          ${new Html(style + own)}
        </style>
      </head>
      <body>
        <header>
          <p class="brand">${mark}hestenes <span>${kind}</span></p>
          <h1>${heading}</h1>
          <p class="verdict">${verdict}</p>
          ${lead === undefined ? undefined : html`<p class="lead">${lead}</p>`}
          <ul class="facts">
            ${facts.filter((fact) => fact !== "").map((fact) => html`<li>${fact}</li>`)}
          </ul>
        </header>
        <main>${main}</main>
        <footer>${footer}</footer>
      </body>
    </html> `.markup;
}

/** Two columns turned until they are orthogonal: a Jacobi rotation. */
const mark = html`<svg class="mark" viewBox="-12 -12 24 24" width="24" height="24" aria-hidden="true">
  <g fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round">
    <path d="M-7 7L7 -7M-7 -7L7 7" />
    <path d="M9.5 -3A10 10 0 0 1 9.5 3M-9.5 3A10 10 0 0 1 -9.5 -3" opacity=".5" />
  </g>
</svg>`;

/** Names and what they stand for, as the rows of a table. */
export function factsTable(rows: readonly (readonly [string, string])[]): Html {
  return html`<table class="facts-table">
    <tbody>
      ${rows.map(
        ([name, value]) =>
          html`<tr>
            <th scope="row">${name}</th>
            <td>${value}</td>
          </tr> `,
      )}
    </tbody>
  </table>`;
}
