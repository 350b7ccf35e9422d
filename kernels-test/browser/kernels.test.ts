import { afterAll, beforeAll, describe, test } from "vitest";
import { BrowserSession } from "./session.ts";

const session = await BrowserSession.open();
afterAll(() => session.close());

/** Every op test again, in a browser's WebGPU: another compiler front end, and checks that can not be turned off. */
for (const file of await session.collect()) {
  describe(file.name, () => {
    let results: Map<string, Promise<void>>;
    beforeAll(() => {
      results = session.run(file);
    });
    for (const { id, path } of file.tests)
      test(path.join(" > "), { timeout: 300_000 }, () => results.get(id));
  });
}
