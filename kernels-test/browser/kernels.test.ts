import { afterAll, beforeAll, describe, test } from "vitest";
import { BrowserSession } from "./session.ts";

/** A browser compiles one kernel after the other: two of them have two processors at work. */
const sessions = await Promise.all([BrowserSession.open(), BrowserSession.open()]);
afterAll(() => Promise.all(sessions.map((session) => session.close())));

/** Files of many tests first: where two that are neighbours take about as long, no browser waits. */
const files = (await sessions[0].collect()).sort((a, b) => b.tests.length - a.tests.length);
const results: (Map<string, Promise<void>> | undefined)[] = [];

/** Starts the tests of the nth file, unless they are started or there is none. */
function start(n: number): void {
  const file = files[n];
  if (file) results[n] ??= sessions[n % sessions.length]!.run(file);
}

/**
 * Every op test again, in a browser's WebGPU: another compiler front end, and checks that cannot be turned off. Of the
 * shapes of an op that Node has tried, the last is tried here too.
 */
for (const [n, file] of files.entries()) {
  describe(file.name, () => {
    beforeAll(() => {
      start(n);
      start(n + 1); // in the browser that ended the file before this one
    });
    for (const { id, path } of file.tests)
      test(path.join(" > "), { timeout: 300_000 }, () => results[n]!.get(id));
  });
}
