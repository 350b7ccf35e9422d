import type { Device } from "../../device/device.ts";
import { kernel, linearGrid, type LaunchOptions, type Operands, type Params } from "../../device/kernel.ts";

/** Who loads what in a register tile: "own" (`lib/ownTile.wgsl`) or "shared" (`lib/sharedTile.wgsl`). */
export type Tile = "own" | "shared";

/** The work of a tiled kernel: rows by columns, `depths` times over (batches, slices, phases). */
export interface Extent {
  rows: number;
  columns: number;
  depths?: number;
}

/** Lanes that share in subgroups of this device, or 0 where sharing does not pay or is not there. */
function sharers(device: Device): number {
  if (!device.isSoftware || !device.gpu.features.has("subgroups")) return 0;
  const { subgroupMinSize, subgroupMaxSize } = device.gpu.adapterInfo;
  const fits = subgroupMinSize === subgroupMaxSize && (subgroupMinSize === 8 || subgroupMinSize === 4);
  return fits ? subgroupMinSize : 0;
}

/** Whether an axis of n elements is read in whole vec4s, for an `override`. */
export function byFour(n: number): number {
  return n % 4 === 0 ? 1 : 0;
}

/** The tile that is fastest on this device for so many columns: at 8, three quarters of a shared one lie idle. */
export function chooseTile(device: Device, columns: number): Tile {
  return columns > 8 && sharers(device) > 0 ? "shared" : "own";
}

/**
 * The kernel `shaders/<name>.wgsl`, or `<name>.shared.wgsl`, whose lanes own the rows and columns that the tile
 * gives them; launched as `run(entryPoint, operands, params, extent, options)`.
 */
export function tiledKernel(name: string) {
  const kernels = { own: kernel(name), shared: kernel(`${name}.shared`) };
  return function run(
    entryPoint: string,
    operands: Operands,
    params: Params,
    { rows, columns, depths = 1 }: Extent,
    { tile, ...options }: LaunchOptions & { tile?: Tile | undefined } = {},
  ): void {
    const { device } = Object.values(operands)[0]!;
    const chosen = tile ?? chooseTile(device, columns);
    const vectors = Math.ceil(columns / 4);
    const size = device.isSoftware ? 8 : 64;
    const [groups, constants] =
      chosen === "shared"
        ? [Math.ceil(rows / 16) * Math.ceil(vectors / 8), { SUBGROUP: sharers(device) }]
        : [Math.ceil((Math.ceil(rows / 4) * vectors) / size), { TILE_WG: size }];
    const [x, y] = linearGrid(groups, 1);
    kernels[chosen](entryPoint, operands, params, [x, y, depths], {
      ...options,
      constants: { ...options.constants, ...constants },
    });
  };
}
