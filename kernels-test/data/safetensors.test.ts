import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArgumentError, DataError, ShapeError } from "../../src/device/errors.ts";
import { encodeSafetensors, parseSafetensors, type EncodableTensor } from "../../src/data/safetensors.ts";

/** A file with this header (text, or any JSON value) and so many bytes of data. */
function file(header: unknown, dataBytes = 0): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function failure(bytes: Uint8Array): DataError {
  try {
    parseSafetensors(bytes, "model.safetensors");
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
  throw new Error("the file was accepted");
}

const f32 = (shape: number[], from: number, to: number) => ({
  dtype: "F32",
  shape,
  data_offsets: [from, to],
});

describe("encodeSafetensors", () => {
  test("writes the bytes that the format's description gives", () => {
    const bytes = encodeSafetensors(
      new Map<string, EncodableTensor>([
        ["b", { dtype: "U32", shape: [1], data: Uint32Array.of(0x01020304) }],
        ["a", { dtype: "F32", shape: [2, 1], data: Float32Array.of(1, -2) }],
      ]),
      { made: "här" },
    );
    const header =
      '{"__metadata__":{"made":"här"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},' +
      '"b":{"dtype":"U32","shape":[1],"data_offsets":[8,12]}}';
    const length = new DataView(bytes.buffer).getUint32(0, true);
    expect(length % 8).toBe(0);
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + length)).trimEnd()).toBe(header);
    expect([...bytes.subarray(8 + length)]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 4, 3, 2, 1]);
  });

  test("takes views into larger arrays and plain bytes", () => {
    const data = Float32Array.of(0, 1, 2, 3).subarray(1, 3);
    const raw = new Uint8Array(data.buffer, 4, 8);
    const { tensors } = parseSafetensors(
      encodeSafetensors(
        new Map([
          ["view", { dtype: "F32", shape: [2], data }],
          ["raw", { dtype: "F32", shape: [2], data: raw }],
        ]),
      ),
      "x",
    );
    expect(tensors.get("view")?.data).toEqual(Float32Array.of(1, 2));
    expect(tensors.get("raw")?.data).toEqual(Float32Array.of(1, 2));
  });

  test.each<[string, EncodableTensor, typeof ArgumentError, RegExp]>([
    [
      "w",
      { dtype: "F32", shape: [3], data: Float32Array.of(1) },
      ShapeError,
      /w: expected 12 bytes for shape \[3\]/,
    ],
    ["w", { dtype: "F32", shape: [-1], data: new Float32Array(0) }, ShapeError, /\[-1\]/],
    [
      "w",
      { dtype: "F32", shape: [1], data: Int32Array.of(1) },
      ArgumentError,
      /Float32Array or bytes.*Int32Array/,
    ],
    ["__metadata__", { dtype: "F32", shape: [1], data: Float32Array.of(1) }, ArgumentError, /reserves/],
  ])("refuses %s of %o", (name, tensor, kind, message) => {
    const encode = () => encodeSafetensors(new Map([[name, tensor]]));
    expect(encode).toThrow(kind);
    expect(encode).toThrow(message);
  });
});

describe("parseSafetensors", () => {
  test("gives back any tensors, names and metadata, at any alignment", () => {
    const tensor = fc.oneof(
      fc.float32Array().map((data) => ({ dtype: "F32" as const, shape: [data.length], data })),
      fc.uint32Array().map((data) => ({ dtype: "U32" as const, shape: [1, data.length], data })),
      fc.float64Array().map((data) => ({ dtype: "F64" as const, shape: [data.length, 1], data })),
      fc.uint8Array().map((data) => ({ dtype: "U8" as const, shape: [data.length], data })),
    );
    const name = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("__proto__", "0", '"\\":{', "w.é"),
    );
    const texts = fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, tensor)), texts, fc.nat(7), (list, metadata, shift) => {
        const tensors = new Map(list);
        const encoded = encodeSafetensors(tensors, metadata);
        const shifted = new Uint8Array(encoded.length + shift).subarray(shift);
        shifted.set(encoded);
        const parsed = parseSafetensors(shifted, "x");
        expect(parsed.tensors).toEqual(tensors);
        expect(parsed.metadata).toEqual(metadata);
        expect([...parsed.tensors.keys()]).toEqual([...tensors.keys()].sort());
      }),
      { seed: 11 },
    );
  });

  test("takes scalars, empty tensors and the types of other writers", () => {
    const bytes = file(
      '{"h":{"dtype":"F16","shape":[],"data_offsets":[0,2]} ,\n"e":{"dtype":"BF16","shape":[0,9],"data_offsets":[2,2]}}',
      2,
    );
    bytes.set([0x00, 0x3c], bytes.length - 2);
    const { tensors } = parseSafetensors(bytes, "x");
    expect(tensors.get("h")).toEqual({ dtype: "F16", shape: [], data: Uint16Array.of(0x3c00) });
    expect(tensors.get("e")).toEqual({ dtype: "BF16", shape: [0, 9], data: new Uint16Array(0) });
  });

  test("every cut of a file is refused", () => {
    const whole = encodeSafetensors(
      new Map([["a", { dtype: "F32", shape: [3], data: Float32Array.of(1, 2, 3) }]]),
    );
    for (let length = 0; length < whole.length; length++) failure(whole.subarray(0, length));
    expect(parseSafetensors(whole, "x").tensors.size).toBe(1);
  });

  test("a header longer than the file is refused before anything else is looked at", () => {
    const bytes = new Uint8Array(16);
    new DataView(bytes.buffer).setBigUint64(0, 2n ** 64n - 1n, true);
    expect(failure(bytes).message).toBe(
      "model.safetensors, byte 0: a header of 18446744073709551615 bytes does not fit in a file of 16",
    );
  });

  test.each<[string, Uint8Array, number, RegExp]>([
    ["not UTF-8", file("{}").fill(0xff, 8), 8, /UTF-8/],
    ["not JSON", file("{]"), 8, /not JSON/],
    ["deep nesting", file("[".repeat(300_000)), 8, /not JSON/],
    ["a list", file("[]"), 8, /not a JSON object/],
    ["blanks in front", file(" {}"), 8, /not a JSON object/],
    ["a name twice", file('{"a":{},"a":{}}'), 16, /names "a" twice/],
    ["a name twice, once escaped", file('{"é":{},"\\u00e9":{}}'), 17, /names "é" twice/],
    ["a field twice", file('{"a":{"dtype":"U8","dtype":"F32"}}'), 27, /names "dtype" twice/],
    ["bytes of no tensor", file({}, 4), 0, /4 bytes of data belong to no tensor/],
    ["too few bytes", file({ a: f32([2], 0, 8) }, 4), 9, /ends at byte 8 of the data, which has 4/],
    ["an overlap", file({ a: f32([2], 0, 8), b: f32([1], 4, 8) }, 8), 62, /"b": it begins at byte 4.*inside/],
    ["a gap", file({ a: f32([1], 4, 8) }, 8), 9, /apart from/],
    ["a wrong size", file({ a: f32([3], 0, 8) }, 8), 9, /do not fit shape \[3\] of F32, 12 bytes/],
    ["a huge shape", file({ a: f32([2 ** 40, 2 ** 40], 0, 8) }, 8), 9, /do not fit/],
    ["a shape that overflows", file({ a: f32(Array<number>(32).fill(2 ** 52), 0, 8) }, 8), 9, /Infinity/],
    ["a negative size", file({ a: f32([-2], 0, 8) }, 8), 9, /shape must be/],
    ["a broken size", file({ a: f32([0.5], 0, 2) }, 2), 9, /shape must be/],
    ["too many dimensions", file({ a: f32(Array<number>(33).fill(1), 0, 4) }, 4), 9, /at most 32/],
    ["falling offsets", file({ a: f32([1], 4, 0) }, 4), 9, /rising/],
    ["offsets past all numbers", file({ a: f32([1], 0, 2 ** 60) }, 4), 9, /rising/],
    [
      "an unknown type",
      file({ a: { dtype: "toString", shape: [], data_offsets: [0, 0] } }),
      9,
      /"toString" is none/,
    ],
    ["a type that is no text", file({ a: { dtype: 1, shape: [], data_offsets: [0, 0] } }), 9, /dtype/],
    ["an unknown field", file({ a: { ...f32([0], 0, 0), code: "x" } }), 9, /unknown field "code"/],
    ["an entry that is no object", file({ a: 1 }), 9, /expected an object/],
    ["metadata that is no text", file({ __metadata__: { a: 1 } }), 9, /__metadata__/],
  ])("refuses %s", (_, bytes, offset, message) => {
    const error = failure(bytes);
    expect(error.message).toMatch(message);
    expect(error.offset ?? 0).toBe(offset);
    expect(error.file).toBe("model.safetensors");
  });

  test("a long hostile name does not fill the message", () => {
    expect(failure(file({ ["x".repeat(1e6)]: 1 })).message.length).toBeLessThan(200);
  });

  test("whatever one byte is changed to, the file is read or refused, never more", () => {
    const whole = encodeSafetensors(new Map([["a", { dtype: "F32", shape: [1], data: Float32Array.of(1) }]]));
    for (let at = 0; at < whole.length; at++) {
      for (const value of [0, 0x22, 0x39, 0x5c, 0x7b, 0x7d, 0xff]) {
        const bytes = whole.slice();
        bytes[at] = value;
        try {
          parseSafetensors(bytes, "x");
        } catch (error) {
          expect(error).toBeInstanceOf(DataError);
        }
      }
    }
  });
});
