import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseNpy, writeNpy } from "../../src/data/npy.ts";
import { ShapeError } from "../../src/device/errors.ts";
import { checkDataError, expectDataError } from "./files.ts";

/** A file with this header text and these element bytes. */
function npy(header: string, elements: Uint8Array, version = 1): Uint8Array {
  const length =
    version === 1
      ? [header.length & 255, header.length >> 8]
      : [header.length & 255, header.length >> 8, 0, 0];
  const prefix = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0, ...length];
  return new Uint8Array([...prefix, ...new TextEncoder().encode(header), ...elements]);
}

const head = (descr: string, shape: string, order = "False") =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

const sixteen = (values: number[]) => new Uint8Array(Int16Array.from(values).buffer);

describe("parseNpy", () => {
  test("what writeNpy wrote comes back", () => {
    const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 });
    const kinds = fc.constantFrom("bytes", "float32", "float64");
    fc.assert(
      fc.property(shapes, kinds, (shape, kind) => {
        const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i * 1.5);
        const Kind = { bytes: Uint8Array, float32: Float32Array, float64: Float64Array }[kind];
        const data = new Kind(values);
        const file = writeNpy(data, shape);
        expect(parseNpy(file, "x.npy")).toMatchObject({ shape, data });
        expect((file.length - data.byteLength) % 64).toBe(0);
      }),
      { seed: 14 },
    );
    expect(() => writeNpy(new Uint8Array(3), [2])).toThrow(ShapeError);
  });

  test.each([
    ["|u1", [1, 255], [1, 255]],
    ["|b1", [0, 2], [0, 1]],
    ["<f2", [0, 0x3e, 0, 0xc0], [1.5, -2]],
    [">f2", [0x3e, 0, 0xc0, 0], [1.5, -2]],
    ["<f2", [1, 0, 0xff, 0x7b], [2 ** -24, 65504]],
    ["<f2", [0, 0x80, 0, 0xfc], [-0, -Infinity]],
    ["|i1", [1, 255], [1, -1]],
    ["<i2", [1, 0, 254, 255], [1, -2]],
    [">i2", [0, 1, 255, 254], [1, -2]],
    ["<u2", [254, 255, 0, 1], [65534, 256]],
    ["<i4", [255, 255, 255, 255, 5, 0, 0, 0], [-1, 5]],
    [">u4", [255, 255, 255, 255, 0, 0, 0, 5], [4294967295, 5]],
    ["<i8", [255, 255, 255, 255, 255, 255, 255, 255, 7, 0, 0, 0, 0, 0, 0, 0], [-1, 7]],
    [">u8", [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 7], [256, 7]],
    ["<f4", [0, 0, 192, 63, 0, 0, 0, 192], [1.5, -2]],
    [">f8", [63, 248, 0, 0, 0, 0, 0, 0, 192, 0, 0, 0, 0, 0, 0, 0], [1.5, -2]],
  ])("reads %s", (descr, elements, expected) => {
    const file = npy(head(descr, "(2,)"), Uint8Array.from(elements));
    const { data } = parseNpy(file, "x.npy");
    expect([...data]).toEqual(expected);
    expect(data).toBeInstanceOf(
      /[ub]1/.test(descr) ? Uint8Array : /f[24]/.test(descr) ? Float32Array : Float64Array,
    );
  });

  test("reads headers of Python 2, and an array without axes", () => {
    const old = "{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 1L), }";
    expect(parseNpy(npy(old, Uint8Array.of(7, 9)), "x.npy")).toEqual({
      shape: [2, 1],
      data: Uint8Array.of(7, 9),
      type: "u1",
    });
    expect(parseNpy(npy(head("<i2", "()"), sixteen([5])), "x.npy").shape).toEqual([]);
  });

  test.each([
    ["<c8", /"c8" \(complex numbers\) is not supported/],
    ["<U3", /"U3" \(text\)/],
    ["<f16", /"f16" \(floats of that length\)/],
    ["<M8[ns]", /'<M8\[ns\]' is not a plain number/],
  ])("refuses %s by name", (descr, words) =>
    expectDataError(
      () => parseNpy(npy(head(descr, "(1,)"), new Uint8Array(16)), "x.npy"),
      "x.npy",
      20,
      words,
    ),
  );

  test("refuses structured types by name", () =>
    expectDataError(
      () =>
        parseNpy(
          npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", sixteen([0, 0])),
          "x.npy",
        ),
      "x.npy",
      20,
      /structured type, with fields/,
    ));

  test("turns Fortran order around, in versions 2 and 3 as well", () => {
    const file = npy(head("<i2", "(2, 3)", "True"), sixteen([0, 10, 1, 11, 2, 12]), 2);
    expect([...parseNpy(file, "f.npy").data]).toEqual([0, 1, 2, 10, 11, 12]);
    const cube = npy(head("|u1", "(2, 1, 2)", "True"), Uint8Array.of(0, 100, 1, 101), 3);
    expect([...parseNpy(cube, "f.npy").data]).toEqual([0, 1, 100, 101]);
  });

  test("reads views that begin inside a larger buffer", () => {
    const file = writeNpy(Float32Array.of(1, 2), [2]);
    const shifted = new Uint8Array(file.length + 3);
    shifted.set(file, 3);
    expect([...parseNpy(shifted.subarray(3), "x").data]).toEqual([1, 2]);
  });

  test("every way of cutting a file short is an error", async () => {
    const file = writeNpy(Float32Array.of(1, 2, 3), [3]);
    for (let length = 0; length < file.length; length++) {
      await expectDataError(() => parseNpy(file.slice(0, length), "cut.npy"), "cut.npy");
    }
    const longer = new Uint8Array([...file, 0, 0, 0, 0, 7]); // what NumPy reads past, of a memory map
    expect(parseNpy(longer, "long.npy")).toEqual(parseNpy(file, "x.npy"));
  });

  // Each with the piece of the header at which reading stops; "" for its end.
  test.each([
    ["an object array", "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "'|O'"],
    ["records", "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "[("],
    ["code", "{'descr': __import__('os'), 'fortran_order': False, 'shape': (1,), }", "__import"],
    ["a negative size", "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "-1"],
    ["a fraction", "{'descr': '<f4', 'fortran_order': False, 'shape': (1.5,), }", ".5"],
    ["no shape", "{'descr': '<f4', 'fortran_order': False, }", ""],
    ["a shape that is no tuple", "{'descr': '<f4', 'fortran_order': False, 'shape': 4, }", "4, }"],
    ["an order that is none", "{'descr': '<f4', 'fortran_order': 'x', 'shape': (1,), }", "'x'"],
    ["text after the end", "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }, 1", ", 1"],
    ["an open brace", "{'descr': '<f4'", ""],
    [
      "a size beyond numbers",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
      "(9",
    ],
    [
      "too large a size",
      "{'descr': '<f8', 'fortran_order': False, 'shape': (900000000000, 9000000), }",
      undefined,
    ],
  ])("refuses %s", async (_, header, stop) => {
    const offset =
      stop === undefined ? undefined : 10 + (stop === "" ? header.length : header.lastIndexOf(stop));
    await expectDataError(() => parseNpy(npy(header, new Uint8Array(4)), "bad.npy"), "bad.npy", offset);
  });

  test("refuses a header length or version that is none", async () => {
    const file = writeNpy(Uint8Array.of(1), [1]);
    for (const [index, value, offset] of [
      [0, 0x92, 0],
      [5, 0, 5],
      [6, 4, 6],
      [9, 255, 8],
    ] as const) {
      const bad = file.slice();
      bad[index] = value;
      await expectDataError(() => parseNpy(bad, "bad.npy"), "bad.npy", offset);
    }
  });

  test("any damage to a header gives an error about the file or an array that fits", () => {
    const file = writeNpy(Float32Array.of(1, 2, 3, 4), [2, 2]);
    const damage = fc.array(fc.tuple(fc.integer({ min: 6, max: 80 }), fc.integer({ min: 0, max: 255 })), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(damage, (changes) => {
        const bad = file.slice();
        for (const [index, value] of changes) bad[index] = value;
        try {
          const { shape, data } = parseNpy(bad, "bad.npy");
          expect(shape.reduce((a, b) => a * b, 1)).toBe(data.length);
        } catch (error) {
          checkDataError(error, "bad.npy");
        }
      }),
      { numRuns: 500, seed: 15 },
    );
  });
});
