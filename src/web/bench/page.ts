import type { Failure, Row } from "../../../bench/results.ts";
import type { AdapterDescription } from "#gpu";
import { byId, make } from "../shared/dom.ts";
import { sayError } from "../shared/notices.ts";
import { Remote } from "../shared/rpc.ts";
import { figures, timesChart } from "./chart.ts";
import { groups, type BenchApi, type BenchEvent, type Group, type Peer } from "./protocol.ts";

const address = new URLSearchParams(location.search);
const run = byId("run", HTMLButtonElement);
const copy = byId("copy", HTMLButtonElement);
const progress = byId("progress", HTMLElement);
const rows: Row[] = [];
const failed: Failure[] = [];
let adapter: AdapterDescription | undefined;
let running = false;

const remote = new Remote<BenchApi, BenchEvent>(
  new Worker(new URL("./worker.ts", import.meta.url), { type: "module" }),
  (event) => {
    if (event.kind === "doing") progress.textContent = `${event.done} of ${event.of} · ${event.what}`;
    else {
      rows.push(...event.rows);
      failed.push(...event.failed);
      show();
    }
  },
);

/** The ticked boxes of a field set. */
function ticked<T extends string>(id: string): T[] {
  return [...byId(id, HTMLFieldSetElement).querySelectorAll<HTMLInputElement>("input:checked")].map(
    ({ value }) => value as T,
  );
}

function show(): void {
  timesChart(byId("chart", HTMLElement), rows);
  copy.disabled = rows.length === 0;
  const lines = rows.map((row) =>
    make("tr", {}, ...figures(row).map((text, i) => make(i === 0 ? "th" : "td", {}, text))),
  );
  byId("rows", HTMLTableSectionElement).replaceChildren(...lines);
  byId("failed", HTMLElement).replaceChildren(
    ...failed.map(({ engine, case: name, op, reason }) =>
      make("li", {}, `${engine}, ${name} ${op}: ${reason}`),
    ),
  );
}

/** What `npm run bench -- --json` writes, as far as a page knows it. */
function asJson(): string {
  const { name, driver } = adapter!;
  const machine = navigator.userAgent;
  return JSON.stringify(
    { adapter: name, driver, machine, date: new Date().toISOString(), rows, failed },
    null,
    2,
  );
}

async function start(): Promise<void> {
  rows.length = failed.length = 0;
  running = true;
  run.textContent = "Stop";
  const began = performance.now();
  try {
    await remote.call("run", {
      groups: ticked<Group>("groups"),
      peers: ticked<Peer>("peers"),
      heavy: byId("heavy", HTMLInputElement).checked,
      budget: Number(address.get("budget") ?? 600),
      only: address.get("only") ?? "",
    });
    progress.textContent = `Done in ${((performance.now() - began) / 1000).toFixed(0)} s.`;
  } finally {
    running = false;
    run.textContent = "Run";
  }
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
  byId("heavy", HTMLInputElement).checked = adapter.kind === "gpu";
  run.disabled = false;
  progress.textContent = "Ready.";
  run.onclick = () => void (running ? remote.call("stop") : start()).catch(sayError);
  copy.onclick = () =>
    void navigator.clipboard.writeText(asJson()).then(() => {
      copy.textContent = "Copied";
      setTimeout(() => (copy.textContent = "Copy as JSON"), 1500);
    }, sayError);
}

open().catch((error: unknown) => {
  byId("device", HTMLElement).textContent = "no WebGPU";
  progress.textContent = "Nothing can be measured without WebGPU; see above.";
  sayError(error);
});
