import type { HtmlTagDescriptor, Plugin } from "vite";

/** The pages of the site, in the order of their links. */
export const pages = [
  { file: "index.html", name: "Train" },
  { file: "svd.html", name: "SVD" },
  { file: "bench.html", name: "Benchmark" },
] as const;

/**
 * What a built page may load: what comes from its own site, and models of other sites by their addresses. Charts have inline
 * styles; pictures are made in the page.
 */
const policy =
  "default-src 'self'; connect-src 'self' https:; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; " +
  "object-src 'none'; base-uri 'none'";

/** Puts around each page what all have in common: their head, the bar with links, and the place for notices. */
export function frame(): Plugin {
  return {
    name: "hestenes:frame",
    transformIndexHtml: {
      order: "pre",
      handler: (html, { path, server }) => [...head(html, server === undefined), ...body(path.slice(1))],
    },
  };
}

/** What other sites show of a page that is linked to: its title and its description. */
function preview(html: string): Record<string, string> {
  const [, title = ""] = /<title>([^<]*)<\/title>/.exec(html) ?? [];
  const [, description = ""] = /name="description"\s+content="([^"]*)"/.exec(html) ?? [];
  return { "og:type": "website", "og:title": title, "og:description": description };
}

function head(html: string, built: boolean): HtmlTagDescriptor[] {
  const meta = (attrs: Record<string, string>): HtmlTagDescriptor => ({ tag: "meta", attrs });
  const common = [
    meta({ charset: "utf-8" }),
    meta({ name: "viewport", content: "width=device-width, initial-scale=1" }),
    ...Object.entries(preview(html)).map(([property, content]) => meta({ property, content })),
    ...(built ? [meta({ "http-equiv": "Content-Security-Policy", content: policy })] : []),
    { tag: "link", attrs: { rel: "icon", href: "./icon.svg", type: "image/svg+xml" } },
    { tag: "link", attrs: { rel: "stylesheet", href: "./shared/theme.css" } },
  ];
  const offline = { tag: "script", attrs: { type: "module", src: "./offline/register.ts" } };
  return [
    ...common.map((tag) => ({ ...tag, injectTo: "head-prepend" as const })),
    ...(built ? [{ ...offline, injectTo: "head" as const }] : []),
  ];
}

function body(page: string): HtmlTagDescriptor[] {
  const links = pages.map(({ file, name }) => {
    const href = file === "index.html" ? "./" : `./${file}`;
    return `<a href="${href}"${file === page ? ' aria-current="page"' : ""}>${name}</a>`;
  });
  const bar = `
    <div>
      <a class="brand" href="./"><img src="./icon.svg" alt="" width="24" height="24" />hestenes</a>
      <nav aria-label="Pages">${links.join(" ")}</nav>
      <span class="device" id="device">looking for a GPU …</span>
    </div>`;
  const notices = { id: "notices", class: "notices", role: "status", "aria-live": "polite" };
  const tags: HtmlTagDescriptor[] = [
    { tag: "a", attrs: { class: "skip", href: "#main" }, children: "Skip to the content" },
    { tag: "header", attrs: { class: "bar" }, children: bar },
    { tag: "div", attrs: notices },
  ];
  return tags.map((tag) => ({ ...tag, injectTo: "body-prepend" }));
}
