import { html, type Html } from "../report/html.ts";
import { notesCard, resultsPage } from "./frame.ts";
import type { MarkdownPage } from "./markdown.ts";
import { overheadOf, type TimedCase, type Times } from "./time.ts";
import { counted } from "./words.ts";

/** What a reader has to know to compare the times. */
export const timeNotes = [
  "A step is forward, backward and optimizer on a batch that lies on the device; the steps of the two models take turns. " +
    "The overhead is that of the median of the one over the median of the other; the quartiles are those of the overhead round by round.",
  "The overhead is not the SVD's alone: the latent vector of a VRRAE is L long, that of a VAE k, and so are the affine maps beside it. " +
    "The share is that of the kernels of the decomposition and its gradient, of the time that all kernels took; matrix products of the gradient are not in it.",
  "Appendix A.4 gives the backward pass a cost of the square of the larger side; its products of matrices of that size are cubic.",
  "The paper's step of 576 images of 28 × 28 takes 2.64 s and one of 576 faces of 160 × 160 only 3.18 s: its times are " +
    "mostly those of loading the batch, one sample after the other in Python, so its overheads say little about the SVD.",
];

/** Steps of each model under which a median says little on a machine that does other things too. */
const enoughRounds = 11;

/** Points of percent that the quartiles of an overhead may lie apart before it says little. */
const mostSpread = 10;

/** A warning where too few steps were measured, or where they differ too much, as on a machine that does other things. */
export function timeCaution(all: readonly Times[]): string | undefined {
  const least = Math.min(...all.map(({ vae }) => vae.length));
  if (least < enoughRounds)
    return `With ${counted(least, "step")} each the overhead is not to be relied on: measure ${enoughRounds} or more.`;
  const noisy = all.filter((times) => {
    const [low, high] = overheadOf(times).quartiles;
    return high - low > mostSpread;
  });
  if (noisy.length === 0) return undefined;
  const names = noisy.map(({ name }) => name).join(", ");
  return `The overhead differs too much from round to round to be relied on (${names}): measure on a machine that does nothing else.`;
}

/** A row of words for each case: the first is the heading. */
export function timeWords(cases: readonly TimedCase[], all: readonly Times[]): string[][] {
  const head = [
    "",
    "batch",
    "VAE",
    "VRRAE",
    "overhead",
    "quartiles",
    "SVD",
    "paper: VAE",
    "paper: VRRAE",
    "paper: overhead",
  ];
  return [
    head,
    ...all.map((times) =>
      wordsOf(
        cases.find(({ name }) => name === times.name)!,
        times,
      ),
    ),
  ];
}

function wordsOf({ name, batch, published }: TimedCase, times: Times): string[] {
  const { vae, vrrae, percent, quartiles } = overheadOf(times);
  return [
    name,
    String(batch),
    seconds(vae),
    seconds(vrrae),
    signed(percent),
    quartiles.map(signed).join(" … "),
    times.svdShare === undefined ? "–" : `${(100 * times.svdShare).toFixed(1)} %`,
    ...(published
      ? [
          seconds(published.vae),
          seconds(published.vrrae),
          signed(100 * (published.vrrae / published.vae - 1)),
        ]
      : ["–", "–", "–"]),
  ];
}

const seconds = (value: number) => (value < 1 ? `${(1000 * value).toFixed(0)} ms` : `${value.toFixed(2)} s`);
const signed = (percent: number) => `${percent < 0 ? "−" : "+"}${Math.abs(percent).toFixed(1)} %`;

/** The outcome in a sentence or two, and what was run. */
export function timeHead(
  all: readonly Times[],
  adapter: string,
): { title: string; verdict: string; facts: string[] } {
  const found = all.map((times) => ({ name: times.name, ...overheadOf(times) }));
  return {
    title: "Table A.4-1: time of a step",
    verdict:
      found.length === 0
        ? "Nothing is measured yet."
        : `A VRRAE's step beside a VAE's: ${found.map(({ name, percent }) => `${signed(percent)} on ${name}`).join(", ")}; ` +
          `in the paper +1.3 to +6.6 %. ${timeCaution(all) ?? ""}`,
    facts: [`${counted(all[0]?.vae.length ?? 0, "step")} each, in turn`, adapter],
  };
}

/** The times as one page without scripts or anything outside itself. */
export function timePage(
  cases: readonly TimedCase[],
  all: readonly Times[],
  { adapter, version }: { adapter: string; version: string },
): string {
  return resultsPage({
    ...timeHead(all, adapter),
    cards: html`${table(timeWords(cases, all))} ${bars(all)} ${notesCard(timeNotes)}`,
    version,
  });
}

/** The same in Markdown. */
export function timeMarkdown(
  cases: readonly TimedCase[],
  all: readonly Times[],
  { adapter, version }: { adapter: string; version: string },
): Omit<MarkdownPage, "command"> {
  return { ...timeHead(all, adapter), table: timeWords(cases, all), notes: timeNotes, version };
}

function table([head, ...rows]: string[][]): Html {
  return html`<section class="card wide results">
    <table>
      <thead>
        <tr>
          ${head!.map((title) => html`<th scope="col">${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([name, ...cells]) =>
            html`<tr>
              <th scope="row">${name}</th>
              ${cells.map((cell, i) => html`<td class="${i >= 6 ? "paper" : ""}">${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

/** For each case a bar for the VAE's step and one for the VRRAE's, with the SVD's part marked. */
function bars(all: readonly Times[]): Html {
  return html`<section class="card wide">
    <h2>At a glance</h2>
    <p class="lead">
      <span class="key"><i class="bar-rest"></i> step</span>
      <span class="key"><i class="bar-svd"></i> of it, kernels of the SVD</span>
    </p>
    <div class="dots">
      ${all.map((times) => {
        const { vae, vrrae } = overheadOf(times);
        const most = Math.max(vae, vrrae);
        const share = times.svdShare ?? 0;
        const bar = (label: string, value: number, svd: number) =>
          html`<div class="dot-row">
            <span>${label}</span>
            <div class="stack" role="img" aria-label="${label}: ${seconds(value)}">
              <i class="bar-rest" style="width:${((100 * (1 - svd) * value) / most).toFixed(2)}%"></i
              ><i class="bar-svd" style="width:${((100 * svd * value) / most).toFixed(2)}%"></i>
            </div>
          </div>`;
        return html`<div>
          <h3>${times.name} <span>${seconds(vrrae)}</span></h3>
          ${bar("VAE", vae, 0)} ${bar("VRRAE", vrrae, share)}
        </div>`;
      })}
    </div>
  </section>`;
}
