import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { PNG } from "pngjs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeReport, type ReportData } from "../../src/report/report.node.ts";
import { checkSvg } from "./svg.ts";

const bare: ReportData = {
  title: "AE on nothing",
  verdict: "no result",
  model: "ae",
  dataset: "nothing",
  config: {},
  adapter: { name: "llvmpipe", driver: "Mesa", kind: "software" },
  history: [],
  numbers: [],
  timings: [],
  command: "hestenes train",
  version: "0.0.0",
  date: "today",
};

const ramp = (count: number) => Float32Array.from({ length: count * 16 }, (_, i) => (i % 16) / 16);

const full: ReportData = {
  ...bare,
  config: { data: { name: "bumps", size: 4 }, shape: [4, 4, 1], resume: null, unset: undefined },
  history: [0, 1, 2].map((step) => ({ step, loss: 9 - step, parts: { KL: 1 }, testError: 40 - step })),
  numbers: [{ label: "Test error", value: "38 %", hint: "relative" }],
  reference: { label: "linear bound", value: 78.4 },
  images: { originals: ramp(20), reconstructions: ramp(20), shape: [4, 4, 1] },
  samples: [
    { title: "prior", images: ramp(9) },
    { title: "mixture", images: ramp(3) },
  ],
  interpolation: { images: ramp(6), pairs: 2, steps: 3 },
  latent: { points: ramp(1), k: 2 },
  singularValues: { values: [3, 2, 1], kept: 2 },
  covariance: { values: [1, -0.5, -0.5, 1], side: 2 },
  timings: [
    { label: "open", seconds: 0.25 },
    { label: "train", seconds: 99.75 },
  ],
  stepsPerSecond: 41.07,
};

const files = [
  "covariance.png",
  "interpolation.png",
  "latent.svg",
  "loss.svg",
  "reconstructions.png",
  "report.html",
  "samples.png",
  "singular-values.svg",
];

let folder: string;

beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "hestenes-report-")), "run");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true }));

/** Writes the report and reads its page. */
function pageOf(data: ReportData) {
  writeReport(folder, data);
  const text = readFileSync(join(folder, "report.html"), "utf8");
  return { text, document: parseHTML(text).document };
}

test("a full report has every picture in the page and beside it", () => {
  const { document } = pageOf(full);
  expect(readdirSync(folder).sort()).toEqual(files);
  for (const name of files.filter((file) => file.endsWith(".svg")))
    checkSvg(readFileSync(join(folder, name), "utf8"));
  const { width, height } = PNG.sync.read(readFileSync(join(folder, "reconstructions.png")));
  const side = 112;
  expect([width, height]).toEqual([8 * side + 7 * 4, 4 * side + 2 * 4 + 16]);
  expect(document.querySelectorAll(".chart svg")).toHaveLength(4);
  expect(document.querySelectorAll("img")).toHaveLength(5);
  for (const image of document.querySelectorAll("img")) {
    expect(image.getAttribute("alt")).not.toBe("");
    const bytes = Buffer.from(
      (image.getAttribute("src") ?? "").replace("data:image/png;base64,", ""),
      "base64",
    );
    const png = PNG.sync.read(bytes);
    expect([png.width, png.height].map(String)).toEqual([
      image.getAttribute("width"),
      image.getAttribute("height"),
    ]);
  }
  expect(document.querySelectorAll(".note")).toHaveLength(0);
});

test("the page shows numbers, times and the flattened configuration", () => {
  const { document } = pageOf(full);
  const rows = [...document.querySelectorAll(".columns tr")].map((row) =>
    [...row.children].map((cell) => cell.textContent),
  );
  expect(rows).toEqual([
    ["data.name", "bumps"],
    ["data.size", "4"],
    ["shape", "[4,4,1]"],
    ["resume", "null"],
  ]);
  const text = document.body.textContent;
  for (const part of ["38 %", "250 ms", "1 min 40 s", "41.1", "linear bound 78.4 %"])
    expect(text).toContain(part);
});

test("the page has a language, one main heading and nothing that leaves it", () => {
  const { text, document } = pageOf(full);
  expect(document.documentElement.getAttribute("lang")).toBe("en");
  expect(document.querySelectorAll("h1")).toHaveLength(1);
  expect(document.querySelectorAll("script, link, iframe, a, object, embed")).toHaveLength(0);
  expect(text.match(/https?:[^"'\s]*/g)?.filter((url) => url !== "http://www.w3.org/2000/svg")).toEqual([]);
  expect(text.replace(/base64,[^"]*/g, "")).not.toMatch(/url\(|@import|srcset|\bon\w+=/);
  const policy = document.querySelector("meta[http-equiv=Content-Security-Policy]")?.getAttribute("content");
  expect(policy).toContain("default-src 'none'");
});

test("hostile text in any place is shown as text", () => {
  const evil = `</style></title><script>alert("1")</script>'"><img src=x onerror=alert(2)>`;
  const { document } = pageOf({
    ...full,
    title: evil,
    verdict: evil,
    model: evil,
    dataset: evil,
    config: { [evil]: evil, nested: { [evil]: [evil] } },
    adapter: { name: evil, driver: evil, kind: evil },
    history: [{ step: 0, loss: 1, parts: { [evil]: 1 }, testError: 1 }],
    numbers: [{ label: evil, value: evil, hint: evil }],
    reference: { label: evil, value: 2 },
    samples: [{ title: evil, images: ramp(1) }],
    latent: { points: ramp(1), k: 2, path: ramp(1), pathLabel: evil },
    timings: [{ label: evil, seconds: 1 }],
    command: evil,
    version: evil,
    date: evil,
  });
  expect(document.querySelectorAll("script")).toHaveLength(0);
  expect(document.querySelectorAll("img:not([alt])")).toHaveLength(0);
  expect(document.querySelectorAll("[onerror]")).toHaveLength(0);
  expect(document.querySelector("h1")?.textContent).toBe(evil);
  expect(document.querySelector("pre")?.textContent).toBe(evil);
});

test("missing pieces are left out with a note that says why", () => {
  const { document } = pageOf({ ...bare, absent: { latent: "An AE has no basis." } });
  expect(readdirSync(folder)).toEqual(["report.html"]);
  const notes = [...document.querySelectorAll(".note")].map((note) => note.textContent);
  expect(notes).toContain("An AE has no basis.");
  expect(notes).toContain("This run drew no samples.");
  expect(notes).toHaveLength(9);
});

test("a picture whose data do not fit costs no other picture", () => {
  const { document } = pageOf({
    ...full,
    interpolation: { images: ramp(6), pairs: 2, steps: 4 },
    singularValues: { values: [1], kept: 2 },
  });
  expect(existsSync(join(folder, "interpolation.png"))).toBe(false);
  expect(existsSync(join(folder, "reconstructions.png"))).toBe(true);
  const notes = [...document.querySelectorAll(".note")].map((note) => note.textContent).join("\n");
  expect(notes).toContain("Not drawn: interpolationStrip: 6 images; 2 pairs of 4 steps need 8");
  expect(notes).toContain("Not drawn: singularValuesChart: kept is 2");
});

test("all pictures share the range of the originals", () => {
  const originals = new Float32Array(16).fill(1).fill(0, 0, 8);
  const samples = [{ title: "prior", images: new Float32Array(16).fill(0.2) }];
  pageOf({ ...full, images: { originals, reconstructions: originals, shape: [4, 4, 1] }, samples });
  const { data } = PNG.sync.read(readFileSync(join(folder, "samples.png")));
  expect([...data.subarray(0, 4)]).toEqual([51, 51, 51, 255]);
});

test("a report that is written again replaces the old one", () => {
  pageOf(full);
  const { document } = pageOf({ ...full, title: "second" });
  expect(document.querySelector("h1")?.textContent).toBe("second");
  expect(readdirSync(folder).sort()).toEqual(files);
});

test("a run of stages and phases has a card for each loss, the codes of both stages, and their variances", () => {
  const history = [1, 2, 3].flatMap((step) => [
    { step, loss: 5, stage: "first", parts: { KL: 1 } },
    { step: step + 3, loss: 4, stage: "second", parts: { "ae.loss": 4, "critic.loss": -1 } },
  ]);
  const spread = (label: string) => ({ label, values: [1, 0.5] });
  writeReport(folder, {
    ...full,
    history,
    secondLatent: { points: ramp(2), k: 2 },
    varianceLaw: [spread("E μ² + E σ²"), spread("Var μ alone")],
    drawnCodes: {
      k: 2,
      factor: 1.25,
      clouds: [{ label: "drawn", points: ramp(1) }],
      spreads: [spread("drawn"), spread("renormalised")],
    },
  });
  const { document } = parseHTML(readFileSync(join(folder, "report.html"), "utf8"));
  const cards = [...document.querySelectorAll("section.card")].filter((card) =>
    card.querySelector(".chart svg"),
  );
  const titles = cards.map((card) => card.querySelector("h2")!.textContent);
  expect(titles).toEqual(
    expect.arrayContaining([
      ...["Loss: first", "Loss: second, ae", "Loss: second, critic"],
      ...["Latent space", "Latent space of the second stage", "Variance law"],
      ...["Codes that the second stage draws", "Their variance"],
    ]),
  );
  expect(document.body.textContent).toContain("multiplies them with 1.25.");
  expect(titles).not.toContain("Loss");
});
