import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { startScript } from "../cli/command.ts";

const serve = (port: number | string) => startScript("src/web/build/serve.ts", [String(port)]);

/** A port that nothing listens to. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "localhost");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

test("npm run web serves the pages, refuses a port that is taken, and ends by Ctrl-C", async () => {
  const port = await freePort();
  const web = serve(port);
  try {
    await web.says(`:${port}/`);
    const url = `http://localhost:${port}`;
    for (const [path, content] of [
      ["/", 'id="play"'],
      ["/svd.html", "./svd/page.ts"],
      ["/svd/page.ts", "decompose"],
      ["/bench.html", 'aria-current="page">Benchmark'],
    ] as const) {
      const response = await fetch(url + path);
      expect([response.status, await response.text()]).toEqual([200, expect.stringContaining(content)]);
    }
    const { code, stderr } = await serve(port).ended;
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(new RegExp(`Port ${port} is already in use.*Give another port`)),
    ]);
    web.process.kill("SIGINT");
    expect((await web.ended).code).toBe(0);
    await expect(fetch(url)).rejects.toThrow();
  } finally {
    web.process.kill("SIGKILL");
  }
});

test.each(["0x", "-1", "70000"])("npm run web refuses %s as a port", async (port) => {
  const { code, stderr } = await serve(port).ended;
  expect([code, stderr]).toEqual([
    2,
    expect.stringMatching(`'${port}'.* is no port; give a number up to 65535`),
  ]);
});

test.each([
  ["serve", "[port]", "default: 5173"],
  ["build", "[folder]", 'default: "dist"'],
])("%s says what it does and takes, and does nothing else", async (script, argument, usual) => {
  const { code, stdout } = await startScript(`src/web/build/${script}.ts`, ["--help"]).ended;
  expect(code).toBe(0);
  for (const words of [argument, usual]) expect(stdout).toContain(words);
});
