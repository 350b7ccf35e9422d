/** Small pictures in colour, which the build draws; see `build/emoji.ts`. */
declare module "virtual:emoji" {
  /** A WebP picture in base64: cells in rows of `columns`, each `side` pixels wide. */
  export const sheet: string;
  export const side: number;
  export const columns: number;
  /** The group of each cell, and what the groups are called. */
  export const labels: readonly number[];
  export const groups: readonly string[];
}
