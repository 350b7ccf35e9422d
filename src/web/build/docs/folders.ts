import { resolve } from "node:path";

export const root = resolve(import.meta.dirname, "..", "..", "..", "..");

/** The pages that people write. */
export const pagesFolder = resolve(root, "src", "web", "docs");

/** Where all pages are put together before VitePress makes a site of them. */
export const work = resolve(root, "dist", "docs-pages");
