import { bumps } from "../../data/bumps.ts";
import { Dataset } from "../../data/dataset.ts";
import type { DatasetName } from "../../data/known.ts";
import type { Picture } from "../../data/resize.ts";
import { ArgumentError } from "../../device/errors.ts";
import type { NamedIdx } from "./files.ts";

/** Where the pictures come from. Files are read anew for every run: only their names are kept. */
export type DataChoice =
  | { kind: "bumps"; size: number }
  | { kind: "emoji"; size: number }
  | { kind: "drawn"; drawings: Picture[] }
  | { kind: "files"; files: File[] };

/** What the models learn from, and what they are tested on. */
export interface LoadedChoice {
  train: Dataset;
  /** Samples that are not trained on; those of `train` where there are too few to spare some. */
  test: Dataset;
  /** The data set of the command line whose `quick` settings, and whose colours, suit this one. */
  preset: DatasetName;
  /** What labels are called, where they are no digits. */
  names?: readonly string[];
  /** Which of the visitor's files are not used, and why; a sentence each. */
  unused: string[];
}

/** Samples that are tested on, at most. */
const heldOut = 256;

/** Makes or reads the data. `seed` fixes the copies of drawings and the samples that are tested on. */
export async function loadChoice(choice: DataChoice, seed: number): Promise<LoadedChoice> {
  if (choice.kind === "bumps") {
    const { train, test } = bumps({ size: choice.size, testCount: heldOut, seed });
    return { train, test, preset: "bumps", unused: [] };
  }
  if (choice.kind === "drawn") {
    const { drawn } = await import("./drawn.ts"); // not every visitor draws
    return { ...withTest(drawn(choice.drawings, seed), seed), preset: "mnist", unused: [] };
  }
  if (choice.kind === "emoji") {
    const { emoji, groups } = await import("./emoji.ts");
    return { ...withTest(await emoji(choice.size), seed), names: groups, preset: "folder", unused: [] };
  }
  const { readFiles } = await import("./files.ts");
  const contents = await readFiles(choice.files);
  const isIdx = "arrays" in contents;
  const parts = isIdx
    ? idx(contents.arrays, seed)
    : { ...withTest(pictures(contents.pictures), seed), unused: [] };
  for (const part of [parts.train, parts.test]) checkShows(part);
  const unused = [...contents.unused, ...parts.unused];
  return { ...parts, unused, preset: isIdx ? "mnist" : "folder" };
}

/** Refuses pictures, all of one colour, of which there is nothing to learn. */
function checkShows({ name, count, shape, stored }: Dataset): void {
  const channels = shape.at(-1)!;
  if (stored.some((value, i) => value !== stored[i % channels])) return;
  const colour = stored.subarray(0, channels);
  const isAll = (level: number) => colour.every((value) => value === level);
  const words = isAll(0) ? "black" : isAll(255) ? "white" : "of one and the same colour";
  throw new ArgumentError(
    `${name}: ${count === 1 ? "the picture is" : `all ${count} pictures are`} ${words} from edge to edge, ` +
      "so there is nothing to redraw; give pictures that show something",
  );
}

type Parts = Pick<LoadedChoice, "train" | "test">;

function withTest(all: Dataset, seed: number): Parts {
  const count = Math.min(heldOut, Math.floor(all.count / 8));
  if (count < 2) return { train: all, test: all };
  const [test, train] = all.split(count, seed);
  return { train, test };
}

/** MNIST's files: those of the most images, and of the next to test on, each with as many labels if there are such. */
function idx(arrays: NamedIdx[], seed: number): Parts & Pick<LoadedChoice, "unused"> {
  const images = arrays
    .filter(({ shape }) => shape.length === 3)
    .sort((a, b) => b.shape[0]! - a.shape[0]!)
    .slice(0, 2);
  const [first, second] = images;
  if (!first) {
    const { name, shape } = arrays[0]!;
    const holds = shape.length === 1 ? "labels and no images" : `arrays of ${shape.length} dimensions`;
    throw new ArgumentError(
      `${name} holds ${holds}. Drop a file of images too, such as train-images-idx3-ubyte.gz.`,
    );
  }
  const [, H, W] = first.shape as [number, number, number];
  if (second && second.shape.slice(1).join() !== first.shape.slice(1).join())
    throw new ArgumentError(
      `The images in ${second.name} are ${second.shape.slice(1).join(" × ")}, those in ${first.name} ${H} × ${W}. ` +
        "Choose files that match.",
    );
  const rest = new Set(arrays.filter((array) => !images.includes(array)));
  const [train, test] = images.map(({ name, shape, data }) => {
    const labels = [...rest].find((other) => other.shape.join() === String(shape[0]));
    if (labels) rest.delete(labels);
    return new Dataset({ name, shape: [H, W, 1], stored: data, scale: 1 / 255, labels: labels?.data });
  });
  const there = images.map(({ name, shape }) => `${name} has ${shape[0]}`).join(", ");
  const unused = [...rest].map(({ name, shape: [count, ...others] }) =>
    others.length === 0
      ? `${name} is left out: it has labels for ${count} ${count === 1 ? "picture" : "pictures"}, and ${there}.`
      : `${name} is left out: one file of images is trained on, and one is tested on.`,
  );
  return { ...(test ? { train: train!, test: test.take(heldOut) } : withTest(train!, seed)), unused };
}

function pictures(given: Picture[]): Dataset {
  const { height, width, channels } = given[0]!;
  const size = height * width * channels;
  const stored = new Uint8Array(given.length * size);
  given.forEach(({ data }, i) => stored.set(data, i * size));
  return new Dataset({ name: "your pictures", shape: [height, width, channels], stored, scale: 1 / 255 });
}
