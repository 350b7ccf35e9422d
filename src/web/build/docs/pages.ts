import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, extname, join, posix, relative, sep } from "node:path";
import { root, pagesFolder, work } from "./folders.ts";
import { made } from "./made.ts";

/** Files of the repository that are pages of the site, by their addresses in it. */
const elsewhere: Readonly<Record<string, string>> = {
  "src/ops/svd/README.md": "svd.md",
  "src/sweep/README.md": "sweeps.md",
  "CONTRIBUTING.md": "contributing.md",
  "CHANGELOG.md": "changelog.md",
};

const results = "bench/results/";

/** Where a file of the repository is in the site; undefined for what is not part of it. */
function placeOf(file: string): string | undefined {
  const pages = `${relative(root, pagesFolder).split(sep).join("/")}/`;
  if (file === "README.md") return "index.md";
  if (file.startsWith(pages)) return file.slice(pages.length);
  if (file.startsWith(results)) return `results/${file.slice(results.length)}`;
  return elsewhere[file];
}

/** A page's links and pictures lead to where their files are in the site; source files are named, as there are none. */
function linked(text: string, file: string, place: string): string {
  return text.replaceAll(
    /(!?)\[([^\]]*)\]\((?!https?:|mailto:|#|\/)([^)#\s]+)(#[^)\s]*)?\)/g,
    (whole, picture: string, label: string, target: string, hash = "") => {
      const path = posix.normalize(posix.join(posix.dirname(file), target));
      const to = placeOf(path);
      if (to !== undefined) {
        const way = posix.relative(posix.dirname(place), to);
        return `${picture}[${label}](${way.startsWith(".") ? way : `./${way}`}${hash as string})`;
      }
      if (!existsSync(join(root, path))) return whole; // VitePress says that it leads nowhere
      return label.replaceAll("`", "") === path ? `\`${path}\`` : `${label} (\`${path}\`)`;
    },
  );
}

/** Writes all pages but those of the API, with what is made for them, and their pictures. */
export function writePages(): void {
  const written = readdirSync(pagesFolder)
    .filter((name) => extname(name) === ".md")
    .map((name) => relative(root, join(pagesFolder, name)));
  const measured = readdirSync(join(root, results), { recursive: true, encoding: "utf8" }).map(
    (name) => `${results}${name.split(sep).join("/")}`,
  );
  for (const file of [...written, ...measured, ...Object.keys(elsewhere)]) {
    const path = file.split(sep).join("/");
    const place = placeOf(path)!;
    const target = join(work, place);
    mkdirSync(dirname(target), { recursive: true });
    if (extname(file) === ".md") {
      const text = made(readFileSync(join(root, file), "utf8"));
      writeFileSync(target, linked(text, path, place));
    } else if ([".png", ".svg"].includes(extname(file))) cpSync(join(root, file), target);
  }
  const shown = join(work, "public"); // what the first page shows, and the icon
  cpSync(join(pagesFolder, "..", "public"), shown, { recursive: true });
  cpSync(join(root, results, "vrrae-bumps.png"), join(shown, "bumps.png"));
}
