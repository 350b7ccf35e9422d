import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page as Tab } from "playwright-core";
import { build, preview, type InlineConfig } from "vite";
import { afterAll } from "vitest";
import { siteConfig } from "../../src/web/build/site.ts";
import { launchChromium } from "../browser/chromium.ts";
import { builtOnce } from "../builtOnce.ts";

/** The time that a test may take in a browser whose GPU is a processor. */
export const slow = { timeout: 240_000 };

/** The time in which something comes about that is waited for, while others have the processor too. */
export const patient = { timeout: 120_000 };

/** The pages, each with what says that it is ready. */
export const pages = {
  "index.html?size=16": "#play:not([disabled])",
  "svd.html": "#gradient[data-drawn]",
  "bench.html": "#run:not([disabled])",
};

/**
 * The built pages in the folder `base` of a server, a copy of its own for the file that asks for them, until its tests have
 * run. They are built once a run. Where they are not `robust`, kernels are not kept in bounds, and compile sooner: enough to
 * try what is around the kernels.
 */
export async function openPages({ base = "/", robust = true } = {}): Promise<BuiltSite> {
  const built = await builtOnce("pages", (folder) => buildInto(folder, siteConfig));
  const folder = mkdtempSync(join(tmpdir(), "hestenes-site-"));
  cpSync(built, folder, { recursive: true });
  const site = await BuiltSite.serve(folder, base, robust);
  afterAll(() => site.close());
  return site;
}

async function buildInto(folder: string, config: (outDir: string) => InlineConfig): Promise<void> {
  await build({ ...config(folder), logLevel: "error", customLogger: quiet });
}

/**
 * Waits until `tab` shows what `selector` finds. A page that does not in a minute is loaded once more, after what it says
 * and what went `wrong` is printed: of some 600 pages on busy machines one was never ready, and 225 tries, and GPU
 * processes killed at any moment, did not show why.
 */
export async function untilReady(tab: Tab, selector: string, wrong: readonly string[]): Promise<void> {
  try {
    await tab.waitForSelector(selector, { timeout: 60_000 });
  } catch {
    const says = await tab.evaluate(() =>
      ["device", "notices", "progress"].map((id) => document.getElementById(id)?.textContent.trim()),
    );
    console.warn(`${tab.url()} says ${JSON.stringify(says)}; errors: ${JSON.stringify(wrong)}`);
    await tab.reload();
    await tab.waitForSelector(selector);
  }
}

/** Lets the next commands destroy the device of the page's worker; and so on, `times` devices in a row. */
export async function loseDevice(tab: Tab, times = 1): Promise<void> {
  await tab.workers()[0]!.evaluate((times) => {
    const name = "createCommandEncoder";
    const original = Object.getOwnPropertyDescriptor(GPUDevice.prototype, name)!;
    const lost = new Set<GPUDevice>();
    GPUDevice.prototype[name] = function (this: GPUDevice, descriptor) {
      lost.add(this);
      if (lost.size === times) Object.defineProperty(GPUDevice.prototype, name, original);
      this.destroy();
      return (original.value as GPUDevice[typeof name]).call(this, descriptor);
    };
  }, times);
}

/** A folder that was built by Vite, served to this machine only, and a browser to look at it. */
export class BuiltSite {
  readonly url: string;
  readonly folder: string;
  readonly #browser: Browser;
  readonly #closeServer: () => Promise<void>;

  private constructor(url: string, folder: string, browser: Browser, closeServer: () => Promise<void>) {
    this.url = url;
    this.folder = folder;
    this.#browser = browser;
    this.#closeServer = closeServer;
  }

  /** Builds what `config` gives for a folder, as `npm run build` does, and serves it. */
  static async open(config: (outDir: string) => InlineConfig): Promise<BuiltSite> {
    const folder = mkdtempSync(join(tmpdir(), "hestenes-site-"));
    await buildInto(folder, config);
    return BuiltSite.serve(folder);
  }

  /** Serves a folder as the folder `base` of a server, and deletes it when it is closed. */
  static async serve(folder: string, base = "/", robust = true): Promise<BuiltSite> {
    const server = await preview({
      configFile: false,
      root: folder,
      base,
      build: { outDir: folder },
      preview: { port: 0, host: "127.0.0.1" },
      logLevel: "error",
    });
    const url = server.resolvedUrls!.local[0]!;
    let closed: Promise<void> | undefined;
    const closeServer = () => (closed ??= server.close());
    return new BuiltSite(url, folder, await launchChromium({ robust }), closeServer);
  }

  /** A tab at `page`, and all that went wrong in it: errors, and requests to anywhere else. */
  async visit(page: string): Promise<{ tab: Tab; wrong: string[] }> {
    const tab = await this.#browser.newPage({ acceptDownloads: true });
    tab.setDefaultTimeout(patient.timeout);
    const wrong: string[] = [];
    tab.on("pageerror", (error) => wrong.push(error.stack ?? error.message));
    tab.on("console", (message) => {
      if (message.type() === "error") wrong.push(message.text());
    });
    tab.on("request", (request) => {
      if (!request.url().startsWith(this.url) && !/^(blob|data):/.test(request.url()))
        wrong.push(request.url());
    });
    await tab.goto(new URL(page, this.url).href);
    return { tab, wrong };
  }

  /** Ends the server, as a network that is gone does; the browser stays. */
  stopServing(): Promise<void> {
    return this.#closeServer();
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#closeServer();
    rmSync(this.folder, { recursive: true });
  }
}

const say = () => undefined;

/** Says nothing: a mistake in the build is thrown. */
const quiet = {
  info: say,
  warn: say,
  warnOnce: say,
  error: say,
  clearScreen: say,
  hasErrorLogged: () => false,
  hasWarned: false,
};
