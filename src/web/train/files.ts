import { isGzip } from "../../data/gunzip.ts";
import { isHidden } from "../../data/hidden.ts";
import { readIdx, type IdxArray } from "../../data/idx.ts";
import { leftOut, leftOutInWords } from "../../data/left-out.ts";
import { resize, type Picture } from "../../data/resize.ts";
import { ArgumentError } from "../../device/errors.ts";
import { bytesOf, mostBytes } from "../shared/bytes.ts";
import { decodeImage, withChannels } from "../shared/pictures.ts";
import { orInWords } from "../shared/refusal.ts";

/** An array of an IDX file, and the name that it came under. */
export interface NamedIdx extends IdxArray {
  name: string;
}

/** What a visitor's files hold: arrays of IDX files, or pictures of one size and number of channels. */
export type FileContents = ({ arrays: NamedIdx[] } | { pictures: Picture[] }) & {
  /** Which files cannot be read, and why; a sentence or more each. */
  unused: string[];
};

/** Side of the pictures, at most: larger ones would take minutes to train on. */
const pictureSide = 64;
/** Side of an array's pictures, at most, which are taken as they are. */
const arraySide = 256;
const mostPictures = 20_000;
/** Files left out of which it is told why; of more, only how many. */
const mostReasons = 3;

/**
 * Reads files that were dropped or chosen, told apart by their first bytes. Pictures become square: as large as the
 * first one's longer side, at most 64 pixels, coloured if one of them is. A file that is neither, is damaged or cut, or
 * is too large is left out where there are others to train on, and so are those that a system keeps for itself.
 *
 * @throws ArgumentError in words for the visitor: for files of which none is left, for none, too many, or both kinds at
 *   once.
 */
export async function readFiles(given: readonly File[]): Promise<FileContents> {
  const files = given.filter(({ name }) => !isHidden(name));
  const names = given.map(({ name }) => name).filter(isHidden);
  const hidden = leftOutInWords([{ leftOut: leftOut(names, "hidden file", "hidden files") }]);
  if (files.length === 0)
    throw new ArgumentError(
      given.length > 0
        ? `${given[0]!.name} is a hidden file, which a system keeps for itself; choose IDX files, or pictures`
        : "there are no files; choose IDX files, or PNG or JPEG pictures",
    );
  if (files.length > mostPictures)
    throw new ArgumentError(`${files.length} files are too many for a page; choose ${mostPictures} at most`);
  const known = await good(files, async (file) => ({ file, kind: await kindOf(file) }));
  const [first] = known.read;
  if (first === undefined) throw known.refused[0]!;
  const other = known.read.find(({ kind }) => kind !== first.kind);
  if (other)
    throw new ArgumentError(
      `${first.file.name} is ${named[first.kind]}, ${other.file.name} is ${named[other.kind]}; ` +
        "choose files of one kind",
    );
  const kept = known.read.map(({ file }) => file);
  if (first.kind === "picture") {
    let side: number | undefined;
    const { read, refused } = await good(kept, async (file) => {
      const picture = await decodeImage(file, 8 * pictureSide);
      side ??= Math.min(pictureSide, Math.max(picture.height, picture.width));
      return resize(picture, side, side);
    });
    if (read.length === 0) throw refused[0]!;
    const channels = Math.max(...read.map((picture) => picture.channels));
    const pictures = read.map((picture) => withChannels(picture, channels));
    return { pictures, unused: [...hidden, ...reasons([...known.refused, ...refused])] };
  }
  const { read: arrays, refused } = await good(kept, async (file) => ({
    name: file.name,
    ...(await readArray(file)),
  }));
  if (refused.length > 0 && !arrays.some(({ shape }) => shape.length === 3)) throw refused[0]!;
  return { arrays, unused: [...hidden, ...reasons([...known.refused, ...refused])] };
}

/** What `read` makes of each of the files, one after the other, and what it refused. */
async function good<T>(files: readonly File[], read: (file: File) => Promise<T>) {
  const out = { read: [] as T[], refused: [] as ArgumentError[] };
  for (const file of files)
    try {
      out.read.push(await read(file));
    } catch (error) {
      if (!(error instanceof ArgumentError)) throw error;
      out.refused.push(error);
    }
  return out;
}

/** Why files are left out, and of how many more it is not told. */
function reasons(refused: readonly ArgumentError[]): string[] {
  const more = refused.length - mostReasons;
  return [
    ...refused.slice(0, mostReasons).map(({ message }) => `Left out: ${message}`),
    ...(more > 0 ? [`${more} more ${more === 1 ? "file is" : "files are"} left out.`] : []),
  ];
}

const named = { idx: "an IDX file", picture: "a picture" } as const;

async function kindOf(file: File): Promise<keyof typeof named> {
  const head = await bytesOf(file.slice(0, 4), file.name);
  const [a, b] = head;
  if (isGzip(head) || (a === 0 && b === 0)) return "idx";
  const isPng = a === 0x89 && b === 0x50;
  const isJpeg = a === 0xff && b === 0xd8;
  if (isPng || isJpeg || file.type.startsWith("image/")) return "picture";
  if (head.length === 0) throw new ArgumentError(`${file.name} is empty. Choose another file.`);
  throw new ArgumentError(
    `${file.name} is not a picture, an IDX file or a model that this page can read. It takes PNG and JPEG pictures, ` +
      "MNIST's and Fashion-MNIST's files as they are downloaded, and models in .safetensors files.",
  );
}

async function readArray(file: File): Promise<IdxArray> {
  const { name } = file;
  const bytes = await bytesOf(file, name);
  const words =
    `${name} is no IDX file that this page can read, or it is cut, damaged or too large. Download it again, and drop ` +
    "it as it came, packed or unpacked.";
  try {
    const array = await orInWords(words, () => readIdx(bytes, name, undefined, mostBytes));
    const side = Math.max(...array.shape.slice(1, 3));
    if (side <= arraySide) return array;
    throw new ArgumentError(
      `The pictures in ${name} are too large: their sides are of ${side} pixels, and a page can train on ` +
        `${arraySide} at most.`,
    );
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // from `new Uint8Array`: a header that asks for too much
    throw new ArgumentError(`${name} declares more than this page's memory can take. (${error.message})`);
  }
}
