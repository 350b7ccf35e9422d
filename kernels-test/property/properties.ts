import { arithmetic } from "./arithmetic.ts";
import { contractions } from "./contractions.ts";
import { elementwise } from "./elementwise.ts";
import { imaged } from "./images.ts";
import { indexed } from "./indexing.ts";
import { objectives } from "./objectives.ts";
import { products } from "./products.ts";
import type { Property } from "./property.ts";
import { rearrangements } from "./rearrangements.ts";
import { reductions } from "./reductions.ts";

/** Every operation that is tried on random operands; one entry each, in the file of its kind. */
export const properties: readonly Property[] = [
  ...arithmetic,
  ...elementwise,
  ...reductions,
  ...rearrangements,
  ...products,
  ...contractions,
  ...indexed,
  ...objectives,
  ...imaged,
];
