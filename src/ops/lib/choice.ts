import { matchesAdapter } from "../../device/adapters.ts";
import type { Device } from "../../device/device.ts";

/**
 * How the lanes of a product share it out, see `shaders/lib/<tile>Tile.wgsl`: "own" works everywhere; "shared", and
 * "tall" for at most 8 columns, are for CPU adapters with subgroups; "staged" is in workgroup memory, for GPUs.
 */
export type Tile = "own" | "shared" | "tall" | "staged";

/** What a tiled kernel computes: rows by columns. */
export interface Product {
  /** The kernel and its entry point, as the profiler names them: "conv2d.forward". */
  label: string;
  rows: number;
  columns: number;
}

/** The classes of row and column numbers, by the most that each holds. */
export const CLASSES = { rows: [4, 32, Infinity], columns: [4, 8, 16, 32, Infinity] } as const;

/**
 * The tile that comes with hestenes for each class, fastest on the shapes that `devices --tune` measures, with CPU
 * time on 2 cores for lavapipe (Mesa 25) and SwiftShader 5. A lane of "shared" has a vec4 of columns, and 8 lanes go
 * together: with 16 columns half of them idle, which only lavapipe makes up for. What is there for GPUs was reasoned
 * out for NVIDIA's, and not measured yet.
 */
const shipped: Record<"lavapipe" | "swiftshader" | "gpu", readonly (readonly Tile[])[]> = {
  lavapipe: [
    // columns up to 4, 8, 16, 32, more
    ["own", "tall", "own", "shared", "shared"], // up to 4 rows
    ["own", "tall", "shared", "shared", "shared"], // up to 32 rows
    ["own", "tall", "shared", "shared", "shared"], // more rows
  ],
  swiftshader: [
    ["own", "tall", "own", "own", "own"],
    ["own", "tall", "own", "shared", "shared"],
    ["own", "tall", "own", "shared", "shared"],
  ],
  gpu: [
    ["own", "own", "own", "staged", "staged"],
    ["own", "own", "own", "staged", "staged"],
    ["own", "own", "own", "staged", "staged"],
  ],
};

/** The tile for a product on this device: as measured on this machine, else as it comes with hestenes. */
export function chooseTile(device: Device, product: Product): Tile {
  const possible = tilesFor(device, product.columns);
  const measured = device.tuning.get(classOf(product));
  return possible.find((tile) => tile === measured) ?? shippedTile(device, product);
}

/** The tile that comes with hestenes for a product on this device. */
export function shippedTile(device: Device, { rows, columns }: Product): Tile {
  const gpu = !device.isSoftware;
  const family = gpu ? "gpu" : matchesAdapter(device.info.name, "swiftshader") ? "swiftshader" : "lavapipe";
  const tile = shipped[family][place(CLASSES.rows, rows)]![place(CLASSES.columns, columns)]!;
  return tilesFor(device, columns).includes(tile) ? tile : "own";
}

/** The tiles that a product of so many columns can be made with on this device, and that may be the fastest. */
export function tilesFor(device: Device, columns: number): Tile[] {
  if (!device.isSoftware) return ["own", "staged"];
  if (sharers(device) === 0) return ["own"];
  return columns <= 8 ? ["own", "shared", "tall"] : ["own", "shared"];
}

/** The name of the class that a product is of, such as "conv2d.forward 33+ × 9-16". */
export function classOf({ label, rows, columns }: Product): string {
  return `${label} ${range(CLASSES.rows, rows)} × ${range(CLASSES.columns, columns)}`;
}

/** Lanes that share in subgroups of this device, or 0 where sharing does not pay or is not there. */
export function sharers(device: Device): number {
  if (!device.isSoftware || !device.gpu.features.has("subgroups")) return 0;
  const { subgroupMinSize, subgroupMaxSize } = device.gpu.adapterInfo;
  const fits = subgroupMinSize === subgroupMaxSize && (subgroupMinSize === 8 || subgroupMinSize === 4);
  return fits ? subgroupMinSize : 0;
}

function place(bounds: readonly number[], n: number): number {
  return bounds.findIndex((bound) => n <= bound);
}

/** The class of n in words: "1-4", "33+". */
function range(bounds: readonly number[], n: number): string {
  const i = place(bounds, n);
  const least = (bounds[i - 1] ?? 0) + 1;
  return bounds[i] === Infinity ? `${least}+` : `${least}-${bounds[i]}`;
}
