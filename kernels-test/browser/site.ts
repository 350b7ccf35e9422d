import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { SourceMap, type SourceMapPayload } from "node:module";
import type { AddressInfo } from "node:net";
import { extname, join, resolve } from "node:path";
import { builtOnce } from "../builtOnce.ts";
import { bundleInto } from "./bundle.ts";

const TYPES: Partial<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" };

/** The test page, bundled as an application of the package would be, and served to this machine only. */
export interface Site {
  url: string;
  /** A stack trace of the page, in terms of the source files. */
  locate(stack: string): string;
  close(): void;
}

/** Serves `page/` with every op test in it, which is bundled once a run. */
export async function openSite(): Promise<Site> {
  const folder = await builtOnce("kernels", bundleInto);
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? "/", "http://localhost").pathname.slice(1) || "index.html";
    const path = join(folder, name);
    const body = existsSync(path) ? readFileSync(path) : undefined;
    response.writeHead(body === undefined ? 404 : 200, {
      "content-type": TYPES[extname(name)] ?? "text/plain",
    });
    response.end(body);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url,
    locate: (stack) => locate(stack, url, folder),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** Replaces each `url/file.js:line:column` by the place in the sources that it was built from. */
function locate(stack: string, url: string, folder: string): string {
  return stack.replaceAll(
    /(http:\/\/[^\s()]+?\.js):(\d+):(\d+)/g,
    (whole, file: string, line: string, column: string) => {
      const name = file.slice(url.length);
      const map = join(folder, `${name}.map`);
      if (!existsSync(map)) return whole;
      const payload = JSON.parse(readFileSync(map, "utf8")) as SourceMapPayload;
      const entry = new SourceMap(payload).findEntry(Number(line) - 1, Number(column) - 1);
      if (!("originalSource" in entry)) return whole;
      const source = resolve(folder, name, "..", entry.originalSource);
      return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
    },
  );
}
