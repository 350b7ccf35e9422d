import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";

/** The user's cache folder, and one of the user's own in the folder for temporary files; neither need be there. */
export function cacheFolders(): [string, string] {
  return [
    join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "hestenes"),
    join(tmpdir(), `hestenes-${process.getuid?.() ?? "user"}`),
  ];
}

/** A folder to write to that only this user may write to: the first of `cacheFolders` that can be had, or a new one. */
export function cacheRoot(): string {
  return cacheFolders().find(makeFolder) ?? mkdtempSync(join(tmpdir(), "hestenes-"));
}

/** Whether `path` belongs to this user, and no one else may write to it; Windows has folders for each user. */
export function isOwn(path: string): boolean {
  if (process.getuid === undefined) return true;
  const { uid, mode } = statSync(path);
  return uid === process.getuid() && (mode & 0o022) === 0;
}

/** Makes a folder that only this user may write to, since code is loaded from it; false where that fails. */
function makeFolder(path: string): boolean {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    if (!isOwn(path)) return false;
    rmSync(mkdtempSync(join(path, "probe-")), { recursive: true });
    return true;
  } catch {
    return false;
  }
}
