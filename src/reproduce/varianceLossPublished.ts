import type { Row } from "./experiment.ts";
import type { Published } from "./published.ts";

/** Published FIDs: REC, GEN-1 and GEN-2. */
const line = (rec: Published | undefined, gen1: Published, gen2: Published): Row["published"] => ({
  ...(rec ? { recFd: rec } : {}),
  gen1Fd: gen1,
  gen2Fd: gen2,
});

export const publishedTables = {
  "table 1": {
    rae: line([32.24], [80.8], [74.2]),
    learned: line(undefined, [76.7, 0.8], [72.9, 0.9]),
    computed: line([53.8, 0.9], [80.2, 1.3], [69.8, 1.1]),
    normalised: line([53.5, 0.9], [78.6, 1.2], [69.4, 1]),
  },
  "table 2": {
    rae: line([36], [44.7], [40.9]),
    learned: line(undefined, [60.5, 0.6], [44.4, 0.7]),
    computed: line([33.9, 0.8], [43.6, 1.3], [42.7, 1]),
    normalised: line([33.7, 0.8], [42.7, 1.2], [38.6, 1]),
  },
} as const;
