import { existsSync, readFileSync } from "node:fs";

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
if (!op || there.length === 0) {
  process.stderr.write(op ? `there is no op named ${op}\n` : "usage: npm run show OP\n");
  process.exitCode = 2;
}
for (const file of there)
  process.stdout.write(`\x1b[1m── ${file}\x1b[0m\n\n${readFileSync(new URL(file, root), "utf8")}\n`);
