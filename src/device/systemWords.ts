const words: Readonly<Record<string, string>> = {
  ENOENT: "nothing of that name is there",
  ENOTDIR: "a part of its path is a file",
  EISDIR: "it is a folder",
  EEXIST: "something of that name is there",
  EACCES: "permission is missing",
  EPERM: "permission is missing",
  EROFS: "it lies on a disk that is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the quota of the disk is used up",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "its name is too long",
  ELOOP: "links lead round in a circle",
  EIO: "the disk reports an error",
  EADDRINUSE: "another program listens there",
};

/** What the system's refusal means, in words for people; the error's own where its code is a rare one. */
export function systemWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return words[(error as { code?: string }).code ?? ""] ?? error.message;
}
