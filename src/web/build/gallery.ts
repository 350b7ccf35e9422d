import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { version } from "../../device/version.node.ts";
import { modelNamed, type ModelName } from "../../models/known.ts";
import { makeFolder, writeFileAtomic } from "../../runs/files.node.ts";
import { RunFolder } from "../../runs/run-folder.node.ts";
import { runSession } from "../../runs/run-session.node.ts";
import { completeConfig } from "../../train/config.ts";
import { galleryPage, type Exhibit } from "./gallery-page.ts";

/** The models of the gallery, each with what it shows; all learn the moving spot. */
const shown: readonly { model: ModelName; shows: string }[] = [
  { model: "vrrae", shows: "Noise on the coefficients of an SVD: the plane of codes has no holes." },
  { model: "rrae", shows: "The same SVD without noise: sharp pictures, and a plane with gaps." },
  { model: "vae", shows: "Noise without an SVD, which may leave numbers of the code unused." },
  { model: "ae", shows: "Neither: what the others are compared with." },
  { model: "wae-mmd", shows: "Codes as a whole are pulled to a normal distribution." },
  { model: "mask-aae", shows: "A mask closes the numbers of the code that are not needed." },
];

/** `npm run gallery [-- SITE]`: trains the models, or goes on with them, and writes a page of them into a built site. */
const program = new Command("npm run gallery --")
  .description(
    "Train a few small models, and write a page of them to the folder gallery of a built site. What is trained already is kept.",
  )
  .argument("[site]", "the folder that npm run build has made", "dist")
  .option("--steps <count>", "training steps of each", stepsOf, 400)
  .addOption(new Option("--only <models...>", "these alone").choices(shown.map(({ model }) => model)))
  .option("--runs <folder>", "where the runs are kept", "runs/gallery")
  .option("--adapter <name>", "the adapter to use, by part of its name")
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse();
const [site] = program.processedArgs as [string];
const { steps, only, runs, adapter } = program.opts<{
  steps: number;
  only?: string[];
  runs: string;
  adapter?: string;
}>();

function stepsOf(text: string): number {
  const steps = Number(text);
  if (Number.isInteger(steps) && steps >= 1 && steps <= 1e6) return steps;
  throw new InvalidArgumentError("Give a whole number from 1 to 1,000,000.");
}

if (!existsSync(join(site, "index.html"))) {
  console.error(`gallery: there is no site in ${site}; make it with: npm run build -- ${site}`);
  process.exit(1);
}

const gallery = resolve(site, "gallery");
makeFolder(gallery);
const exhibits: Exhibit[] = [];
for (const { model, shows } of shown) {
  if (only && !only.includes(model)) continue;
  const folder = new RunFolder(join(runs, `${model}-${steps}`));
  if (!existsSync(folder.file("metrics.json"))) await trained(folder, model);
  copyFileSync(folder.file("checkpoint/model.safetensors"), join(gallery, `${model}.safetensors`));
  const { testError } = JSON.parse(readFileSync(folder.file("metrics.json"), "utf8")) as {
    testError: number;
  };
  const { title } = modelNamed(model);
  exhibits.push({
    title,
    shows,
    testError,
    file: `${model}.safetensors`,
    picture: readFileSync(folder.file("reconstructions.png")),
  });
}
writeFileAtomic(join(gallery, "index.html"), galleryPage(exhibits, { steps, version }));
console.log(`${join(gallery, "index.html")}: ${exhibits.length} models`);

/** Trains the model to its end, from where it was stopped, and writes its pictures. */
async function trained(folder: RunFolder, model: ModelName): Promise<void> {
  const config = completeConfig({
    model,
    data: "bumps",
    size: 16,
    steps,
    ...(adapter !== undefined && { adapter }),
  });
  console.log(`${model}: ${steps} steps`);
  const session = await runSession(folder, config);
  try {
    const { summarize } = await import("../../report/summary.node.ts"); // late: it loads the plotting libraries
    const { verdict } = await summarize(session, { command: "npm run gallery", version });
    console.log(verdict);
  } finally {
    session.close();
  }
}
