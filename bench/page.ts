import { html, Html } from "../src/train/html.ts";
import { style } from "../src/train/report-style.ts";
import type { EngineName } from "./engine.ts";
import { comparisons, ratio, summary, type Comparison, type Results, type Row } from "./results.ts";
import { ceilingLines, figure, peers, times } from "./table.ts";

const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

const names: Record<EngineName, string> = {
  hestenes: "hestenes",
  "tfjs-webgpu": "TensorFlow.js",
  "jax-js": "jax-js",
  torch: "PyTorch",
};

/** Colours that tell the engines apart in light and dark; the report's accent is hestenes'. */
const bars = `
.bench { display: grid; grid-template-columns: 9.5em 1fr 19em; gap: 3px 12px; align-items: center; margin: 4px 0 16px; font-size: .86rem; font-variant-numeric: tabular-nums; }
.bench .who { color: var(--soft); } .bench .own { color: var(--ink); font-weight: 650; }
.bench .track { background: var(--page); border-radius: 4px; }
.bench .fill { display: block; height: 14px; min-width: 2px; border-radius: 4px; background: var(--accent); }
.bench .tfjs-webgpu { background: #d97706; } .bench .jax-js { background: #0d9488; } .bench .torch { background: #808a96; }
.bench .why { color: var(--soft); font-style: italic; grid-column: 2 / -1; }
h3 { margin: 18px 0 2px; font-size: .98rem; font-weight: 620; } h3 small { color: var(--soft); font-weight: 400; }
@media (max-width: 560px) { .bench { grid-template-columns: 7.5em 1fr; } .bench .figures { grid-column: 2; } }
`;

const groups: readonly [title: string, lead: string, belongs: (comparison: Comparison) => boolean][] = [
  ["Matrix products", "C = A · B, in 32 bits.", ({ case: name }) => name.startsWith("matmul")],
  [
    "Convolutions",
    "Forward, gradient of the input, gradient of the filter.",
    ({ case: name }) => name.startsWith("conv "),
  ],
  [
    "Transposed convolutions",
    "Forward, gradient of the input, gradient of the filter.",
    ({ case: name }) => name.startsWith("convT "),
  ],
  [
    "Singular value decompositions",
    "All factors, of random matrices.",
    ({ case: name }) => name.startsWith("svd "),
  ],
  ["Training steps", "Loss, gradients and Adam on one batch.", ({ op }) => op === "step"],
];

/** The results as one HTML document without scripts or anything outside itself: a bar for each engine and case. */
export function resultsPage(results: Results): string {
  const list = comparisons(results);
  const known = groups.map(([title, lead, belongs]) => [title, lead, list.filter(belongs)] as const);
  const rest = list.filter((comparison) => !groups.some(([, , belongs]) => belongs(comparison)));
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <title>Benchmark on ${results.adapter} · hestenes</title>
        <style>
          ${new Html(style + bars)}
        </style>
      </head>
      <body>
        <header>
          <p class="brand">hestenes <span>benchmark</span></p>
          <h1>${results.adapter}</h1>
          <p class="verdict">${verdict(list)}</p>
          <p class="lead">
            The bars are speeds: the longer, the faster. The longest of each case is as long as its row.
          </p>
          <ul class="facts">
            ${[results.machine, results.driver, `commit ${results.commit}`, results.date]
              .filter((fact) => fact !== "")
              .map((fact) => html`<li>${fact}</li>`)}
          </ul>
        </header>
        <main>
          ${known.map(([title, lead, cases]) => group(title, lead, cases))}
          ${group("Single operations", "hestenes alone.", rest)} ${machine(results)} ${method(results)}
        </main>
        <footer>${Object.entries(results.versions).map(([name, version]) => `${name} ${version} `)}</footer>
      </body>
    </html> `.markup;
}

function verdict(list: readonly Comparison[]): string {
  const parts = peers.flatMap((peer) => {
    const found = summary(list, peer);
    if (!found) return [];
    return [`${times(found.median)} the speed of ${names[peer]} (${times(found.least)} at least)`];
  });
  return parts.length > 0 ? `In the median ${parts.join(", ")}.` : "Times of hestenes alone.";
}

function group(title: string, lead: string, list: readonly Comparison[]): Html | undefined {
  if (list.length === 0) return undefined;
  return html`<section class="card wide">
    <h2>${title}</h2>
    <p class="lead">${lead}</p>
    ${list.map(comparison)}
  </section>`;
}

function comparison(one: Comparison): Html {
  const fastest = Math.min(...[...one.rows.values()].map(({ ms }) => ms));
  const engines = (["hestenes", ...peers] as const).filter(
    (name) => one.rows.has(name) || one.failed.has(name),
  );
  return html`<h3>${one.case} <small>${one.op}</small></h3>
    <div class="bench">
      ${engines.map((engine) => {
        const row = one.rows.get(engine);
        const who = html`<span class="who ${engine === "hestenes" ? "own" : ""}">${names[engine]}</span>`;
        if (!row) return html`${who}<span class="why">failed: ${one.failed.get(engine)}</span>`;
        const width = ((100 * fastest) / row.ms).toFixed(2);
        return html`${who}<span class="track"
            ><span class="fill ${engine}" style="width:${width}%"></span></span
          ><span class="figures">${figures(row)}${comparedWith(one, engine)}</span>`;
      })}
    </div>`;
}

function figures({ ms, n, gflops, gbps }: Row): string {
  const rates = [
    gflops === undefined ? "" : `, ${figure(gflops)} GFLOP/s`,
    gbps === undefined ? "" : `, ${figure(gbps)} GB/s`,
  ];
  return `${figure(ms)} ms${rates.join("")}, n ${n}`;
}

function comparedWith(one: Comparison, engine: EngineName): Html | undefined {
  const value = engine === "hestenes" ? undefined : ratio(one, engine);
  return value === undefined ? undefined : html` · <b>${times(value)} the time</b>`;
}

function machine({ ceilings, launches }: Results): Html | undefined {
  const rows = [
    ...(ceilings ? ceilingLines(ceilings).map((line) => line.split(": ")) : []),
    ...launches.map(({ what, microseconds, n }) => [what, `${figure(microseconds)} µs a launch, n ${n}`]),
  ];
  if (rows.length === 0) return undefined;
  return html`<section class="card">
    <h2>The machine's ceilings, and JavaScript's part</h2>
    <p class="lead">What small kernels reach on this adapter, and what launching one costs.</p>
    <table class="facts-table">
      <tbody>
        ${rows.map(
          ([what, value]) =>
            html`<tr>
              <th scope="row">${what}</th>
              <td>${value}</td>
            </tr> `,
        )}
      </tbody>
    </table>
  </section>`;
}

function method({ failed }: Results): Html {
  return html`<section class="card">
    <h2>How it was measured</h2>
    <p class="lead">
      All engines ran in one process on the same adapter, with the same flags of the WebGPU implementation and
      the same way of waiting. Each was warmed up, and its answer compared, before rounds went from one engine
      to the next. A run ends when a number of its result was read. Times are medians of n runs; × says how
      many times longer an engine took than hestenes.
      ${failed.length > 0 ? `${failed.length} operations that an engine can not do, or did wrong, are marked as failed.` : ""}
    </p>
  </section>`;
}
