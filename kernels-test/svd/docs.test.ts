import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { temporaryFolder } from "../data/files.ts";

const page = readFileSync(new URL("../../src/ops/svd/README.md", import.meta.url), "utf8");
const root = new URL("../../", import.meta.url).pathname;

/** The page's examples, each with what it says that they print. */
const examples = [...page.matchAll(/```js\n(.*?)```\n\n```text\n(.*?)```/gs)].map(([, code, output]) => ({
  name: /truncatedSvd/.test(code!) ? "principal components" : "a picture",
  code: code!,
  output: output!,
}));

test("the page has two examples", () => expect(examples).toHaveLength(2));

test.each(examples)("$name: prints what the page says", ({ code, output }) => {
  const written = code.replace('"compression.png"', JSON.stringify(`${temporaryFolder()}/compression.png`));
  const args = ["--import", "tsx", "--input-type=module", "-e", written];
  expect(execFileSync(process.execPath, args, { cwd: root, encoding: "utf8", stdio: "pipe" })).toBe(output);
});
