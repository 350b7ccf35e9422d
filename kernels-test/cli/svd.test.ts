import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseNpy, writeNpy } from "../../src/data/npy.ts";
import { temporaryFolder } from "../data/files.ts";
import { svdReference, withSpectrum } from "../svd/matrices.ts";
import { expectClose } from "../check.ts";
import { run } from "./main.ts";

const spectrum = [8, 4, 2, 1, 0.5];

/** A .npy file of a 9 × 5 matrix of these singular values. */
function matrixFile(folder: string, values = spectrum) {
  const matrix = withSpectrum(9, 5, values);
  const file = `${folder}/A.npy`;
  writeFileSync(file, writeNpy(Float64Array.from(matrix.data), [9, 5]));
  return { file, matrix };
}

const array = (file: string) => parseNpy(readFileSync(file), file);

describe("hestenes svd", () => {
  test("prints a summary", async () => {
    const { file } = matrixFile(temporaryFolder());
    const { code, stdout } = await run("svd", file, "--k", "2");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^matrix {11}9 × 5, rank 5 in float32\nsingular values {2}8\.0000\d* {2}[34]\.\d+\n/,
    );
    expect(stdout).toMatch(/\ncondition {8}16\.00\nrank 2 keeps all but 24\.8 % of the norm\n/);
    expect(stdout).toMatch(/\n\d+ ms on .+\n$/);
  });

  test("writes the factors that it keeps", async () => {
    const folder = temporaryFolder();
    const { file, matrix } = matrixFile(folder);
    const { code, stdout } = await run("svd", file, "--k", "3", "--out", `${folder}/factors`);
    expect(code).toBe(0);
    expect(stdout).toContain(`U.npy, S.npy and Vt.npy are in ${folder}/factors\n`);
    const [U, S, Vt] = ["U", "S", "Vt"].map((name) => array(`${folder}/factors/${name}.npy`));
    expect([U!.shape, S!.shape, Vt!.shape]).toEqual([[9, 3], [3], [3, 5]]);
    const want = svdReference(matrix);
    expectClose(S!.data, spectrum.slice(0, 3), 1e-6);
    const leading = want.U.subMatrixColumn([0, 1, 2]);
    expectClose(U!.data, leading.to1DArray(), 1e-5, "U");
    expectClose(Vt!.data, want.V.subMatrixColumn([0, 1, 2]).transpose().to1DArray(), 1e-5, "Vt");
  });

  test("prints all that it knows as JSON", async () => {
    const { file } = matrixFile(temporaryFolder(), [3, 1, 0, 0, 0]);
    const { stdout } = await run("svd", file, "--json");
    const found = JSON.parse(stdout) as { values: number[] };
    expect(found).toMatchObject({ shape: [9, 5], k: 5, rank: 2, condition: null, error: 0 });
    expectClose(found.values, [3, 1, 0, 0, 0], 1e-6);
  });

  test("takes any byte order, type and order of entries, and one row", async () => {
    const folder = temporaryFolder();
    const file = `${folder}/A.npy`;
    const numbers = [1, 2, 3, 4, 5, 7];
    /** The bytes of a file whose entries are written one by one. */
    const write = (
      type: string,
      fortran: boolean,
      shape: number[],
      put: (view: DataView, i: number) => void,
    ) => {
      const header = `{'descr': '${type}', 'fortran_order': ${fortran ? "True" : "False"}, 'shape': (${shape.join(", ")}), }`;
      const size = Number(type[2]);
      const bytes = new Uint8Array(128 + size * numbers.length);
      bytes.set([0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, 118, 0]);
      bytes.set(new TextEncoder().encode(header.padEnd(117) + "\n"), 10);
      numbers.forEach((_, i) => put(new DataView(bytes.buffer, 128), i));
      writeFileSync(file, bytes);
    };
    const kinds: [string, boolean, number[], (view: DataView, i: number) => void][] = [
      ["<f8", false, [2, 3], (view, i) => view.setFloat64(8 * i, numbers[i]!, true)],
      [">f4", false, [2, 3], (view, i) => view.setFloat32(4 * i, numbers[i]!, false)],
      ["<f8", true, [2, 3], (view, i) => view.setFloat64(8 * i, numbers[3 * (i % 2) + (i >> 1)]!, true)],
      ["<i8", false, [2, 3], (view, i) => view.setBigInt64(8 * i, BigInt(numbers[i]!), true)],
      [">i2", true, [3, 2], (view, i) => view.setInt16(2 * i, numbers[i]!, false)],
      ["|u1", false, [1, 6], (view, i) => view.setUint8(i, numbers[i]!)],
    ];
    for (const [type, fortran, shape, put] of kinds) {
      write(type, fortran, shape, put);
      const { stdout } = await run("svd", file, "--json");
      const [M, N] = shape as [number, number];
      const entry = fortran && M === 3 ? (i: number, j: number) => numbers[i + 3 * j]! : undefined;
      const data = entry ? [0, 1, 2].flatMap((i) => [0, 1].map((j) => entry(i, j))) : numbers;
      const { values } = JSON.parse(stdout) as { values: number[] };
      expectClose(values, svdReference({ M, N, data }).S, 1e-6, `${type}, ${shape.join(" × ")}`);
    }
  });

  test("says what is wrong with a file or an option", async () => {
    const folder = temporaryFolder();
    const { file } = matrixFile(folder);
    const write = (values: number[], shape: number[]) => {
      const bad = `${folder}/bad.${values.join("_")}.npy`;
      writeFileSync(bad, writeNpy(Float64Array.from(values), shape));
      return bad;
    };
    const cut = (whole: string, bytes: number) => {
      const short = `${folder}/short.${bytes}.npy`;
      writeFileSync(short, readFileSync(whole).subarray(0, -bytes));
      return short;
    };
    const cases: [args: string[], code: number, message: RegExp][] = [
      [[`${folder}/none.npy`], 1, /none\.npy: nothing of that name is there/],
      [[file, "--k", "6"], 2, /--k: a matrix of 9 × 5 has 5 singular values, not 6/],
      [[file, "--k", "0"], 2, /--k takes a whole number from 1, not "0"/],
      [
        [write([1, 2, 3], [3])],
        1,
        /bad\.1_2_3\.npy.*expected a matrix with entries, the array has shape \(3\)/,
      ],
      [[write([], [0, 4])], 1, /expected a matrix with entries, the array has shape \(0, 4\)/],
      [
        [write([1, NaN, 2, 3], [2, 2])],
        1,
        /NaN_2_3\.npy.*row 0, column 1 \(both from 0\): NaN has no place in a matrix/,
      ],
      [[write([1, 2, 3, -Infinity], [2, 2])], 1, /row 1, column 1 \(both from 0\): -Infinity has no place/],
      [[write([1, 1e300, 2, 3], [2, 2])], 1, /bad.*column 1.*: 1e\+300 is past float32.*scale the matrix/],
      [[write([0, -1e-300], [1, 2])], 1, /all of it is below float32, the largest entry being 1e-300/],
      [[write([3e38, 3e38], [1, 2])], 1, /svd: a \(1, 2\) is too large: .* past float32's 3.4e38; scale it/],
      [[folder], 1, /this is a folder; a file is needed/],
      [[cut(file, 5)], 1, /short\.5\.npy, byte \d+: shape \[9, 5\] of f8 takes 360 bytes, 355 bytes follow/],
      [[cut(file, 400)], 1, /short\.400\.npy, byte 8: a header of \d+ bytes does not fit/],
      [[cut(file, 488)], 1, /short\.488\.npy, byte 0: not a \.npy file/],
      [
        [write([1, 2, 3, 4], [1, 2, 2])],
        1,
        /expected a matrix with entries, the array has shape \(1, 2, 2\)/,
      ],
    ];
    for (const [args, code, message] of cases) {
      const ended = await run("svd", ...args);
      expect(ended).toMatchObject({ code, stdout: "" });
      expect(ended.stderr).toMatch(message);
    }
    writeFileSync(`${folder}/bad.npy`, "text");
    expect((await run("svd", `${folder}/bad.npy`)).stderr).toMatch(/bad\.npy.*byte 0/);
  });
});
