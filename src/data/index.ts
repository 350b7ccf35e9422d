/** Data: generators, loaders, batches. What is not in `browser.ts` needs Node. */
export * from "./browser.ts";
export { download, type DownloadOptions } from "./download.ts";
export { type Progress } from "./fetch-file.ts";
export { loadFolder, type FolderOptions } from "./folder.ts";
export { loadArray, type ArrayOptions } from "./array.ts";
export { datasetNames, downloadNames, type DatasetName, type DownloadName } from "./known.ts";
export { loadDataset, type LoadedData, type LoadOptions } from "./load.ts";
export { decodePicture } from "./pictures.ts";
