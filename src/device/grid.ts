/** Workgroups that WebGPU promises along an axis of a grid. */
export const MOST_GROUPS = 65535;

/** Workgroups of `size` for `n` invocations along one axis: as many as an axis has at most, for kernels that go round. */
export function groupsFor(n: number, size: number): number {
  return Math.min(MOST_GROUPS, Math.ceil(n / size));
}

/** The grid that covers `n` invocations with one-dimensional workgroups of `size`, folded where it is too long. */
export function linearGrid(n: number, size: number): [number, number] {
  const groups = Math.ceil(n / size);
  const rows = Math.ceil(groups / MOST_GROUPS);
  return [Math.ceil(groups / Math.max(1, rows)), rows];
}
