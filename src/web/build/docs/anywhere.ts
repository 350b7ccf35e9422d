import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, sep } from "node:path";

/** The address that VitePress is told its site has; none of it is left in the files. */
export const nowhere = "/__nowhere__/";

/** Where a page finds the address of the site that it belongs to. */
const base = "__base";

interface SyntaxNode {
  type: string;
  start: number;
  end: number;
  [child: string]: unknown;
}

/**
 * The script `code` with the address in its strings replaced by that which its page has found. `parse` gives the tree of
 * a module.
 */
function moved(code: string, parse: (code: string) => unknown): string {
  if (!code.includes(nowhere)) return code;
  const edits: { start: number; end: number; text: string }[] = [];
  visit(parse(code), (node) => {
    const { start, end } = node;
    if (node.type === "Literal" && typeof node.value === "string" && node.value.includes(nowhere)) {
      const parts = node.value.split(nowhere).map((part) => JSON.stringify(part));
      edits.push({ start, end, text: `(${parts.join(`+${base}+`)})` });
    }
    if (node.type === "TemplateElement")
      edits.push({ start, end, text: code.slice(start, end).replaceAll(nowhere, `\${${base}}`) });
  });
  let made = "";
  let at = 0;
  for (const { start, end, text } of edits.sort((a, b) => a.start - b.start)) {
    made += code.slice(at, start) + text;
    at = end;
  }
  made += code.slice(at);
  if (made.includes(nowhere)) throw new Error("a script of the site holds its address outside of strings");
  return made;
}

function visit(tree: unknown, see: (node: SyntaxNode) => void): void {
  if (Array.isArray(tree)) for (const one of tree) visit(one, see);
  else if (typeof tree === "object" && tree !== null) {
    if (typeof (tree as SyntaxNode).type === "string") see(tree as SyntaxNode);
    for (const child of Object.values(tree)) visit(child, see);
  }
}

/** A plugin of Vite for the site's scripts, not for those that render its pages while it is built. */
export function anywhere() {
  return {
    name: "hestenes:anywhere",
    enforce: "post" as const,
    renderChunk: {
      order: "post" as const,
      handler(
        this: { parse(code: string): unknown },
        code: string,
        _: unknown,
        { dir }: { dir?: string | undefined },
      ) {
        if (dir?.includes(".temp")) return null; // VitePress renders pages by what it puts there
        return { code: moved(code, (text) => this.parse(text)), map: null };
      },
    },
  };
}

/** Makes every address in the pages and styles of a built site relative, so that any folder will do. */
export function makeRelative(folder: string): void {
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, file);
    if (file.endsWith(".css")) write(path, (text) => text.replaceAll(`${nowhere}assets/`, "./"));
    if (file.endsWith(".html")) {
      const up = "../".repeat(file.split(sep).length - 1) || "./";
      write(path, (text) => relativePage(text, up));
    }
  }
}

function write(path: string, change: (text: string) => string): void {
  const made = change(readFileSync(path, "utf8"));
  if (made.includes(nowhere)) throw new Error(`${path} holds the address of no site`);
  writeFileSync(path, made);
}

/**
 * A page that finds the site by the way `up` from its own address. Its links are made absolute once it is shown: they stay
 * as they are when the reader goes on to a page of another folder.
 */
function relativePage(html: string, up: string): string {
  const begin = `<script>${base}=new URL(${JSON.stringify(up)},location.href).pathname</script>`;
  const end = `<script>for(const name of["href","src"])for(const one of document.querySelectorAll("["+name+'^="."]'))one[name]=one[name]</script>`;
  const hidden = "/__site__/";
  return html
    .replace(
      /(__VP_SITE_DATA__=JSON\.parse\()("(?:[^"\\]|\\.)*")/,
      (_, before: string, data: string) =>
        `${before}${data.replaceAll(nowhere, hidden)}.replaceAll(${JSON.stringify(hidden)},${base})`,
    )
    .replaceAll(nowhere, up)
    .replace(/<head>/, `<head>${begin}`)
    .replace("</body>", `${end}</body>`);
}
