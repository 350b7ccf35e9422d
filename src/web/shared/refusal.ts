import { ArgumentError, DataError } from "../../device/errors.ts";

/**
 * What `read` makes of a visitor's file. Where it cannot be read, `words` say what is wrong with it and what would do;
 * after them, in brackets, stands what its reader found.
 *
 * @throws ArgumentError in the place of a DataError.
 */
export async function orInWords<T>(words: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw new ArgumentError(`${words} (${error.message.slice(`${error.file}, `.length)})`);
  }
}
