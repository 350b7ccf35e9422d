/**
 * A JPEG file with three components that says in Adobe's marker that they are red, green and blue (transform 0), and in
 * JFIF's that they are not: with the latter's name taken out, so that libjpeg believes the former, as readers of PDF
 * do. (libjpeg by itself believes JFIF, and so does Pillow.) Any other file as it is.
 */
export function believingAdobe(bytes: Uint8Array): Uint8Array {
  let jfif: number | undefined;
  let isRgb = false;
  for (const { marker, at } of segments(bytes)) {
    const name = String.fromCharCode(...bytes.subarray(at, at + 5));
    if (marker === 0xe0 && name === "JFIF\0") jfif = at;
    if (marker === 0xee && name === "Adobe") isRgb = bytes[at + 11] === 0;
  }
  if (jfif === undefined || !isRgb) return bytes;
  const out = bytes.slice();
  out[jfif] = 0;
  return out;
}

/** The segments of a JPEG file before its pixels, and where their contents begin. */
function* segments(bytes: Uint8Array): Generator<{ marker: number; at: number }> {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return;
  for (let at = 2; bytes[at] === 0xff;) {
    while (bytes[at] === 0xff) at++; // any number of them
    const marker = bytes[at]!;
    if (marker === 0xda || at + 2 >= bytes.length) return;
    yield { marker, at: at + 3 };
    at += 1 + 256 * bytes[at + 1]! + bytes[at + 2]!;
  }
}
