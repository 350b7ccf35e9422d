import { Matrix } from "ml-matrix";
import { expect, test } from "vitest";
import { BasisFit, type BasisForm } from "../../src/latent/basis.ts";
import type { Device } from "../../src/device/device.ts";
import { tensor } from "../../src/tensor/tensor.ts";
import { expectClose, rounded, withDevices } from "../check.ts";
import { svdReference, withSpectrum, type Dense } from "../svd/matrices.ts";
import { cut } from "./reference.ts";

const L = 9;
const k = 3;

/** Latent batches of 8, 8 and 2 samples, the last one smaller than k. */
const batches: Dense[] = [8, 8, 2].map((B, i) => {
  const h = withSpectrum(B, L, [5, 3, 2, 0.4, 0.2].slice(0, B), 40 + i);
  const common = withSpectrum(L, L, [2, 1.6, 1.2, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05], 7); // the batches are alike
  const mixed = Matrix.from1DArray(B, L, h.data).mmul(Matrix.from1DArray(L, L, common.data));
  return { M: B, N: L, data: rounded(mixed.to1DArray()) };
});
const all: Dense = {
  M: batches.reduce((sum, { M }) => sum + M, 0),
  N: L,
  data: batches.flatMap(({ data }) => data),
};

/** The first k left singular vectors of the bases of all batches side by side, (L, k), in float64. */
function concatenated(): Matrix {
  const bases = batches.map(({ data, M }) => cut(data, M, Math.min(k, M)).basis);
  const columns = bases.flatMap((basis) => basis.transpose().to2DArray());
  const side = new Matrix(columns).transpose();
  return svdReference({ M: L, N: columns.length, data: side.to1DArray() }, "U").U.subMatrix(
    0,
    L - 1,
    0,
    k - 1,
  );
}

const projector = (basis: Matrix) => basis.mmul(basis.transpose()).to1DArray();

async function fit(device: Device, form: BasisForm) {
  const fit = new BasisFit(device, L, k, form);
  for (const { M, data } of batches) device.scope(() => fit.add(tensor(device, data, [M, L])));
  return fit.finish();
}

withDevices((device) => {
  test.each([
    ["concatenated", concatenated],
    ["pca", () => svdReference(all, "V").V.subMatrix(0, L - 1, 0, k - 1)],
  ] as const)("%s spans what it spans in float64", async (form, reference) => {
    const { basis, kept, singularValues } = await fit(device(), form);
    const found = Matrix.from1DArray(L, k, Array.from(basis));
    expectClose(projector(found), projector(reference()), 2e-5, "span");
    expectClose(found.transpose().mmul(found).to1DArray(), Matrix.eye(k).to1DArray(), 1e-6, "orthonormality");

    const coefficients = Matrix.from1DArray(all.M, L, all.data).mmul(found);
    const gram = coefficients.transpose().mmul(coefficients);
    expectClose(
      gram.to1DArray(),
      Matrix.diag(Array.from(kept, (s) => s * s)).to1DArray(),
      1e-5,
      "uncorrelated",
    );
    expect([...kept]).toEqual([...kept].sort((a, b) => b - a));
    for (let column = 0; column < k; column++) {
      const entries = found.getColumn(column);
      const most = Math.max(...entries.map(Math.abs));
      expect(entries.some((entry) => entry === most)).toBe(true);
    }
    expectClose(singularValues.slice(0, 6), svdReference(all).S.slice(0, 6), 1e-5, "singular values");
  });

  test("fitting twice gives the same bits, and leaves no memory behind", async () => {
    const first = await fit(device(), "concatenated");
    const { live } = device().memory();
    const second = await fit(device(), "concatenated");
    expect(second.basis).toEqual(first.basis);
    expect(device().memory().live).toBe(live);
  });
});
