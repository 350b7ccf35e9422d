import { join } from "node:path";
import { ArgumentError, DataError } from "../device/errors.ts";
import { filesIn, isFolder, readBytes } from "./files.node.ts";
import { isPicture } from "./folder-layout.node.ts";
import { leftOut, type LeftOut } from "./left-out.ts";

/** The pictures for training and for testing of a folder that says so, by name and in the order of the file. */
export interface Partition {
  /** The folder that the pictures are in. */
  folder: string;
  train: string[];
  test: string[];
  /** The pictures for validation, which nothing here uses. */
  leftOut: LeftOut[];
}

/** The file of CelebA's official split: as it comes, and as another form of it that is spread. */
const fileNames = ["list_eval_partition.txt", "list_eval_partition.csv"] as const;
/** The folder of CelebA's aligned pictures, beside that file. */
const pictureFolder = "img_align_celeba";

/**
 * The split of a folder with a file `list_eval_partition.txt` (or `.csv`) as CelebA has it: a picture's name and a number
 * to a line, 0 for training, 1 for validation, which nothing here uses, 2 for testing. The pictures are in the folder
 * `img_align_celeba` beside it, or one of that name within that, or beside the file itself. Undefined where there is no
 * such file.
 *
 * The code of the VRRAE paper counts the test pictures from one too many and leaves out the first; here it is there.
 *
 * @throws DataError for a line that is none or a name that leaves the folder, ArgumentError where a part is empty, or pictures
 * are in none.
 */
export async function readPartition(path: string): Promise<Partition | undefined> {
  const present = await filesIn("folder", path);
  const name = fileNames.find((one) => present.includes(one));
  if (name === undefined) return undefined;
  const file = join(path, name);
  const parts: string[][] = [[], [], []];
  let offset = 0;
  for (const line of new TextDecoder().decode(await readBytes(file)).split("\n")) {
    const isHeading = offset === 0 && /^image_id,partition\s*$/.test(line);
    if (line.trim() !== "" && !isHeading) {
      const found = /^([^\s,/\\]+)(?:\s+|,)([012])\s*$/.exec(line);
      if (!found || found[1]!.startsWith(".."))
        throw new DataError(
          file,
          offset,
          `expected a picture's name and 0, 1 or 2, got "${line.slice(0, 60)}"`,
        );
      parts[Number(found[2])]!.push(found[1]!);
    }
    offset += Buffer.byteLength(line) + 1;
  }
  const [train, validation, test] = parts as [string[], string[], string[]];
  for (const [what, names] of Object.entries({ train, test }))
    if (names.length === 0) throw new ArgumentError(`folder: ${file} has no pictures for ${what}`);
  let folder = path;
  while (await isFolder(join(folder, pictureFolder))) folder = join(folder, pictureFolder);
  const listed = new Set(parts.flat());
  const left = (await filesIn("folder", folder)).filter((one) => isPicture(one) && !listed.has(one));
  if (left.length > 0)
    throw new ArgumentError(
      `folder: ${file} does not say what ${left[0]!} is for` +
        (left.length > 1 ? `, nor ${left.length - 1} more of the pictures in ${folder}` : "") +
        `; a part of the file may be missing`,
    );
  const unused = leftOut(validation, "picture for validation", "pictures for validation");
  return { folder, train, test, leftOut: unused };
}
