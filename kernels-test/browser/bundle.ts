import { join, resolve } from "node:path";
import { build } from "vite";

const ROOT = resolve(import.meta.dirname, "..", "..");
const PAGE = join(import.meta.dirname, "page");

/** Bundles the page with every op test in it, as an application of the package would be. */
export async function bundleInto(folder: string): Promise<void> {
  await build({
    configFile: join(ROOT, "vite.config.ts"),
    root: PAGE,
    logLevel: "error",
    resolve: { alias: { vitest: join(PAGE, "vitest.ts") } },
    build: {
      outDir: folder,
      emptyOutDir: true,
      minify: false,
      sourcemap: "hidden",
      modulePreload: false,
    },
  }).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${why}\n(A test that needs Node is left out of the page by the glob in page/main.ts.)`);
  });
}
