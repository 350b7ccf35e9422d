import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { bundleInto } from "./bundle.ts";
import type { FileResult } from "./page/protocol.ts";

/*
 * The tests of kernels in WebGPU implementations that are not Dawn: those of a page, in Deno or in Firefox, which both are
 * wgpu and naga.
 *
 *     npx tsx kernels-test/browser/implementations.ts --deno PATH --firefox PATH [--all]
 *
 * Firefox polls for what is done, which may take a second a read: without `--all` a sample of the tests runs, one at least of
 * each operation's. A browser that does not begin is started again; no test is tried twice.
 */

const BEGIN = 60_000;
const STARTS = 3;
const TYPES: Partial<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" };
const WEBGPU = ["dom.webgpu.enabled", "gfx.webgpu.ignore-blocklist", "dom.webgpu.allow-in-parent"];

/** What an implementation says: that it began, a file's results, or how it ended. */
type Told = { began: string } | FileResult | { ended: string };

/** In the page and in Deno alike: the tests, each file told by `tell`. */
const program = (isSample: boolean) => `
  try {
    const adapter = await navigator.gpu?.requestAdapter();
    await tell({ began: adapter ? [adapter.info?.vendor, adapter.info?.description].join(" ") : "" });
    if (!adapter) throw new Error("navigator.gpu has no adapter");
    await globalThis.page.runAll(${isSample}, tell);
    await tell({ ended: "" });
  } catch (error) {
    await tell({ ended: String(error?.stack ?? error) });
  }`;

const inDeno = (entry: string, isSample: boolean) => `
  globalThis.document = { createElement: () => ({ relList: { supports: () => true } }) }; // for tests, and the bundler
  const tell = async (told) => console.log("told " + JSON.stringify(told));
  await import(${JSON.stringify(entry)});
  ${program(isSample)}
  Deno.exit(0);`;

const inPage = (isSample: boolean) => `
  const tell = (told) => fetch("/told", { method: "POST", body: JSON.stringify(told) });
  ${program(isSample)}`;

/** What has been told of one implementation. */
class Progress {
  began = false;
  failed = 0;
  ran = 0;
  readonly #name: string;
  readonly #start = performance.now();
  readonly #finish: (ok: boolean) => void;

  constructor(name: string, finish: (ok: boolean) => void) {
    this.#name = name;
    this.#finish = finish;
  }

  take(told: Told): void {
    if ("began" in told) {
      this.began = true;
      console.log(`${this.#name}: begins on ${told.began || "no adapter"}`);
    } else if ("ended" in told) {
      const seconds = ((performance.now() - this.#start) / 1000).toFixed();
      const passed = this.ran - this.failed;
      console.log(`${this.#name}: ${passed} of ${this.ran} tests pass, ${seconds} s ${told.ended}`);
      this.#finish(told.ended === "" && this.failed === 0 && this.ran > 0);
    } else {
      this.ran += told.ran;
      this.failed += told.failed.length;
      for (const failure of told.failed) console.log(`${this.#name}: ${told.name} > ${failure}`);
    }
  }
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, MOZ_HEADLESS: "1", HOME: process.env.HOME ?? tmpdir() };
}

/** Runs `start` until it has begun, and then until it ends; at most `STARTS` times. */
async function follow(name: string, start: (progress: Progress) => ChildProcess): Promise<boolean> {
  for (let attempt = 1; attempt <= STARTS; attempt++) {
    let child: ChildProcess | undefined;
    const outcome = await new Promise<boolean | undefined>((resolve) => {
      const progress = new Progress(name, resolve);
      child = start(progress);
      const late = setTimeout(() => {
        if (!progress.began) resolve(undefined);
      }, BEGIN);
      child.once("exit", (code) => {
        clearTimeout(late);
        if (progress.began) console.log(`${name}: ended with ${code} after ${progress.ran} tests`);
        resolve(progress.began ? false : undefined);
      });
    });
    child?.removeAllListeners("exit");
    await ended(child);
    if (outcome !== undefined) return outcome;
    console.log(`${name}: did not begin, attempt ${attempt} of ${STARTS}`);
  }
  return false;
}

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (child?.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await gone;
}

function deno(path: string, folder: string, entry: string, isSample: boolean): Promise<boolean> {
  const file = join(folder, "deno.mjs");
  writeFileSync(file, inDeno(pathToFileURL(join(folder, entry)).href, isSample));
  return follow("Deno", (progress) => {
    const child = spawn(path, ["run", "--allow-all", "--unstable-webgpu", file], {
      env: environment(),
      stdio: ["ignore", "pipe", "inherit"],
    });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (more: string) => {
      const lines = (text + more).split("\n");
      text = lines.pop()!;
      for (const line of lines)
        if (line.startsWith("told ")) progress.take(JSON.parse(line.slice(5)) as Told);
    });
    return child;
  });
}

async function firefox(path: string, folder: string, isSample: boolean): Promise<boolean> {
  writeFileSync(
    join(folder, "all.html"),
    readFileSync(join(folder, "index.html"), "utf8") + `<script type="module">${inPage(isSample)}</script>`,
  );
  let current: Progress | undefined;
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? "/", "http://localhost").pathname.slice(1);
    if (name === "told") {
      void bodyOf(request).then((text) => {
        response.end();
        current?.take(JSON.parse(text) as Told);
      });
      return;
    }
    try {
      const body = readFileSync(join(folder, name));
      response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "text/plain" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/all.html`;
  const profiles: string[] = [];
  try {
    return await follow("Firefox", (progress) => {
      current = progress;
      const profile = mkdtempSync(join(tmpdir(), "hestenes-firefox-"));
      profiles.push(profile);
      writeFileSync(join(profile, "user.js"), WEBGPU.map((name) => `user_pref("${name}", true);\n`).join(""));
      return spawn(path, ["--headless", "--no-remote", "--profile", profile, url], {
        env: environment(),
        stdio: "ignore",
      });
    });
  } finally {
    server.close();
    server.closeAllConnections();
    for (const profile of profiles) rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const part of request.setEncoding("utf8")) text += part as string;
  return text;
}

const { values } = parseArgs({
  options: {
    deno: { type: "string" },
    firefox: { type: "string" },
    all: { type: "boolean", default: false },
  },
});
const folder = mkdtempSync(join(tmpdir(), "hestenes-implementations-"));
try {
  await bundleInto(folder);
  const [, entry] = /src="\/(.*?\.js)"/.exec(readFileSync(join(folder, "index.html"), "utf8")) ?? [];
  if (entry === undefined) throw new Error("the page has no program");
  const passed = await Promise.all([
    values.deno === undefined || deno(values.deno, folder, entry, !values.all),
    values.firefox === undefined || firefox(values.firefox, folder, !values.all),
  ]);
  process.exitCode = passed.every(Boolean) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
