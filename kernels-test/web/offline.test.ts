import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page as Tab } from "playwright-core";
import { expect, test } from "vitest";
import { openPages, pages, patient, slow, untilReady } from "./site.ts";

/** Not at the top of its server: no page may know where it lies. */
const site = await openPages({ base: "/some/folder/", robust: false });

/** Waits until the service worker has all that it keeps. */
async function kept(tab: Tab) {
  await tab.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    if (active!.state === "activated") return;
    await new Promise<void>((done) => {
      active!.onstatechange = () => active!.state === "activated" && done();
    });
  });
}

test("a newer version is offered, and taken when the visitor wants it", slow, async () => {
  const edit = (file: string, change: (text: string) => string) => {
    const path = join(site.folder, file);
    writeFileSync(path, change(readFileSync(path, "utf8")));
  };
  const { tab, wrong } = await site.visit("bench.html");
  await kept(tab);
  edit("bench.html", (text) => text.replace("How fast is it here?", "How slow is it here?"));
  edit("offline.js", (text) => text.replace(/"version":"\w+"/, '"version":"next"'));
  await tab.reload();
  await tab.getByText("There is a newer version of this site").waitFor();
  expect(await tab.locator("h1").textContent()).toBe("How fast is it here?");
  await tab.getByRole("button", { name: "Reload" }).click();
  await tab.getByText("How slow is it here?").waitFor();
  await expect
    .poll(() => tab.evaluate(() => caches.keys()), patient)
    .toEqual([expect.stringMatching(/ next$/)]);
  expect(wrong).toEqual([]);
});

test(
  "once loaded, every page works without its server, and asks for nothing outside its folder",
  slow,
  async () => {
    const { tab, wrong } = await site.visit("svd.html");
    await kept(tab);
    const scope = await tab.evaluate(async () => (await navigator.serviceWorker.ready).scope);
    expect([scope, new URL(site.url).pathname]).toEqual([site.url, "/some/folder/"]);
    await site.stopServing();
    for (const [page, ready] of Object.entries(pages)) {
      await tab.goto(new URL(page.replace("index.html", ""), site.url).href);
      await untilReady(tab, ready, wrong);
    }
    await tab.reload();
    await untilReady(tab, Object.values(pages).at(-1)!, wrong);
    const peers = await tab.evaluate(async () => {
      const [name] = await caches.keys();
      const files = await (await caches.open(name!)).keys();
      return files.map(({ url }) => url).filter((url) => url.includes("/peers/"));
    });
    expect(peers).toEqual([]);
    expect(wrong).toEqual([]);
  },
);
