import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdirSync, writeFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { ArgumentError } from "../../src/device/errors.ts";
import { readSweepFile } from "../../src/sweep/file.ts";
import { sweepPage } from "../../src/sweep/page.ts";
import { serveSweep } from "../../src/sweep/serve.ts";
import { Sweep } from "../../src/sweep/store.ts";
import { temporaryFolder } from "../data/files.ts";

/** A sweep of eight runs, of which the first four are done, the fifth failed, the sixth is on its way, and none is trained. */
function sweepOfEight(): Sweep {
  const file = `${temporaryFolder()}/eight.yaml`;
  writeFileSync(
    file,
    "runs: {model: [ae, vrrae], steps: 10, beta: [0.001, 0.1], rate: [0.001, 0.002, 0.003], seed: [1]}",
  );
  const sweep = Sweep.create(temporaryFolder(), readSweepFile(file));
  sweep.runs.slice(0, 6).forEach(({ name }, at) => {
    const folder = sweep.folder(name);
    mkdirSync(folder.path, { recursive: true });
    for (const step of [1, 5])
      folder.log({ step, epoch: 0, loss: 9 / step, parts: {}, testError: 40 - at, seconds: 1 });
    if (at < 4)
      folder.writeJson("result.json", { steps: 10, testError: 30 - at, seconds: 2, adapter: "a", host: "h" });
    if (at === 4) folder.writeJson("failed.json", { reason: "loss is <NaN>", host: "h" });
  });
  writeFileSync(sweep.folder(sweep.runs[3]!.name).file("report.html"), "the report");
  writeFileSync(sweep.folder(sweep.runs[3]!.name).file("samples.png"), "no picture");
  return sweep;
}

test("a page of a sweep shows its runs, the best first, their settings against their errors, and why one failed", () => {
  const sweep = sweepOfEight();
  expect(sweep.runs).toHaveLength(9);
  const text = sweepPage(sweep);
  expect(text).toContain("The least test error is 27.00 %, with model vrrae, beta 0.001, rate 0.001.");
  const best = sweep.runs[3]!.name;
  expect(text).toContain(`<a href="${best}/report.html">report</a>`);
  expect(text).toMatch(
    /<li>9 runs<\/li>\s*<li>4 done<\/li><li>1 failed<\/li><li>1 stopped<\/li><li>3 waiting<\/li>/,
  );
  expect(text).toContain("loss is &lt;NaN&gt;");
  expect(text.match(/class="spark"/g)).toHaveLength(6);
  expect(text.match(/Test error of \d runs over (model|beta|rate)\./g)).toEqual([
    ...[
      "Test error of 6 runs over model.",
      "Test error of 3 runs over beta.",
      "Test error of 6 runs over rate.",
    ],
  ]);
  expect(text).toContain("a line for each");
  expect(text.match(/data:image\/png/g)).toHaveLength(1);
  expect(text).not.toMatch(/<script|NaN[^&]/);
});

test("it is served to this machine alone, under this machine's names, and nothing else is", async () => {
  const sweep = sweepOfEight();
  const server = await serveSweep(sweep.store, sweep.name, 0);
  onTestFinished(() => void server.close());
  const { port, address } = server.address() as AddressInfo;
  expect(address).toBe("127.0.0.1");
  const ask = (path: string, { host = `localhost:${port}`, method = "GET" } = {}) =>
    new Promise<[code: number, text: string, refresh: unknown]>((resolve, reject) => {
      const asked = request({ host: "127.0.0.1", port, path, method, headers: { host } }, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (part: string) => (text += part));
        answer.on("end", () => resolve([answer.statusCode!, text, answer.headers.refresh]));
      });
      asked.on("error", reject).end();
    });
  const [code, text, refresh] = await ask("/");
  expect([code, refresh, text.includes("<title>eight")]).toEqual([200, "5", true]);
  const name = sweep.runs[3]!.name;
  expect(await ask(`/${name}/report.html`)).toEqual([200, "the report", undefined]);
  expect(await ask("/", { host: `evil.example:${port}` })).toEqual([
    ...[403, "This page is for this machine alone.", undefined],
  ]);
  expect((await ask("/", { method: "POST" }))[0]).toBe(405);
  for (const path of [
    `/${name}/config.json`,
    "/../sweep.json",
    "/sweep.json",
    `/${sweep.runs[0]!.name}/report.html`,
    "/x/report.html",
    "/%2e%2e/report.html",
  ])
    expect((await ask(path))[0], path).toBe(404);
  await expect(serveSweep(sweep.store, sweep.name, port)).rejects.toThrow(ArgumentError);
});
