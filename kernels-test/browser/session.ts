import type { Browser, Page as Tab } from "playwright-core";
import { launchChromium, type ChromiumOptions } from "./chromium.ts";
import type { Page } from "./page/main.ts";
import type { PageFile, PageResult } from "./page/protocol.ts";
import { openSite, type Site } from "./site.ts";

/** What the page has and reports to, as code that runs in it sees it. */
export interface PageGlobals {
  page: Page;
  report: (result: PageResult) => void;
}

/** A browser, and the test page that it opens. */
export class BrowserSession {
  readonly #site: Site;
  readonly #browser: Browser;
  readonly #ended: Promise<never>;
  /** What is told of the tests that are run, by test. */
  readonly #settle = new Map<string, (result: PageResult) => void>();
  /** In which all tests are run, until one breaks it: kernels that several files launch are compiled once. */
  #page: Promise<{ tab: Tab; failed: Promise<never> }> | undefined;
  #running = Promise.resolve();

  private constructor(site: Site, browser: Browser) {
    this.#site = site;
    this.#browser = browser;
    this.#ended = new Promise((_, reject) =>
      browser.once("disconnected", () => reject(new Error("the browser ended"))),
    );
    this.#ended.catch(() => undefined); // of interest only while something waits for a page
  }

  static async open(options: ChromiumOptions = {}): Promise<BrowserSession> {
    const site = await openSite();
    try {
      return new BrowserSession(site, await launchChromium(options));
    } catch (error) {
      site.close();
      throw error;
    }
  }

  /** A fresh page, loaded; `failed` rejects where it crashes or throws outside of its tests. */
  async newPage(): Promise<{ tab: Tab; failed: Promise<never> }> {
    const tab = await this.#browser.newPage();
    const broken = new Promise<never>((_, reject) => {
      tab.on("crash", () => reject(new Error("the page crashed")));
      tab.on("pageerror", (error) => reject(this.#error("the page threw", error.stack ?? error.message)));
    });
    const failed = Promise.race([broken, this.#ended]);
    failed.catch(() => undefined);
    await Promise.race([tab.goto(this.#site.url), failed]);
    await Promise.race([tab.waitForFunction(() => "page" in globalThis), failed]);
    return { tab, failed };
  }

  /** The tests of all kernels, or those that fail on purpose, by file. */
  async collect(which: "kernels" | "failing" = "kernels"): Promise<PageFile[]> {
    const { tab, failed } = await this.newPage();
    const collect = (which: "kernels" | "failing") =>
      (globalThis as unknown as PageGlobals).page.collect(which);
    const files = await Promise.race([tab.evaluate(collect, which), failed]);
    await tab.close();
    for (const file of files) if (file.error !== undefined) throw this.#error(file.name, file.error);
    return files;
  }

  /** Starts the tests of `file`, once those before are over; the promises by test reject where a test fails. */
  run(file: PageFile): Map<string, Promise<void>> {
    const results = new Map<string, Promise<void>>();
    for (const { id } of file.tests) {
      const result = new Promise<PageResult>((resolve) => this.#settle.set(id, resolve)).then(({ error }) => {
        if (error !== undefined) throw this.#error("in the browser", error);
      });
      result.catch(() => undefined); // reported by the test that waits for it
      results.set(id, result);
    }
    this.#running = this.#running
      .then(() => this.#run(file.name))
      .catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        for (const { id } of file.tests) this.#report({ id, error: `${file.name}: ${why}` });
      });
    return results;
  }

  #report(result: PageResult): void {
    this.#settle.get(result.id)?.(result);
  }

  async #run(name: string): Promise<void> {
    this.#page ??= this.#reportingPage();
    try {
      const { tab, failed } = await this.#page;
      const run = (name: string) => {
        const { page, report } = globalThis as unknown as PageGlobals;
        return page.run(name, report);
      };
      const results = await Promise.race([tab.evaluate(run, name), failed]);
      for (const result of results) this.#report(result);
    } catch (error) {
      this.#page = undefined;
      throw error;
    }
  }

  async #reportingPage(): Promise<{ tab: Tab; failed: Promise<never> }> {
    const page = await this.newPage();
    await page.tab.exposeFunction("report", (result: PageResult) => this.#report(result));
    return page;
  }

  /** An error of the page, whose stack names the source files. */
  #error(where: string, text: string): Error {
    const located = this.#site.locate(text);
    const error = new Error(`${where}: ${located.split("\n    at ")[0]}`);
    error.stack = located;
    return error;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    this.#site.close();
  }
}
