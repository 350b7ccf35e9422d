import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect } from "vitest";

const root = resolve(import.meta.dirname, "..", "..");
const pages = "src/web/docs";

/** A program that a page shows, in one piece or in several. */
export interface Program {
  /** For people and for a file: the page, and which of its programs. */
  name: string;
  code: string;
  /** Whether it has types. */
  typed: boolean;
  /** The lines that stand below it as its output. */
  output: string[];
  /** What is shown for others to run: in a page, or with what a test has not got. */
  where: "here" | "page" | "elsewhere";
}

/** The pages that show programs. Those of CONTRIBUTING are parts of files, which `walks.test.ts` compares with them. */
export const documents = [
  "README.md",
  "src/ops/svd/README.md",
  ...readdirSync(join(root, pages))
    .filter((file) => file.endsWith(".md"))
    .map((file) => `${pages}/${file}`),
];

/** The text of a document. */
export function textOf(document: string): string {
  return readFileSync(join(root, document), "utf8");
}

/**
 * The programs of a document: its blocks of `ts` and `js`. A program goes on in the next block until one closes its device.
 * One that stands below a comment `in a page` or `elsewhere` is a program of its own, for there.
 */
export function programsOf(document: string): Program[] {
  const made: Program[] = [];
  let open = false;
  const blocks = textOf(document).matchAll(
    /(?:<!-- (in a page|elsewhere).*?-->\n\n)?^```([tj])s\n(.*?)^```$(?:\n\n^```text\n(.*?)\n```$)?/gms,
  );
  for (const [, mark, kind, code, shown] of blocks) {
    const output = shown?.split("\n") ?? [];
    const where = mark === "in a page" ? "page" : mark === "elsewhere" ? "elsewhere" : "here";
    const last = made.at(-1);
    if (open && where === "here" && last) {
      last.code += code!;
      last.output.push(...output);
    } else {
      const page = document.replace(/^src\/(web\/docs|ops)\//, "").replaceAll(/\.md$|\//g, "");
      const name = `${page}-${made.length + 1}`;
      made.push({ name, code: code!, typed: kind === "t", output, where });
    }
    open = where === "here" && !/^device\.close\(\);$/m.test(code!);
  }
  return made;
}

/**
 * What a program says that it prints, line by line: the output below it, or else the comments behind its calls of
 * `console.log`.
 */
function foretold({ code, output }: Program): string[] {
  if (output.length > 0) return output;
  return [...code.matchAll(/console\.log\([^\n]*?\); \/\/ (.*)$/gm)].map(([, text]) => text!);
}

const number = /-?\d+(?:\.\d+)?(?:e-?\d+)?/g;

/** Whether a line is what was foretold: numbers to their last digit, or after the word `about` to a sixth. */
function isSaid(line: string, told: string): boolean {
  const about = /^about (-?[\d.]+)/.exec(told);
  if (about) return Math.abs(Number(line.split(" ")[0]) - Number(about[1])) <= Math.abs(Number(about[1])) / 6;
  const [said, wanted] = [line.match(number) ?? [], told.match(number) ?? []];
  if (said.length !== wanted.length || line.replace(number, "#") !== told.replace(number, "#")) return false;
  return wanted.every((text, i) => {
    const digits = text.split(".")[1]?.length ?? 0;
    const slack = digits === 0 ? 1e-6 : 1.01 * 10 ** -Math.min(digits, 5);
    return Math.abs(Number(said[i]) - Number(text)) <= slack;
  });
}

/** Compares what a program printed with what it says, in order; other lines may come between. */
export function expectSaid(program: Program, lines: readonly string[]): void {
  const { name } = program;
  let at = 0;
  for (const told of foretold(program)) {
    const found = lines.slice(at).findIndex((line) => isSaid(line, told));
    expect(found, `${name} prints "${told}"; it printed ${lines.slice(at).join(" | ")}`).toBeGreaterThan(-1);
    at += found + 1;
  }
}

/** A module that runs programs one after the other, all on one device, and prints what each printed and took as JSON. */
export function runner(files: readonly string[]): string {
  return `import { format } from "node:util";
const results = [];
for (const file of ${JSON.stringify(files)}) {
  const [lines, begin] = [[], performance.now()];
  const { log } = console;
  console.log = (...what) => void lines.push(format(...what));
  let error;
  await import("./" + file).catch((thrown) => void (error = String(thrown?.stack ?? thrown)));
  console.log = log;
  results.push({ lines, error, seconds: (performance.now() - begin) / 1e3 });
}
const { end } = await import("./shared.mjs");
end();
console.log(JSON.stringify(results));
`;
}

/** The package with devices that are one device, which \`close\` leaves open: each kernel is compiled once. */
export const shared = `export * from "hestenes";
import { openDevice as open } from "hestenes";
let first;
let close;
export async function openDevice() {
  first ??= await open();
  close ??= first.close.bind(first);
  first.close = () => {};
  return first;
}
export const end = () => close?.();
`;
