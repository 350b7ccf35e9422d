import { comparisons, type Failure, type Results, type Row } from "../../../bench/results.ts";
import { verdict } from "../../../bench/table.ts";
import type { AdapterDescription } from "#gpu";
import { onWidth } from "../shared/charts.ts";
import { byId, download, make } from "../shared/dom.ts";
import { dismiss, isNoAdapter, notice, sayError, sayUnusable } from "../shared/notices.ts";
import { Remote } from "../shared/rpc.ts";
import { failures, figures, timesChart } from "./chart.ts";
import { groups, type BenchApi, type BenchEvent, type Group, type Peer } from "./protocol.ts";

/** Written by the build: the versions of what is measured. */
declare const VERSIONS: Record<string, string>;

const address = new URLSearchParams(location.search);
const run = byId("run", HTMLButtonElement);
const copy = byId("copy", HTMLButtonElement);
const progress = byId("progress", HTMLElement);
const bar = byId("bar", HTMLProgressElement);
const announce = byId("announce", HTMLElement);
const rows: Row[] = [];
const failed: Failure[] = [];
let adapter: AdapterDescription | undefined;
let running = false;
let stopping = false;

const remote = new Remote<BenchApi, BenchEvent>(
  new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }),
  (event) => {
    if (event.kind === "doing") sayDoing(event);
    else if (event.kind === "lost") sayLost(event);
    else {
      rows.push(...event.rows);
      failed.push(...event.failed);
      show();
    }
  },
);

function sayDoing({ what, done, of }: Extract<BenchEvent, { kind: "doing" }>): void {
  Object.assign(bar, { value: done, max: of });
  progress.textContent = `${done} of ${of} · ${stopping ? `stops after ${what}` : what}`;
}

function sayLost({ reason, what }: Extract<BenchEvent, { kind: "lost" }>): void {
  const text = `The browser took it away (${reason}). A new one is opened, and ${what} measured again.`;
  notice("lost", "The GPU was lost", text);
}

/** The ticked boxes of a field set. */
function ticked<T extends string>(id: string): T[] {
  return [...byId(id, HTMLFieldSetElement).querySelectorAll<HTMLInputElement>("input:checked")].map(
    ({ value }) => value as T,
  );
}

function drawTimes(): void {
  const host = byId("chart", HTMLElement);
  if (rows.length > 0) timesChart(host, rows);
  else host.replaceChildren();
}

function show(): void {
  drawTimes();
  copy.disabled = rows.length === 0;
  const lines = rows.map((row) =>
    make("tr", {}, ...figures(row).map((text, i) => make(i === 0 ? "th" : "td", {}, text))),
  );
  byId("rows", HTMLTableSectionElement).replaceChildren(...lines);
  const list = comparisons({ rows, failed });
  byId("verdict", HTMLElement).textContent = list.length > 0 ? verdict(list) : "";
  byId("failed", HTMLElement).replaceChildren(...failures(failed).map((line) => make("li", {}, line)));
}

/** What `npm run bench -- --json` writes, as far as a page knows it. */
function asJson(): string {
  const { name, driver } = adapter!;
  const results: Results = {
    adapter: name,
    driver,
    machine: navigator.userAgent,
    commit: "",
    date: new Date().toISOString(),
    versions: VERSIONS,
    rows,
    failed,
    launches: [],
  };
  return JSON.stringify(results, null, 2);
}

/** Copies the results, or hands them over as a file where the page may not write to the clipboard. */
async function copyJson(): Promise<void> {
  try {
    await navigator.clipboard.writeText(asJson());
    copy.textContent = "Copied";
  } catch {
    download("bench.json", asJson(), "application/json");
    copy.textContent = "Saved as a file";
  }
  setTimeout(() => (copy.textContent = "Copy as JSON"), 1500);
}

async function start(): Promise<void> {
  const chosen = ticked<Group>("groups");
  if (chosen.length === 0) {
    progress.textContent = "Tick the operations to measure first.";
    return;
  }
  rows.length = failed.length = 0;
  show();
  dismiss("lost", "error");
  setRunning(true);
  announce.textContent = "Measuring.";
  const began = performance.now();
  let ended = "Failed";
  try {
    await remote.call("run", {
      groups: chosen,
      peers: ticked<Peer>("peers"),
      heavy: byId("heavy", HTMLInputElement).checked,
      budget: Number(address.get("budget") ?? 600),
      only: address.get("only") ?? "",
    });
    ended = stopping ? "Stopped" : "Done";
  } finally {
    setRunning(false);
    progress.textContent = `${ended} after ${((performance.now() - began) / 1000).toFixed(0)} s.`;
    announce.textContent = `${progress.textContent} ${rows.length} times are in the table.`;
  }
}

/** Between a run's beginning and its end the choices stay as they are, and the button ends it. */
function setRunning(now: boolean): void {
  [running, stopping] = [now, false];
  run.textContent = now ? "Stop" : "Run";
  run.disabled = false;
  bar.hidden = !now;
  for (const choices of document.querySelectorAll("fieldset")) choices.disabled = now;
}

/** Ends the run after the operation at hand. */
async function stop(): Promise<void> {
  stopping = true;
  run.disabled = true;
  progress.textContent += "; stops after it";
  await remote.call("stop");
}

async function open(): Promise<void> {
  const fields = Object.entries(groups).map(([group, title]) => {
    const box = make("input", {
      type: "checkbox",
      value: group,
      checked: group === "matmul" || group === "svd",
    });
    return make("label", { className: "tick" }, box, title);
  });
  byId("groups", HTMLFieldSetElement).append(...fields);
  adapter = await remote.call("open");
  byId("device", HTMLElement).textContent = adapter.name;
  if (adapter.kind === "gpu")
    for (const box of document.querySelectorAll<HTMLInputElement>("#peers input, #heavy")) box.checked = true;
  run.disabled = false;
  progress.textContent = "A minute or two, longer for training steps and without a GPU.";
  run.onclick = () => void (running ? stop() : start()).catch(sayError);
  copy.onclick = () => void copyJson();
  onWidth(byId("chart", HTMLElement), drawTimes);
}

/** Shows times that were measured elsewhere. */
async function showStored(): Promise<void> {
  const response = await fetch(new URL("../../../bench/results/swiftshader.json", import.meta.url));
  const stored = (await response.json()) as Results;
  document.body.classList.replace("unusable", "recorded");
  rows.push(...stored.rows);
  failed.push(...stored.failed);
  show();
  onWidth(byId("chart", HTMLElement), drawTimes);
  progress.textContent = `These times were measured on ${stored.adapter}, on ${stored.date.slice(0, 10)}: here nothing can be measured.`;
}

open().catch(async (error: unknown) => {
  sayUnusable(error, "Nothing can be measured without WebGPU; see above.");
  if (isNoAdapter(error)) await showStored().catch(() => undefined); // what to do is said
});
