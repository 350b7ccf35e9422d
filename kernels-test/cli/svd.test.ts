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

  test("says what is wrong with a file or an option", async () => {
    const folder = temporaryFolder();
    const { file } = matrixFile(folder);
    const write = (values: number[], shape: number[]) => {
      const bad = `${folder}/bad.${values.join("_")}.npy`;
      writeFileSync(bad, writeNpy(Float64Array.from(values), shape));
      return bad;
    };
    const cases: [args: string[], code: number, message: RegExp][] = [
      [[`${folder}/none.npy`], 1, /ENOENT.*none\.npy/],
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
        /svd: a \(2, 2\) holds a NaN or an infinity, or its rotations do not settle, so it has no factors/,
      ],
      [[write([1, 1e300, 2, 3], [2, 2])], 1, /bad.*: 1e\+300 is past float32.*scale the matrix/],
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
