import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DownloadError } from "../device/errors.ts";
import { TransferError, receive } from "./receive.node.ts";
import type { RemoteFile } from "./sources.ts";
import { systemWords } from "../device/systemWords.ts";

/** How far a download is. */
export interface Progress {
  file: string;
  /** Bytes on disk. */
  received: number;
  total: number;
}

/** Options of a download. */
export interface FetchOptions {
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Aborting keeps what was received, for the next try. */
  signal?: AbortSignal | undefined;
  /** Tries per address without notable progress between them; 5 by default. */
  tries?: number | undefined;
  /** Wait before the second try, in milliseconds; doubled for each further one; 1,000 by default. */
  backoff?: number | undefined;
  /** Silence after which a connection is given up, in milliseconds; 30,000 by default. */
  timeout?: number | undefined;
}

/**
 * Downloads a file into `folder` and returns its path. A broken transfer goes on where it stopped, also after a
 * restart, from `NAME.part`; only when size and checksum fit is that renamed to `NAME`. A file that is there and fits
 * is left alone. Throws DownloadError with what each address did, or the signal's reason.
 */
export async function fetchFile(
  remote: RemoteFile,
  folder: string,
  options: FetchOptions = {},
): Promise<string> {
  const target = join(folder, remote.name);
  const report = (received: number) =>
    options.onProgress?.({ file: remote.name, received, total: remote.size });
  if (await isWhole(target, remote)) {
    report(remote.size);
    return target;
  }
  const failures: string[] = [];
  try {
    await mkdir(folder, { recursive: true });
    for (const url of remote.urls) {
      const failure = await fetchFrom(url, remote, `${target}.part`, report, options);
      if (failure === undefined) {
        await rename(`${target}.part`, target);
        return target;
      }
      failures.push(`${url}: ${failure}`);
    }
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error)) throw error;
    throw new DownloadError(`${target} cannot be written (${systemWords(error)})`);
  }
  throw new DownloadError(`${remote.name} could not be downloaded.\n  ${failures.join("\n  ")}`);
}

/** Tries one address until the part is whole; returns why it is not, if so. */
async function fetchFrom(
  url: string,
  remote: RemoteFile,
  part: string,
  report: (received: number) => void,
  { signal, tries = 5, backoff = 1000, timeout = 30_000 }: FetchOptions,
): Promise<string | undefined> {
  let furthest = await sizeOf(part);
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    const before = await sizeOf(part);
    let failure: TransferError;
    try {
      await receive(url, part, remote.size, { signal, timeout, report });
      if (await isWhole(part, remote)) return undefined;
      await rm(part, { force: true });
      failure = new TransferError(`the SHA-256 is not ${remote.sha256}; the file was removed`, before > 0);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof TransferError)) throw error;
      failure = error;
    }
    const reached = await sizeOf(part);
    if (reached > furthest + remote.size / 100) attempt = 0;
    furthest = Math.max(furthest, reached);
    if (!failure.again || attempt + 1 >= tries) return failure.message;
    await sleep(backoff * 2 ** attempt, undefined, signal && { signal }).catch(() =>
      signal?.throwIfAborted(),
    );
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    (info) => info.size,
    () => 0,
  );
}

/** Whether the file has the size and checksum published for it. */
async function isWhole(file: string, remote: RemoteFile): Promise<boolean> {
  if ((await sizeOf(file)) !== remote.size) return false;
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
  return hash.digest("hex") === remote.sha256;
}
