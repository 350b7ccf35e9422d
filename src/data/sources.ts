import type { DownloadName } from "./known.ts";

/** A file of a data set as its authors publish it. */
export interface RemoteFile {
  name: string;
  /** Bytes. */
  size: number;
  /** Hexadecimal SHA-256 of the whole file. */
  sha256: string;
  /** Addresses that serve it, tried in this order. */
  urls: readonly string[];
}

const mnistHosts = ["https://ossci-datasets.s3.amazonaws.com/mnist", "http://yann.lecun.com/exdb/mnist"];
const fashionHosts = ["http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"];
const cifarHosts = ["https://www.cs.toronto.edu/~kriz"];

function remote(hosts: readonly string[], name: string, size: number, sha256: string): RemoteFile {
  return { name, size, sha256, urls: hosts.map((host) => `${host}/${name}`) };
}

function digits(hosts: readonly string[], files: readonly (readonly [number, string])[]): RemoteFile[] {
  const names = ["train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"];
  return names.map((name, i) => remote(hosts, `${name}-ubyte.gz`, ...files[i]!));
}

/** Where each data set's files are published, with their sizes and checksums. */
export const sources: Record<DownloadName, readonly RemoteFile[]> = {
  mnist: digits(mnistHosts, [
    [9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"],
    [28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"],
    [1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"],
    [4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"],
  ]),
  "fashion-mnist": digits(fashionHosts, [
    [26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"],
    [29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"],
    [4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"],
    [5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"],
  ]),
  cifar10: [
    remote(
      cifarHosts,
      "cifar-10-binary.tar.gz",
      170052171,
      "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    ),
  ],
};

/** The files that CIFAR-10's archive is unpacked for, with their sizes: 10,000 records each. */
export const cifarMembers: ReadonlyMap<string, number> = new Map(
  ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"].map(
    (stem) => [`cifar-10-batches-bin/${stem}.bin`, 30_730_000],
  ),
);
