/** Data: generators, loaders, batches. What is not in `index.browser.ts` needs Node. */
export * from "./index.browser.ts";
export { download, type DownloadOptions } from "./download.node.ts";
export { type Progress } from "./fetch-file.node.ts";
export { loadFolder, type FolderOptions } from "./folder.node.ts";
export { loadArray, type ArrayOptions } from "./array.node.ts";
export { datasetNames, downloadNames, type DatasetName, type DownloadName } from "./known.ts";
export { loadDataset, type LoadedData, type LoadOptions } from "./load.node.ts";
export { decodePicture } from "./pictures.node.ts";
