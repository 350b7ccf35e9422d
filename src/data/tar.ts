import { DataError } from "../device/errors.ts";

/** A plain file in a tar archive. */
export interface TarFile {
  name: string;
  data: Uint8Array;
}

const block = 512;

/**
 * The plain files of an unpacked tar archive, in order; folders, links and everything else are passed over. Throws
 * DataError for a header whose checksum is wrong and for an archive that ends inside a file.
 * Format: POSIX.1-1988 "ustar".
 */
export function* tarFiles(archive: Uint8Array, file: string): Generator<TarFile> {
  let at = 0;
  while (at + block <= archive.length) {
    const header = archive.subarray(at, at + block);
    if (header.every((byte) => byte === 0)) return;
    checkHeader(header, file, at);
    const size = octal(header.subarray(124, 136), file, at + 124);
    const from = at + block;
    if (from + size > archive.length) {
      throw new DataError(file, archive.length, `the archive ends inside "${nameOf(header)}"`);
    }
    const kind = header[156];
    if (kind === 0 || kind === 0x30)
      yield { name: nameOf(header), data: archive.subarray(from, from + size) };
    at = from + Math.ceil(size / block) * block;
  }
  throw new DataError(file, archive.length, "the archive has no end mark");
}

function checkHeader(header: Uint8Array, file: string, at: number): void {
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 0x20 : byte), 0);
  if (octal(header.subarray(148, 156), file, at + 148) !== sum) {
    throw new DataError(file, at + 148, "not a tar header: its checksum is wrong");
  }
}

function nameOf(header: Uint8Array): string {
  const [prefix, name] = [text(header.subarray(345, 500)), text(header.subarray(0, 100))];
  const isUstar = text(header.subarray(257, 262)) === "ustar";
  return isUstar && prefix ? `${prefix}/${name}` : name;
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder("latin1").decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function octal(bytes: Uint8Array, file: string, offset: number): number {
  const digits = text(bytes).trim();
  if (!/^[0-7]+$/.test(digits))
    throw new DataError(file, offset, `not a tar header: "${digits}" is no octal number`);
  return parseInt(digits, 8);
}
