import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** What a server does with a request, given the content and the first byte asked for. */
export type Behaviour = (
  content: Uint8Array,
  from: number,
  response: ServerResponse,
  request: IncomingMessage,
) => void;

/** Serves the rest of the content with status 206, or all with 200. */
export const honest: Behaviour = (content, from, response) => {
  const range = `bytes ${from}-${content.length - 1}/${content.length}`;
  const length = String(content.length - from);
  if (from > 0) response.writeHead(206, { "content-range": range, "content-length": length });
  else response.writeHead(200, { "content-length": length });
  response.end(content.subarray(from));
};

/** Begins like `honest` but does not say how much will come, and ends in good order after `bytes` more bytes. */
export const short =
  (bytes: number): Behaviour =>
  (content, from, response) => {
    const range = `bytes ${from}-${content.length - 1}/${content.length}`;
    response.writeHead(from > 0 ? 206 : 200, from > 0 ? { "content-range": range } : {});
    response.end(content.subarray(from, from + bytes));
  };

/** Like `honest`, but the connection breaks after `bytes` more bytes; the client may miss some of those. */
export const dropping =
  (bytes: number): Behaviour =>
  (content, from, response) => {
    const range = `bytes ${from}-${content.length - 1}/${content.length}`;
    response.writeHead(from > 0 ? 206 : 200, {
      ...(from > 0 && { "content-range": range }),
      "content-length": String(content.length - from),
    });
    response.write(content.subarray(from, from + bytes), () => setTimeout(() => response.destroy(), 50));
  };

/** Answers with a status and nothing else. */
export const status =
  (code: number): Behaviour =>
  (_content, _from, response) => {
    response.writeHead(code).end("no");
  };

/** A server on this machine; `script` gives each request's behaviour, its last one all further requests'. */
export async function serve(
  content: Uint8Array | ((path: string) => Uint8Array),
  ...script: [Behaviour, ...Behaviour[]]
): Promise<{ url: string; requests: { path: string; from: number }[] }> {
  const requests: { path: string; from: number }[] = [];
  const server = createServer((request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const path = request.url ?? "";
    requests.push({ path, from });
    const behaviour = script[Math.min(requests.length, script.length) - 1]!;
    behaviour(typeof content === "function" ? content(path) : content, from, response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}
