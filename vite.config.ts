import { defaultClientConditions, defineConfig } from "vite";

/** What every page of this project is built with: `#gpu` and `#wgsl` take their browser side. */
export default defineConfig({
  resolve: { conditions: ["bundle", ...defaultClientConditions] },
  build: { target: "esnext" },
});
