import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { cacheRoot } from "./cache.node.ts";
import { DataError } from "./errors.ts";

/** Where the unpacked SwiftShader lies. */
export interface SwiftShader {
  /** The driver's manifest, for VK_DRIVER_FILES. */
  manifest: string;
  /** A Vulkan loader, for machines without one. */
  loader: string;
}

const MANIFEST = "vk_swiftshader_icd.json";
const LOADER = "libvulkan.so.1";
const FILES = [MANIFEST, LOADER, "libvk_swiftshader.so"];

/**
 * Unpacks SwiftShader and its Vulkan loader out of the package @sparticuz/chromium, once per user and version.
 *
 * Two processes may do so at the same time: each unpacks into a folder of its own, the first rename wins.
 * Returns undefined where the package is missing or the platform is not Linux x64.
 */
export function unpackSwiftShader(): SwiftShader | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  const home = findPackage();
  if (home === undefined) return undefined;
  const { version } = JSON.parse(readFileSync(join(home, "package.json"), "utf8")) as { version: string };
  const root = cacheRoot();
  const folder = join(root, `swiftshader-${version}`);
  if (!isComplete(folder)) install(join(home, "bin", "swiftshader.tar.br"), root, folder);
  return { manifest: join(folder, MANIFEST), loader: join(folder, LOADER) };
}

function findPackage(): string | undefined {
  const folders =
    createRequire(import.meta.url ?? join(process.cwd(), "bundle.cjs")).resolve.paths(
      "@sparticuz/chromium",
    ) ?? [];
  return folders
    .map((folder) => join(folder, "@sparticuz", "chromium"))
    .find((home) => existsSync(join(home, "bin", "swiftshader.tar.br")));
}

function isComplete(folder: string): boolean {
  return FILES.every((name) => existsSync(join(folder, name)));
}

/** Unpacks into a fresh folder of `root`, then renames it to `folder`, so that no one sees a part of it. */
function install(archive: string, root: string, folder: string): void {
  const files = readArchive(archive);
  const fresh = mkdtempSync(join(root, "unpack-"));
  try {
    for (const [name, bytes] of files) writeFileSync(join(fresh, name), bytes, { mode: 0o700 });
    try {
      renameSync(fresh, folder);
    } catch (error) {
      if (isComplete(folder) || !existsSync(folder)) throw error;
      rmSync(folder, { recursive: true, force: true });
      renameSync(fresh, folder);
    }
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!isComplete(folder)) throw error;
  }
}

function readArchive(archive: string): [name: string, bytes: Buffer][] {
  let files: Map<string, Buffer>;
  try {
    files = readTar(brotliDecompressSync(readFileSync(archive)));
  } catch (error) {
    throw new DataError(archive, undefined, `is not a brotli archive (${String(error)}); run npm ci again`);
  }
  return FILES.map((name) => {
    const bytes = files.get(name);
    if (bytes === undefined)
      throw new DataError(archive, undefined, `holds no whole ${name}; run npm ci again`);
    return [name, bytes];
  });
}

/**
 * The plain files of a tar archive by base name. A member is a block of 512 bytes — its name at byte 0, its size in
 * octal at byte 124, its type at byte 156 — and its contents, padded to whole blocks (POSIX.1-1988, ustar).
 */
function readTar(tar: Buffer): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  const text = (from: number, to: number) => tar.toString("latin1", from, to).replace(/\0.*$/s, "");
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const size = parseInt(text(at + 124, at + 136), 8);
    const type = text(at + 156, at + 157);
    if ((type === "0" || type === "") && at + 512 + size <= tar.length)
      files.set(basename(text(at, at + 100)), tar.subarray(at + 512, at + 512 + size));
    at += 512 + 512 * Math.ceil(size / 512);
  }
  return files;
}
