/**
 * Data: generators, loaders, batches. Everything that takes bytes or numbers runs in browsers too and can be imported
 * from its own file there; files.ts, folder.ts, pictures.ts, standard.ts, load.ts and the downloader need Node.
 */
export { Batches, type BatchOptions, type Position } from "./batches.ts";
export { bumps, bumpsAt, type Bumps, type BumpsOptions } from "./bumps.ts";
export { cifarShape, parseCifar, type CifarImages } from "./cifar.ts";
export { Dataset, type DatasetParts, type Statistics } from "./dataset.ts";
export { download, type DownloadOptions } from "./download.ts";
export { type Progress } from "./fetch-file.ts";
export { loadFolder, type FolderOptions } from "./folder.ts";
export { parseIdx, readIdx, type IdxArray } from "./idx.ts";
export {
  datasetNames,
  loadArray,
  loadDataset,
  type DatasetName,
  type LoadedData,
  type LoadOptions,
} from "./load.ts";
export { parseNpy, writeNpy, type NpyArray, type NpyData } from "./npy.ts";
export { decodePicture } from "./pictures.ts";
export { permutation, uniform } from "./random.ts";
export { resize, type Picture } from "./resize.ts";
export { downloadNames, type DownloadName } from "./sources.ts";
