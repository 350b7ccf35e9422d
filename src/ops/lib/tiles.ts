import type { Device } from "../../device/device.ts";
import { ArgumentError } from "../../device/errors.ts";
import { kernel, linearGrid, type LaunchOptions, type Operands, type Params } from "../../device/kernel.ts";
import type { ShaderTexts } from "../../device/shader.ts";
import { chooseTile, sharers, type Tile } from "./choice.ts";

export { chooseTile, sharers, type Tile } from "./choice.ts";

/**
 * The work of a tiled kernel: rows by columns, `depths` times over (batches, slices), one after the other along the
 * grid's z; each in so many `phases`, which the workgroups take in turn.
 */
export interface Extent {
  rows: number;
  columns: number;
  depths?: number | undefined;
  phases?: number | undefined;
  /** Whether four rows of a lane stand next to each other, and are loaded as vec4s; two are loaded one by one. */
  rowVectors?: boolean | undefined;
}

/** Whether an axis of n elements is read in whole vec4s, for an `override`. */
export function byFour(n: number): number {
  return n % 4 === 0 ? 1 : 0;
}

/**
 * The kernel `shaders/<name>.wgsl`, or `<name>.<tile>.wgsl`, whose lanes own the rows and columns that the tile
 * gives them; launched as `run(entryPoint, operands, params, extent, options)`.
 */
export function tiledKernel(name: string, texts?: ShaderTexts) {
  const kernels = {
    own: kernel(name, texts),
    shared: kernel(`${name}.shared`, texts),
    tall: kernel(`${name}.tall`, texts),
    staged: kernel(`${name}.staged`, texts),
  };
  return function run(
    entryPoint: string,
    operands: Operands,
    params: Params,
    extent: Extent,
    { tile, ...options }: LaunchOptions & { tile?: Tile | undefined } = {},
  ): void {
    const { rows, columns, depths = 1, phases = 1 } = extent;
    const { device } = Object.values(operands)[0]!;
    const chosen = tile ?? chooseTile(device, { label: `${name}.${entryPoint}`, rows, columns });
    const { groups, constants } = layoutOf(chosen, device, extent);
    const [x, y] = linearGrid(groups * phases, 1);
    const entry = chosen === "staged" ? `${entryPoint}_staged` : entryPoint;
    kernels[chosen](entry, operands, params, [x, y, depths], {
      ...options,
      constants: { ...options.constants, ...constants },
    });
  };
}

/** The workgroups of a tile, and the constants that its library takes. */
function layoutOf(tile: Tile, device: Device, { rows, columns, rowVectors = false }: Extent) {
  const vectors = Math.ceil(columns / 4);
  const SUBGROUP = sharers(device);
  const ADJACENT = rowVectors ? 1 : 0;
  if ((tile === "shared" || tile === "tall") && SUBGROUP === 0)
    throw new ArgumentError(`${device.info.name} has no subgroups for the tile "${tile}": use "own"`);
  switch (tile) {
    case "own": {
      const size = device.isSoftware ? 8 : 64;
      return {
        groups: Math.ceil((Math.ceil(rows / 4) * vectors) / size),
        constants: { TILE_WG: size },
      };
    }
    case "shared": {
      // A tile of half the rows takes so much of the time, which pays where the other half would lie idle.
      const half = rowVectors ? 0.7 : 0.58;
      const halves = Math.ceil(rows / (2 * SUBGROUP));
      const LOADS = half * halves < Math.ceil(halves / 2) ? 2 : 4;
      return {
        groups: Math.ceil(rows / (LOADS * SUBGROUP)) * Math.ceil(vectors / 8),
        constants: { SUBGROUP, LOADS, ADJACENT },
      };
    }
    case "tall":
      if (columns > 8)
        throw new ArgumentError(`the tile "tall" is for at most 8 columns, not ${columns}: use "shared"`);
      return { groups: Math.ceil(rows / (4 * SUBGROUP)), constants: { SUBGROUP, ADJACENT } };
    case "staged":
      return { groups: Math.ceil(rows / 64) * Math.ceil(columns / 64), constants: {} };
  }
}
