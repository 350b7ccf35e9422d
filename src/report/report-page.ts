import { html, Html } from "./html.ts";
import { factsTable, page } from "./page.ts";
import type { Drawn, ReportData, ReportPictures } from "./report-data.ts";

/** The whole page as text: one HTML document without scripts, links or anything outside itself. */
export function reportPage(data: ReportData, pictures: ReportPictures): string {
  const { title, verdict, model, dataset, adapter, date, version } = data;
  return page({
    kind: "run report",
    title,
    verdict,
    facts: [model, dataset, adapter.name, date],
    main: html`${numbers(data)}
    ${card("Reconstructions", "Held-out images above, what the model makes of them below.", png(pictures.reconstructions, "Rows of held-out images, each above its reconstruction"), "wide")}
    ${losses(pictures)} ${card("Error", "Of the reconstructions, relative, by step.", svg(pictures.error))}
    ${samples(pictures)}
    ${card("Interpolation", "Each row walks through the latent space from one image to another.", png(pictures.interpolation, "Rows of decoded images that change from one image into another"), "wide")}
    ${card("Latent space", "Where the data lie in the coefficients of the latent basis.", svg(pictures.latent))}
    ${pictures.secondLatent === undefined ? undefined : card("Latent space of the second stage", "Where the data lie in the codes that the second stage has of their codes: N(0, I), if it has learned how these are distributed.", svg({ drawing: pictures.secondLatent }))}
    ${codes(data, pictures)}
    ${card("Singular values", "Of the latent vectors of training samples: what is kept, what is cut. Their energy is the sum of the squares.", svg(pictures.singularValues))}
    ${"drawing" in pictures.covariance ? card("Covariance of the codes", "Magnitudes, of held-out samples behind the mask: dark is 0, bright is 1 and more.", image(pictures.covariance.drawing, "A square of cells, the magnitudes of a covariance matrix")) : undefined}
    ${card("Time", undefined, timings(data))} ${card("Machine", undefined, machine(data))}
    ${card("Configuration", undefined, configuration(data.config), "wide")}
    ${card("Run it again", undefined, html`<pre tabindex="0"><code>${data.command}</code></pre>`, "wide")}`,
    footer: `hestenes ${version} · ${date}`,
  });
}

function numbers({ numbers: cards }: ReportData): Html | undefined {
  if (cards.length === 0) return undefined;
  return html`<section class="numbers" aria-labelledby="numbers">
    <h2 id="numbers" class="unseen">Key numbers</h2>
    <dl>
      ${cards.map(
        ({ label, value, hint }) =>
          html`<div>
            <dt>${label}</dt>
            <dd>${value}</dd>
            ${hint === undefined ? undefined : html`<dd class="hint">${hint}</dd>`}
          </div> `,
      )}
    </dl>
  </section>`;
}

function card(title: string, lead: string | undefined, body: Html, width: "half" | "wide" = "half"): Html {
  return html`<section class="card ${width}">
    <h2>${title}</h2>
    ${lead === undefined ? undefined : html`<p class="lead">${lead}</p>`} ${body}
  </section>`;
}

function losses({ loss, losses: all }: ReportPictures): Html {
  const lead = "By step: pale as logged, strong the running mean.";
  if (all.length === 0) return card("Loss", lead, svg(loss));
  return html`${all.map(({ name, svg: drawing }) => card(`Loss: ${name}`, lead, svg({ drawing })))}`;
}

function codes({ drawnCodes }: ReportData, pictures: ReportPictures): Html {
  const { varianceLaw, drawnCodes: drawn } = pictures;
  return html`${varianceLaw === undefined ? undefined : card("Variance law", "Of each number of held-out codes: how much its mean varies, and with the mean variance that it is drawn with. Their sum is 1 where the pull towards N(0, I) does its work.", svg({ drawing: varianceLaw }))}
  ${
    drawn === undefined || drawnCodes === undefined
      ? undefined
      : html`${card("Codes that the second stage draws", `Beside those of samples, by the same seed before and after renormalisation, which multiplies them with ${drawnCodes.factor.toPrecision(3)}.`, svg({ drawing: drawn.clouds }))}
        ${card("Their variance", "Of each number. What the second stage makes varies less than what it was given; renormalised, as much in the mean.", svg({ drawing: drawn.spreads }))}`
  }`;
}

function samples({ samples: drawn }: ReportPictures): Html {
  if ("missing" in drawn) return card("Samples", undefined, note(drawn.missing), "wide");
  const { groups } = drawn.drawing;
  return html`${groups.map(({ title, png: bytes }) =>
    card(
      `Samples: ${title}`,
      "New images, decoded from coefficients drawn at random.",
      image(bytes, `A grid of images sampled from: ${title}`),
      groups.length > 1 ? "half" : "wide",
    ),
  )}`;
}

function png(drawn: Drawn<Uint8Array>, alt: string): Html {
  return "drawing" in drawn ? image(drawn.drawing, alt) : note(drawn.missing);
}

function svg(drawn: Drawn<string>): Html {
  return "drawing" in drawn ? html`<div class="chart">${new Html(drawn.drawing)}</div>` : note(drawn.missing);
}

/** A PNG inside the page; its size stands in bytes 16 to 23 of the file. */
function image(bytes: Uint8Array, alt: string): Html {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const data = Buffer.from(bytes).toString("base64");
  return html`<img
    alt="${alt}"
    width="${view.getUint32(16)}"
    height="${view.getUint32(20)}"
    src="data:image/png;base64,${data}"
  />`;
}

function note(reason: string): Html {
  return html`<p class="note">${reason}</p>`;
}

function timings({ timings: phases, stepsPerSecond }: ReportData): Html {
  const known = phases.filter(({ seconds }) => Number.isFinite(seconds));
  const total = known.reduce((sum, { seconds }) => sum + seconds, 0);
  if (known.length === 0) return note("This run measured no times.");
  const share = (seconds: number) => ((100 * seconds) / (total || 1)).toFixed(1);
  const speed =
    stepsPerSecond === undefined || !Number.isFinite(stepsPerSecond)
      ? undefined
      : html`, <b>${stepsPerSecond.toLocaleString("en", { maximumSignificantDigits: 3 })}</b> steps per second`;
  return html`<p class="lead"><b>${duration(total)}</b> in all${speed}.</p>
    <table class="times">
      <thead class="unseen">
        <tr>
          <th scope="col">Phase</th>
          <th scope="col">Time</th>
          <th scope="col">Share</th>
        </tr>
      </thead>
      <tbody>
        ${known.map(
          ({ label, seconds }) =>
            html`<tr>
              <th scope="row">${label}</th>
              <td>${duration(seconds)}</td>
              <td class="share">
                ${share(seconds)} %<span class="bar" style="width:${share(seconds)}%"></span>
              </td>
            </tr> `,
        )}
      </tbody>
    </table>`;
}

function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(1000 * seconds)} ms`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

function machine({ adapter, version, date }: ReportData): Html {
  const rows = { adapter: adapter.name, driver: adapter.driver, kind: adapter.kind, hestenes: version, date };
  return factsTable(Object.entries(rows));
}

function configuration(config: object): Html {
  const rows = flatten("", config);
  return rows.length > 0
    ? html`<div class="columns">${factsTable(rows)}</div>`
    : note("This run has no settings.");
}

/** Nested settings as rows with dotted names; lists of plain values on one row. */
function flatten(prefix: string, value: object): [string, string][] {
  return Object.entries(value).flatMap(([key, entry]: [string, unknown]): [string, string][] => {
    const name = prefix === "" ? key : `${prefix}.${key}`;
    if (typeof entry === "object" && entry !== null && !Array.isArray(entry)) return flatten(name, entry);
    return entry === undefined ? [] : [[name, typeof entry === "string" ? entry : JSON.stringify(entry)]];
  });
}
