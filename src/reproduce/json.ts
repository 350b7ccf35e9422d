import { DataError } from "../device/errors.ts";
import { readFile } from "../runs/files.node.ts";

/** What helps against damage to what was measured. */
export const advice = "delete scores.json, and the run is measured again";

/** What a file of a run holds. Throws DataError for one that is no JSON. */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(readFile(file).toString("utf8"));
  } catch (cause) {
    if (cause instanceof SyntaxError)
      throw new DataError(file, undefined, `not JSON (${cause.message}); ${advice}`);
    throw cause;
  }
}
