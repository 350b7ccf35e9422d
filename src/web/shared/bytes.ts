import { ArgumentError } from "../../device/errors.ts";

/** What a page reads of one file at most, packed or unpacked: Fashion-MNIST's largest has 47 MB, few models as many. */
export const mostBytes = 2 ** 28;

/**
 * The bytes of a visitor's file.
 *
 * @throws ArgumentError, before anything is read, for more than `mostBytes`; and for what the browser cannot read.
 */
export async function bytesOf(file: Blob, name: string): Promise<Uint8Array<ArrayBuffer>> {
  if (file.size > mostBytes)
    throw new ArgumentError(
      `${name} is too large for a page: it has ${megabytes(file.size)} MB, and ${megabytes(mostBytes)} MB are the ` +
        "most. The command line takes larger files.",
    );
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw new ArgumentError(
      `The browser cannot read ${name}. It may have been moved or changed since it was chosen: choose it again. ` +
        `(${(error as Error).message})`,
    );
  }
}

const megabytes = (bytes: number) => Math.round(bytes / 1e6).toLocaleString("en");
