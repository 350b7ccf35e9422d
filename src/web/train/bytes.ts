import { DataError } from "../../device/errors.ts";

/** What a page reads of one file at most, packed or unpacked: Fashion-MNIST's largest has 47 MB, few models as many. */
export const mostBytes = 2 ** 28;

/**
 * The bytes of a visitor's file.
 *
 * @throws DataError, before anything is read, for more than `mostBytes`; and for what the browser cannot read.
 */
export async function bytesOf(file: Blob, name: string): Promise<Uint8Array<ArrayBuffer>> {
  if (file.size > mostBytes)
    throw new DataError(
      name,
      mostBytes,
      `${file.size} bytes are more than the ${mostBytes} that a page can take`,
    );
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw new DataError(name, 0, `the browser cannot read it (${(error as Error).message})`);
  }
}
