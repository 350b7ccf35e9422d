import type { LookEvent, LossEvent, SetUp } from "./protocol.ts";

/** A run as it was seen: what a page shows of it where it cannot train. */
export interface Recording {
  setUp: SetUp;
  looks: LookEvent[];
  losses: LossEvent[];
}

/** Arrays of which a byte a number is enough, as they are for the eye; others have two. */
const coarse = new Set(["pictures", "preview", "long"]);

interface Packed {
  /** Numbers as whole ones from −2^(bits−1), in base64; the largest one is `most`. */
  floats?: string;
  bits?: 8 | 16;
  most?: number;
  bytes?: string;
}

/** The text of a recording. */
export function pack(recording: Recording): string {
  return JSON.stringify(recording, (key, value: unknown) => {
    if (value instanceof Uint8Array) return { bytes: toBase64(value) } satisfies Packed;
    if (!(value instanceof Float32Array)) return value;
    const bits = coarse.has(key) ? 8 : 16;
    const top = 2 ** (bits - 1) - 1;
    const most = value.reduce((largest, number) => Math.max(largest, Math.abs(number)), 1e-30);
    const numbers = value.map((number) => Math.round((top * number) / most));
    const whole = bits === 8 ? Int8Array.from(numbers) : Int16Array.from(numbers);
    return { floats: toBase64(new Uint8Array(whole.buffer)), bits, most } satisfies Packed;
  });
}

/** The recording of a text. */
export function unpack(text: string): Recording {
  return JSON.parse(text, (_, value: unknown) => {
    const { floats, bits, most, bytes } = (value ?? {}) as Packed;
    if (typeof bytes === "string") return fromBase64(bytes);
    if (typeof floats !== "string") return value;
    const stored = fromBase64(floats).buffer;
    const whole = bits === 8 ? new Int8Array(stored) : new Int16Array(stored);
    return Float32Array.from(whole, (number) => (number * most!) / (2 ** (bits! - 1) - 1));
  }) as Recording;
}

function toBase64(bytes: Uint8Array): string {
  let letters = "";
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

/** The file of the run that comes with the page; `build/record.ts` makes it. */
export const recordingFile = "stuck.run";

/** The run that comes with the page. */
export async function fetchRecording(): Promise<Recording> {
  const response = await fetch(`./${recordingFile}`);
  if (!response.ok || !response.body) throw new Error(`${recordingFile} came with status ${response.status}`);
  return unpack(await new Response(response.body.pipeThrough(new DecompressionStream("gzip"))).text());
}
