import { defineConfig } from "vite";
import { forPages } from "./src/web/build/page.ts";

/** How the kernels' tests are bundled for a page. */
export default defineConfig({ ...forPages, build: { target: "esnext" } });
