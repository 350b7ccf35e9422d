import { threadOf } from "./picture-threads.node.ts";
import type { Picture } from "./resize.ts";

/**
 * Decodes a JPEG, PNG, WebP, AVIF, GIF (its first picture) or TIFF (its first page) file, told apart by content, to RGB
 * bytes, upright as its EXIF data says. Transparent parts are laid on white; 16 bits are cut to the upper 8. In Node.
 *
 * @throws DataError for anything else, for damaged or cut files, and for more than 64 million pixels.
 */
export function decodePicture(bytes: Uint8Array, file: string): Picture {
  return threadOf(0).answer({ kind: "decode", bytes: bytes.slice(), file }); // not the whole buffer of a view
}
