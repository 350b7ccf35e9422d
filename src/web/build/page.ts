import { defaultClientConditions, type Rollup, type UserConfig } from "vite";
import { emoji } from "./emoji.ts";
import { shaders } from "./shaders.ts";

/** What everything of this project is bundled with: `#gpu` and its like take their browser side, kernels their shaders. */
export const forPages = {
  resolve: { conditions: ["bundle", ...defaultClientConditions] },
  plugins: [shaders(), emoji()],
} satisfies UserConfig;

/** Passes warnings on, but for those about comments in other packages. */
export function onwarn(warning: Rollup.RollupLog, warn: (warning: Rollup.RollupLog) => void): void {
  if (warning.code !== "INVALID_ANNOTATION") warn(warning);
}
