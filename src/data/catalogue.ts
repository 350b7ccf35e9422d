// The data sets that can be asked for by name: a line for each file.
export { bumps } from "./sets/bumps.ts";
export { fashionMnist, mnist } from "./sets/mnist.ts";
export { cifar10 } from "./sets/cifar10.ts";
export { folder } from "./sets/folder.ts";
export { npy } from "./sets/npy.ts";
export { synthetic } from "./sets/synthetic.ts";
