import { html, type Html } from "../src/report/html.ts";
import { factsTable, page } from "../src/report/page.ts";
import type { EngineName } from "./engine.ts";
import { bars } from "./page-style.ts";
import { byFamily, peers, peersIn, titles } from "./families.ts";
import {
  comparisons,
  ratio,
  summary,
  type Comparison,
  type Results,
  type Row,
  type StepProfile,
} from "./results.ts";
import { ceilingLines, figure, profileHead, profileRows, profileTitle, times, verdict } from "./table.ts";

/** The results as one HTML document without scripts or anything outside itself: a bar for each engine and case. */
export function resultsPage(results: Results): string {
  const list = comparisons(results);
  const { adapter, machine: computer, driver, commit, date, versions } = results;
  return page({
    kind: "benchmark",
    title: `Benchmark on ${adapter}`,
    heading: adapter,
    verdict: verdict(list),
    lead:
      "The bars are speeds: the longer, the faster. The longest of each case is as long as its row. " +
      "Behind them: how many times as long as hestenes an engine takes.",
    facts: [computer, driver, commit === "" ? "" : `commit ${commit}`, date],
    main: html`${ratios(list)}
    ${byFamily(list).map(({ family, list }) =>
      group(family?.title ?? "Single operations", family?.lead ?? "hestenes alone.", list),
    )}
    ${profiles(results.profiles ?? [])} ${machine(results)} ${method(results)}`,
    footer: Object.entries(versions)
      .map((entry) => entry.join(" "))
      .join(" · "),
    style: bars,
  });
}

/** The ratios of all families to all peers in one table. */
function ratios(list: readonly Comparison[]): Html | undefined {
  const there = peersIn(list).filter((peer) => summary(list, peer) !== undefined);
  if (there.length === 0) return undefined;
  const rows = [
    ...byFamily(list).map(({ family, list }) => ({ title: family?.title ?? "Others", list })),
    { title: "All", list },
  ];
  const cell = (part: readonly Comparison[], peer: EngineName) => {
    const found = summary(part, peer);
    return found
      ? html`<td>${times(found.median)} <small>(${times(found.least)})</small></td>`
      : html`<td>–</td>`;
  };
  return html`<section class="card wide">
    <h2>How many times faster hestenes is</h2>
    <p class="lead">The median over the rows, and in brackets the least.</p>
    <div class="scroll">
      <table class="ratios">
        <thead>
          <tr>
            <th></th>
            <th>rows</th>
            ${there.map((peer) => html`<th scope="col">${titles[peer]}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            ({ title, list: part }) =>
              html`<tr>
                <th scope="row">${title}</th>
                <td>${part.length}</td>
                ${there.map((peer) => cell(part, peer))}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

function group(title: string, lead: string, list: readonly Comparison[]): Html {
  return html`<section class="card wide">
    <h2>${title}</h2>
    <p class="lead">${lead}</p>
    <div class="cases">${list.map(comparison)}</div>
  </section>`;
}

function comparison(one: Comparison): Html {
  const fastest = Math.min(...[...one.rows.values()].map(({ ms }) => ms));
  const engines = (["hestenes", ...peers] as const).filter(
    (name) => one.rows.has(name) || one.failed.has(name),
  );
  return html`<div>
    <h3>${one.case} <small>${one.op}</small></h3>
    <div class="bench">
      ${engines.map((engine) => {
        const row = one.rows.get(engine);
        const own = engine === "hestenes" ? "own" : "";
        const who = html`<span class="who ${own}">${titles[engine]}</span>`;
        if (!row) return html`${who}<span class="why">failed: ${one.failed.get(engine)}</span>`;
        const width = ((100 * fastest) / row.ms).toFixed(2);
        return html`${who}<span class="track"
            ><span class="fill ${engine}" style="width:${width}%"></span></span
          ><b>${own ? "" : times(ratio(one, engine))}</b><span class="figures ${own}">${figures(row)}</span>`;
      })}
    </div>
  </div>`;
}

function figures({ ms, n, gflops, gbps }: Row): string {
  const rates = [
    gflops === undefined ? "" : ` · ${figure(gflops)} GFLOP/s`,
    gbps === undefined ? "" : ` · ${figure(gbps)} GB/s`,
  ];
  return `${figure(ms)} ms${rates.join("")} · n ${n}`;
}

/** Where the time of the training steps goes. */
function profiles(list: readonly StepProfile[]): Html | undefined {
  if (list.length === 0) return undefined;
  return html`<section class="card wide">
    <h2>Where a training step's time goes</h2>
    <p class="lead">
      By kernel and entry point. The last column is the part of the ceiling, of arithmetic or of copies, that
      they reach.
    </p>
    ${list.map(
      (profile) =>
        html`<h3>${profile.case} <small>${profileTitle(profile).split(": ")[1]}</small></h3>
          <div class="scroll">
            <table class="profile">
              <thead>
                <tr>
                  ${profileHead.map((name) => html`<th scope="col">${name}</th>`)}
                  <th class="part"></th>
                </tr>
              </thead>
              <tbody>
                ${profileRows(profile).map(
                  ({ cells, share }) =>
                    html`<tr>
                      ${cells.map((cell) => html`<td>${cell}</td>`)}
                      <td class="part"><i style="width:${(100 * share).toFixed(1)}%"></i></td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>`,
    )}
  </section>`;
}

function machine({ ceilings, launches }: Results): Html | undefined {
  const rows: [string, string][] = [
    ...(ceilings ? ceilingLines(ceilings).map((line) => line.split(": ") as [string, string]) : []),
    ...launches.map(({ what, microseconds, n }): [string, string] => [
      what,
      `${figure(microseconds)} µs a launch, n ${n}`,
    ]),
  ];
  if (rows.length === 0) return undefined;
  return html`<section class="card">
    <h2>The machine's ceilings, and JavaScript's part</h2>
    <p class="lead">What small kernels reach on this adapter, and what launching one costs.</p>
    ${factsTable(rows)}
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
      ${failed.length > 0 ? `${failed.length} operations that an engine cannot do, or did wrong, are marked as failed.` : ""}
    </p>
  </section>`;
}
