import { realpath } from "node:fs/promises";
import { join, relative } from "node:path";
import { ArgumentError } from "../device/errors.ts";
import { entriesOf, isFolder as leadsToFolder } from "./files.node.ts";
import { isHidden } from "./hidden.ts";
import { leftOut, type LeftOut } from "./left-out.ts";

/** What lies in a folder and in those within it, each list sorted by name; files by their paths. */
export interface Tree {
  path: string;
  name: string;
  pictures: readonly string[];
  /** Files that are no pictures, by their names. */
  others: readonly string[];
  /** Folders, and files with a picture's name, that a system or a program keeps for itself. */
  hidden: readonly string[];
  folders: readonly Tree[];
}

/** Pictures, the number of each one's class where folders are classes, and what was not taken. */
export interface Layout {
  files: readonly string[];
  labels: Uint8Array | undefined;
  leftOut: readonly LeftOut[];
}

/** Names that tell a training set, in any case. */
const trainNames = ["train", "training"];
/** Names that tell a test set, the first that is there. */
export const testNames = ["test", "testing", "val", "valid", "validation"];

const mostClasses = 256;
/** Links to folders that are followed: folders that lead to one another do so along more ways than can be walked. */
const mostLinks = 2000;
export const isPicture = (name: string) =>
  /\.(png|jpe?g|jfif|webp|avif|gif|tiff?)$/i.test(name) && !isHidden(name);

/**
 * Lists a folder and all within it. Links are followed, but not round in circles.
 *
 * @throws ArgumentError for a folder that cannot be read, and for more links to folders than are followed.
 */
export async function scan(
  path: string,
  name = "",
  above: readonly string[] = [],
  links = { followed: 0 },
): Promise<Tree> {
  const entries = await entriesOf("folder", path);
  const own = await realpath(path);
  const pictures: string[] = [];
  const others: string[] = [];
  const hidden: string[] = [];
  const folders: Tree[] = [];
  for (const entry of entries) {
    const file = join(path, entry.name);
    const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await leadsToFolder(file)));
    if (isHidden(entry.name)) {
      if (isFolder || isPicture(entry.name.replace(/^\.+_?/, ""))) hidden.push(entry.name);
    } else if (isFolder) {
      if ([...above, own].includes(await realpath(file))) continue;
      if (entry.isSymbolicLink() && ++links.followed > mostLinks)
        throw new ArgumentError(
          `folder: more than ${mostLinks} links to folders, the last ${file}; links that lead to one another multiply`,
        );
      folders.push(await scan(file, entry.name, [...above, own], links));
    } else if (isPicture(entry.name)) pictures.push(file);
    else others.push(entry.name);
  }
  return { path, name, pictures, others, hidden, folders };
}

/** All pictures of a folder: its own first, then those of the folders within, in order. */
const allPictures = (tree: Tree): string[] => [...tree.pictures, ...tree.folders.flatMap(allPictures)];
const holds = (tree: Tree): boolean => tree.pictures.length > 0 || tree.folders.some(holds);
const everywhere = (tree: Tree, of: (tree: Tree) => readonly string[]): string[] => [
  ...of(tree),
  ...tree.folders.flatMap((inner) => everywhere(inner, of)),
];

/** The folder within folders, where each of them holds pictures in one folder only, that holds more than that. */
export function unwrapped(tree: Tree): Tree {
  const within = tree.folders.filter(holds);
  const [only] = within;
  if (tree.pictures.length > 0 || within.length !== 1 || !only) return tree;
  const isWrapper = only.pictures.length === 0 || trainNames.includes(only.name.toLowerCase());
  return isWrapper ? unwrapped(only) : tree;
}

/** The training and the test set of a folder that has folders of such names, and what lies beside them. */
export function splitOf(tree: Tree): { train: Tree; test: Tree; leftOut: readonly LeftOut[] } | undefined {
  const named = (names: readonly string[]) =>
    names.flatMap((name) =>
      tree.folders.filter((folder) => folder.name.toLowerCase() === name && holds(folder)),
    );
  const [train] = named(trainNames);
  const [test] = named(testNames);
  if (!train || !test) return undefined;
  const beside = tree.folders.filter((folder) => folder !== train && folder !== test);
  return {
    train,
    test,
    leftOut: [
      ...beside.flatMap((folder) =>
        leftOut(allPictures(folder), `picture in ${folder.name}`, `pictures in ${folder.name}`),
      ),
      ...leftOut(tree.pictures, ...besideOf(`${train.name} and ${test.name}`)),
      ...leftOut(tree.hidden, ...hiddenWords),
    ],
  };
}

/** The folders of a tree that are its classes: where no pictures lie beside them, or there are two or more. */
export function classesOf(tree: Tree): readonly string[] {
  const within = tree.folders.filter(holds);
  const inOne = within.length === 1 ? allPictures(within[0]!).length : Infinity;
  return inOne > tree.pictures.length ? within.map(({ name }) => name) : [];
}

/**
 * The pictures of a folder: its own, or those of its folders, which are classes, numbered by their place among
 * `classes`, its own unless they are given. A single folder beside pictures is a class only if it holds more of them.
 *
 * @throws ArgumentError where there are none, or too many classes.
 */
export function layoutOf(tree: Tree, classes = classesOf(tree)): Layout {
  const own = classesOf(tree);
  const places = tree.folders.filter(({ name }) => own.includes(name));
  const beside = tree.folders.filter((folder) => !places.includes(folder));
  const files = places.length > 0 ? places.flatMap(allPictures) : tree.pictures;
  if (files.length === 0)
    throw new ArgumentError(
      `folder: no pictures in ${tree.path}, nor in the folders within it ` +
        `(looked for .png, .jpg, .jpeg, .webp, .avif, .gif and .tif files)`,
    );
  if (classes.length > mostClasses)
    throw new ArgumentError(
      `folder: ${tree.path} has ${classes.length} classes; at most ${mostClasses} are supported`,
    );
  const labels = places.flatMap((place) => allPictures(place).map(() => classes.indexOf(place.name)));
  const inside = (of: (tree: Tree) => readonly string[]) => [
    ...of(tree),
    ...places.flatMap((place) => everywhere(place, of)),
  ];
  return {
    files,
    labels: places.length > 0 ? Uint8Array.from(labels) : undefined,
    leftOut: [
      ...(places.length > 0
        ? leftOut(
            tree.pictures.map((file) => relative(tree.path, file)),
            ...besideOf("folders of classes"),
          )
        : []),
      ...beside.flatMap((folder) =>
        leftOut(allPictures(folder), `picture in ${folder.name}`, `pictures in ${folder.name}`),
      ),
      ...leftOut(
        inside((one) => one.hidden),
        ...hiddenWords,
      ),
      ...leftOut(
        inside((one) => one.others),
        "file that is no picture",
        "files that are no pictures",
      ),
    ],
  };
}

const hiddenWords = ["hidden file or folder", "hidden files and folders"] as const;
const besideOf = (what: string) => [`picture beside ${what}`, `pictures beside ${what}`] as const;
