import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";

export interface PageSize {
  page: string;
  /** Bytes of the page and of all that it loads, each file gzipped, without what is left out. */
  gzipped: number;
  files: string[];
}

/** How large the built pages of a folder are. A file needs those whose names, which have hashes in them, it contains. */
export function pageSizes(folder: string, isLeftOut: (file: string) => boolean): PageSize[] {
  const assets = readdirSync(join(folder, "assets"), { recursive: true, encoding: "utf8" })
    .map((name) => join("assets", name))
    .filter((name) => /\.\w+$/.test(name) && !isLeftOut(name));
  const texts = new Map<string, string>();
  const read = (name: string) => {
    let text = texts.get(name);
    if (text === undefined) texts.set(name, (text = readFileSync(join(folder, name), "utf8")));
    return text;
  };
  return readdirSync(folder)
    .filter((name) => name.endsWith(".html"))
    .map((page) => {
      const files = new Set([page]);
      for (const file of files)
        for (const asset of assets) if (read(file).includes(basename(asset))) files.add(asset);
      const gzipped = [...files].reduce((sum, file) => sum + gzipSync(read(file)).length, 0);
      return { page, gzipped, files: [...files] };
    });
}
