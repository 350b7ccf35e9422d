import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";

/** Prints the four files of an op, one after the other: `npm run show matmul`. */
const op = process.argv[2];
const root = new URL("../", import.meta.url);
const files = [
  `shaders/${op}.wgsl`,
  `src/ops/${op}.ts`,
  `kernels-test/${op}.test.ts`,
  `bench/${op}.bench.ts`,
];
const there = files.filter((file) => existsSync(new URL(file, root)));
const [bold, plain] = process.stdout.isTTY ? ["\x1b[1m", "\x1b[0m"] : ["", ""];

process.stdout.on("error", () => process.exit()); // the reader, for instance `head`, has had enough
if (op === undefined || there.length === 0) {
  const ops = readdirSync(new URL("bench/", root))
    .filter((file) => file.endsWith(".bench.ts"))
    .map((file) => basename(file, ".bench.ts"));
  process.stderr.write(
    (op === undefined ? "usage: npm run show OP" : `there is no op named ${op}`) +
      `; there are ${ops.join(", ")}\n`,
  );
  process.exitCode = 2;
}
for (const file of there)
  process.stdout.write(`${bold}── ${file}${plain}\n\n${readFileSync(new URL(file, root), "utf8")}\n`);
