import { DataError } from "../device/errors.ts";

/** What the head of a `.npy` file says. */
export interface NpyHeader {
  /** Kind and bytes per element, without byte order: "f4". */
  type: string;
  /** Where in the file the type stands. */
  typeAt: number;
  little: boolean;
  /** The first index runs fastest. */
  fortran: boolean;
  shape: number[];
  /** Where the elements begin. */
  start: number;
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const greatestHeader = 10_000;
const greatestRank = 32;

const structured = "the elements are of a structured type, with fields or parts of their own";

type Token = { text: string; at: number };

/** Reads the head: magic, version, length, and the dictionary literal, of which only NumPy's own form is taken. */
export function parseNpyHeader(bytes: Uint8Array, file: string): NpyHeader {
  const wrong = magic.findIndex((byte, i) => bytes[i] !== byte);
  if (wrong >= 0) throw new DataError(file, wrong, "not a .npy file: it does not begin with \\x93NUMPY");
  const version = bytes[6];
  if (version === undefined || version < 1 || version > 3) {
    throw new DataError(file, 6, `.npy version ${version ?? "missing"} is not supported; expected 1, 2 or 3`);
  }
  const from = version === 1 ? 10 : 12;
  if (bytes.length < from) throw new DataError(file, bytes.length, "the file ends inside its header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > greatestHeader || from + length > bytes.length) {
    throw new DataError(file, 8, `a header of ${length} bytes does not fit in a file of ${bytes.length}`);
  }
  const text = String.fromCharCode(...bytes.subarray(from, from + length));
  return { ...new Dictionary(text, file, from).read(), start: from + length };
}

/** The dictionary's own small grammar: `{'name': value, …}`, a value being a string, True, False or a tuple. */
class Dictionary {
  readonly #file: string;
  readonly #tokens: Token[] = [];
  readonly #end: number;
  #next = 0;

  constructor(text: string, file: string, from: number) {
    this.#file = file;
    const pattern = /\s*('[^'\\]*'|"[^"\\]*"|True|False|\d+L?|[{}()[\]:,])/y;
    let end = 0;
    for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
      end = pattern.lastIndex;
      this.#tokens.push({ text: match[1]!, at: from + end - match[1]!.length });
    }
    const rest = text.slice(end).trimStart();
    this.#end = from + text.length - rest.length;
    if (rest)
      throw new DataError(file, this.#end, `cannot read "${rest.trimEnd().slice(0, 20)}" in the header`);
  }

  read(): Omit<NpyHeader, "start"> {
    const found = new Map<string, { at: number; text: string; shape: number[] }>();
    this.#take("{");
    while (this.#peek() !== "}") {
      const name = this.#string();
      this.#take(":");
      const at = this.#at();
      if (this.#peek() === "[" || (name === "descr" && this.#peek() === "("))
        throw new DataError(this.#file, at, `${structured}; expected one plain number an element`);
      if (this.#peek() === "(") found.set(name, { at, text: "(", shape: this.#tuple() });
      else found.set(name, { at, text: this.#any(), shape: [] });
      if (this.#peek() !== "}") this.#take(",");
    }
    this.#take("}");
    if (this.#next < this.#tokens.length) this.#fail("the end of the header");

    const descr = found.get("descr") ?? this.#fail("'descr' among the header's names");
    const order = found.get("fortran_order") ?? this.#fail("'fortran_order' among the header's names");
    const shape = found.get("shape") ?? this.#fail("'shape' among the header's names");
    const type = /^['"]([<>|=]?)([a-zA-Z]\d+)['"]$/.exec(descr.text);
    if (!type) throw new DataError(this.#file, descr.at, `element type ${descr.text} is not a plain number`);
    if (order.text !== "True" && order.text !== "False") {
      throw new DataError(this.#file, order.at, `fortran_order is ${order.text}, neither True nor False`);
    }
    if (shape.text !== "(") throw new DataError(this.#file, shape.at, `shape is ${shape.text}, not a tuple`);
    return {
      type: type[2]!,
      typeAt: descr.at,
      little: type[1] !== ">",
      fortran: order.text === "True",
      shape: shape.shape,
    };
  }

  #tuple(): number[] {
    const numbers: number[] = [];
    const at = this.#at();
    this.#take("(");
    while (this.#peek() !== ")") {
      if (!/^\d/.test(this.#peek() ?? "")) this.#fail("a whole number");
      numbers.push(Number(this.#any().replace("L", ""))); // Python 2 writes an L after long numbers
      if (this.#peek() !== ")") this.#take(",");
    }
    this.#take(")");
    if (numbers.length > greatestRank || numbers.some((n) => !Number.isSafeInteger(n))) {
      throw new DataError(this.#file, at, `shape (${numbers.join(", ").slice(0, 80)}) is out of bounds`);
    }
    return numbers;
  }

  #string(): string {
    if (!/^['"]/.test(this.#peek() ?? "")) this.#fail("a quoted name");
    return this.#any().slice(1, -1);
  }

  #take(expected: string): void {
    if (this.#peek() !== expected) this.#fail(`"${expected}"`);
    this.#next++;
  }

  #any(): string {
    return this.#tokens[this.#next++]?.text ?? this.#fail("a value");
  }

  #peek(): string | undefined {
    return this.#tokens[this.#next]?.text;
  }

  #at(): number {
    return this.#tokens[this.#next]?.at ?? this.#end;
  }

  #fail(expected: string): never {
    throw new DataError(
      this.#file,
      this.#at(),
      `expected ${expected} in the header, found ${this.#peek() ?? "its end"}`,
    );
  }
}
