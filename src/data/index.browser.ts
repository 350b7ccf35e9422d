/** What of the data works in a page too: generators, batches, and parsers that take bytes. */
export { Batches, type BatchOptions, type Position } from "./batches.ts";
export { bumps, bumpsAt, type Bumps, type BumpsOptions } from "./bumps.ts";
export { cifarShape, parseCifar, type CifarImages } from "./cifar.ts";
export { Dataset, type DatasetParts, type Statistics } from "./dataset.ts";
export { type LeftOut } from "./left-out.ts";
export { parseIdx, readIdx, type IdxArray } from "./idx.ts";
export { parseNpy, writeNpy, type NpyArray, type NpyData } from "./npy.ts";
export { permutation, uniform } from "./random.ts";
export { resize, type Picture } from "./resize.ts";
export { synthetic, syntheticMap, type SyntheticMapOptions, type SyntheticOptions } from "./synthetic.ts";
