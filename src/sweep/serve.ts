import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { ArgumentError, HestenesError } from "../device/errors.ts";
import { sweepPage } from "./page.ts";
import { Sweep } from "./store.ts";
import { systemWords } from "../device/systemWords.ts";

/** Seconds after which a browser asks again, and for which a page that was made does for all who ask. */
const refresh = 5;

/** The names by which a page of this machine may be asked for: a name of another that leads here gets nothing. */
const hosts = ["127.0.0.1", "localhost", "[::1]"];

/** Serves the page of a sweep, and the reports that it links, to this machine alone. Throws ArgumentError for a port that is taken. */
export async function serveSweep(store: string, name: string, port: number): Promise<Server> {
  let made = { at: -Infinity, text: "" };
  const pageNow = (): string => {
    const now = performance.now();
    if (now - made.at > 1000 * refresh) made = { at: now, text: sweepPage(Sweep.open(store, name)) };
    return made.text;
  };
  const server = createServer((request, response) => {
    try {
      answer(request, response, pageNow, (run) => reportOf(Sweep.open(store, name), run));
    } catch (error) {
      send(response, 500, error instanceof HestenesError ? error.message : "The page could not be made.");
    }
  });
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (cause) {
    throw new ArgumentError(`port ${port} cannot be used (${systemWords(cause)}); give another with --port`, {
      cause,
    });
  }
  return server;
}

function answer(
  { method, url = "/", headers: { host = "" } }: IncomingMessage,
  response: ServerResponse,
  page: () => string,
  report: (run: string) => string | undefined,
): void {
  if (!hosts.includes(host.replace(/:\d+$/, "")))
    return send(response, 403, "This page is for this machine alone.");
  if (method !== "GET" && method !== "HEAD") return send(response, 405, "There is nothing to change here.");
  const { pathname } = new URL(url, "http://localhost");
  if (pathname === "/") {
    response.setHeader("Refresh", String(refresh));
    return send(response, 200, page(), "text/html");
  }
  const [, run] = /^\/([\w.-]+)\/report\.html$/.exec(pathname) ?? [];
  const text = run === undefined ? undefined : report(run);
  if (text === undefined) return send(response, 404, "There is no such page.");
  send(response, 200, text, "text/html");
}

function send(response: ServerResponse, code: number, text: string, type = "text/plain"): void {
  response.writeHead(code, {
    "Content-Type": `${type}; charset=utf-8`,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
  });
  response.end(text);
}

/** The report of a run, where the sweep has the one and the run has the other. */
function reportOf(sweep: Sweep, run: string): string | undefined {
  if (!sweep.runs.some(({ name }) => name === run)) return undefined;
  const file = sweep.folder(run).file("report.html");
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}
