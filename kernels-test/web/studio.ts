import { readFileSync } from "node:fs";
import type { Page as Tab } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";
import type { TrainApi, TrainEvent } from "../../src/web/train/protocol.ts";
import { batch, seed, size } from "./reference.ts";
import { slow, untilReady, type BuiltSite } from "./site.ts";

/** A run in the page that ends after ten steps, with the losses of each. */
export const steps = 10;
export const address = `?size=${size}&batch=${batch}&seed=${seed}&steps=${steps}&logEvery=1`;

/** What went between the page and its worker. */
type Message = { sent: { id: number; method: string; args: unknown[] } } | { came: Answer };
type Answer = { event: TrainEvent } | { id: number; result?: unknown };

/**
 * A page that is ready to train, and keeps what it says to its worker and hears from it. What `prepare` has runs in it
 * before its own code.
 */
export async function openStudio(
  site: BuiltSite,
  query = address,
  ...prepare: (() => void)[]
): Promise<{ tab: Tab; wrong: string[] }> {
  const { tab, wrong } = await site.visit("about:blank");
  for (const script of prepare) await tab.addInitScript(script);
  await tab.addInitScript(() => {
    const wire: unknown[] = [];
    Object.assign(globalThis, { wire });
    globalThis.Worker = class extends Worker {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(url, options);
        this.addEventListener("message", ({ data }) => wire.push({ came: data as unknown }));
      }
      override postMessage(message: unknown): void {
        wire.push({ sent: message });
        super.postMessage(message);
      }
    };
  });
  await tab.goto(new URL(query, site.url).href);
  await untilReady(tab, "#play:not([disabled])", wrong);
  return { tab, wrong };
}

/** A page that is ready for the tests of a group, which have it one after the other. */
export function shareStudio(
  site: BuiltSite,
  query: string,
  ...prepare: (() => void)[]
): { tab: Tab; wrong: string[] } {
  const studio = {} as { tab: Tab; wrong: string[] };
  beforeAll(async () => {
    Object.assign(studio, await openStudio(site, query, ...prepare));
  }, slow.timeout);
  afterAll(() => studio.tab?.close());
  return studio;
}

/** Presses start and waits until the page is at `step` and paused. */
export async function trainTo(tab: Tab, step: number): Promise<void> {
  await tab.click("#play");
  await tab.waitForFunction(
    (step) =>
      document.querySelector("#progress")!.textContent.startsWith(`step ${step} `) &&
      document.querySelector("#play")!.textContent === "Start",
    step,
    { timeout: 200_000 },
  );
}

/** The step that the page says it is at; 0 before the first. */
export function stepOf(tab: Tab): Promise<number> {
  return tab.evaluate(() =>
    Number(
      (/step ([\d,]+)/.exec(document.querySelector("#progress")!.textContent)?.[1] ?? "0").replaceAll(
        ",",
        "",
      ),
    ),
  );
}

/** Waits until the page is past `step`. */
export async function waitPast(tab: Tab, step: number): Promise<void> {
  await tab.waitForFunction(
    (step) =>
      Number(
        (/step ([\d,]+)/.exec(document.querySelector("#progress")!.textContent)?.[1] ?? "0").replaceAll(
          ",",
          "",
        ),
      ) > step,
    step,
    { timeout: 100_000 },
  );
}

/** The pixels of the nth canvas that `selector` finds. */
export function pixels(tab: Tab, selector: string, nth = 0): Promise<number[]> {
  return tab
    .locator(selector)
    .nth(nth)
    .evaluate((canvas: HTMLCanvasElement) => [
      ...canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height).data,
    ]);
}

/** The file that a click downloads. */
export async function downloaded(tab: Tab, click: () => Promise<void>): Promise<Uint8Array> {
  const [download] = await Promise.all([tab.waitForEvent("download"), click()]);
  return new Uint8Array(readFileSync(await download.path()));
}

/** The lines of a downloaded history. */
export async function historyOf(tab: Tab) {
  const text = new TextDecoder().decode(await downloaded(tab, () => tab.click("#history")));
  return text
    .trim()
    .split("\n")
    .map(
      (line) => JSON.parse(line) as { model: string; step: number; loss: number; parts: { betaKl: number } },
    );
}

/** With what the page asked its worker for `method` so far. */
export function asked<K extends keyof TrainApi>(tab: Tab, method: K): Promise<Parameters<TrainApi[K]>[]> {
  return tab.evaluate(
    (method) =>
      (globalThis as unknown as { wire: Message[] }).wire.flatMap((message) =>
        "sent" in message && message.sent.method === method ? [message.sent.args as never] : [],
      ),
    method as string,
  );
}

/** What the worker told the page so far. */
export function events(tab: Tab): Promise<TrainEvent[]> {
  return tab.evaluate(() =>
    (globalThis as unknown as { wire: Message[] }).wire.flatMap((message) =>
      "came" in message && "event" in message.came ? [message.came.event] : [],
    ),
  );
}

/** What the models made of the data when they were last looked at, with plain lists of numbers. */
export function lastLook(tab: Tab): Promise<PlainLook> {
  return tab.evaluate(() => {
    const { wire } = globalThis as unknown as { wire: Message[] };
    const looks = wire.flatMap((message) =>
      "came" in message && "event" in message.came && message.came.event.kind === "look"
        ? [message.came.event]
        : [],
    );
    const { step, looks: last } = looks.at(-1)!;
    const plain = last.map(({ pictures, codes, codeSize, mask, active }) => ({
      mask: mask && [...mask],
      active,
      pictures: [...pictures],
      codes: [...codes],
      codeSize,
    }));
    return { step, looks: plain };
  });
}

interface PlainLook {
  step: number;
  looks: {
    pictures: number[];
    codes: number[];
    codeSize: number;
    mask: number[] | undefined;
    active: number;
  }[];
}

/** The last codes that the page had decoded, of so many numbers where that is given, and the pictures that came back. */
export function lastDecoded(
  tab: Tab,
  length?: number,
): Promise<{ lane: number; codes: number[]; pictures: number[] }> {
  return tab.evaluate((length) => {
    const { wire } = globalThis as unknown as { wire: Message[] };
    const answers = new Map<number, Float32Array>();
    for (const message of wire)
      if ("came" in message && "id" in message.came)
        answers.set(message.came.id, message.came.result as Float32Array);
    const asked = wire.flatMap((message) =>
      "sent" in message && message.sent.method === "decode" && answers.has(message.sent.id)
        ? [message.sent]
        : [],
    );
    const found = asked.findLast(
      ({ args }) => length === undefined || (args[1] as Float32Array).length === length,
    );
    if (!found) return { lane: NaN, codes: [], pictures: [] };
    const [lane, codes] = found.args as [number, Float32Array];
    return { lane, codes: [...codes], pictures: [...answers.get(found.id)!] };
  }, length);
}

/** Words of libraries and formats, which say nothing to who looks at a page. */
const jargon = /\bbyte|offset|shape|\btensor|axes|dtype|[FU]32|\.weight|element type|dimension/i;

/** Waits for a refusal of this kind: in plain words first, then perhaps, to be unfolded, in a library's. */
export async function refused(tab: Tab, words: RegExp): Promise<void> {
  const box = tab.locator("#notices > [data-key=error]").filter({ hasText: words });
  await box.waitFor();
  expect(await box.locator("> p").textContent()).not.toMatch(jargon);
}

/** Drops files on the page, as from a file manager. */
export async function drop(
  tab: Tab,
  files: { name: string; type?: string; bytes: Uint8Array }[],
): Promise<void> {
  const plain = files.map(({ name, type = "", bytes }) => ({ name, type, bytes: [...bytes] }));
  const dataTransfer = await tab.evaluateHandle((files) => {
    const transfer = new DataTransfer();
    for (const { name, type, bytes } of files)
      transfer.items.add(new File([new Uint8Array(bytes)], name, { type }));
    return transfer;
  }, plain);
  await tab.dispatchEvent("body", "drop", { dataTransfer });
}
