// How the launches of a normalisation see its operand, and share its rows among their lanes.

/** Lanes of a workgroup of the normalisations' kernels. */
export const WG = 64;

/** x as (A,R,K): each D neighbouring columns of an a have statistics of their own. */
export interface Layout {
  A: number;
  R: number;
  K: number;
  D: number;
}

/** How the launches of one op see x. */
export interface Plan {
  /** Sums over what is normalised. */
  sums: Layout;
  /** Element by element, and sums over what shares scale and shift. */
  elements: Layout;
  /** Whether a row of `elements` has statistics of its own: it is a column of `sums`. */
  EACH_ROW: 0 | 1;
}

export function byChannels(A: number, R: number, K: number, D: number): Plan {
  return { sums: { A, R, K, D }, elements: { A, R, K, D }, EACH_ROW: 0 };
}

/** How the R rows of each column are shared among P lanes: up to n rows, S apart, so that 64 lanes read neighbours. */
export function sharesOf({ R, K }: Layout, n: number): { P: number; S: number; n: number } {
  const S = Math.max(1, Math.min(Math.ceil(R / n), Math.ceil(WG / K)));
  const rows = Math.max(1, Math.min(n, Math.ceil(R / S)));
  return { P: S * Math.ceil(R / (rows * S)), S, n: rows };
}

/** Rows a lane takes of a sum: so many that the lanes are enough to fill the device, and few sums are left. */
export function rowsOfSums({ A, R, K }: Layout, isSoftware: boolean): number {
  const [enough, most] = isSoftware ? [512, 64] : [65536, 4096];
  const parts = Math.min(most, Math.ceil(enough / Math.max(1, A * K)), Math.ceil(R / 8));
  return Math.max(1, Math.ceil(R / Math.max(1, parts)));
}

export function lanesOf({ A, P, K }: { A: number; P: number; K: number }): number {
  return A * P * K;
}
