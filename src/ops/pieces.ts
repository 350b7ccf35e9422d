import { checkList, checkWhole } from "../device/arguments.ts";
import { ArgumentError, ShapeError } from "../device/errors.ts";
import { normalAxes, show } from "../tensor/shape.ts";
import { saveFor } from "../tensor/tape.ts";
import { checkOperands, type Tensor } from "../tensor/tensor.ts";
import { composed } from "./lib/composed.ts";
import { broadcastTo, concat, reshape, slice } from "./rearrange.ts";

/** x cut along `axis` into `parts` of one size, or into parts of the sizes that are listed. */
export function split(x: Tensor, parts: number | readonly number[], axis = 0): Tensor[] {
  checkOperands("split", x);
  const [at] = normalAxes("split", x.shape.length, axis) as [number];
  const extent = x.shape[at]!;
  if (typeof parts === "number") checkWhole("split: the number of parts", parts, 0, Math.max(1, extent));
  const sizes = typeof parts === "number" ? new Array<number>(parts).fill(extent / parts) : parts;
  checkList("split: the list of parts", sizes);
  if (
    sizes.reduce((sum, size) => sum + size, 0) !== extent ||
    !sizes.every((n) => Number.isInteger(n) && n >= 0)
  )
    throw new ShapeError(
      `split: parts ${show([parts].flat())} do not make up axis ${axis} of ${show(x.shape)}`,
    );
  return sizes.map((size, i) => {
    const start = sizes.slice(0, i).reduce((sum, before) => sum + before, 0);
    const along = (here: number, others: readonly number[]) => others.map((n, k) => (k === at ? here : n));
    return slice(
      x,
      along(
        start,
        x.shape.map(() => 0),
      ),
      along(size, x.shape),
    );
  });
}

/** x cut along `axis` into at most `parts` parts of one size, of which the last may be shorter. */
export function chunk(x: Tensor, parts: number, axis = 0): Tensor[] {
  checkOperands("chunk", x);
  const [at] = normalAxes("chunk", x.shape.length, axis) as [number];
  if (!Number.isInteger(parts) || parts < 1)
    throw new ArgumentError(`chunk: the number of parts is a whole number from 1, not ${parts}`);
  const extent = x.shape[at]!;
  const size = Math.ceil(extent / parts);
  const sizes = Array.from({ length: Math.max(1, Math.ceil(extent / Math.max(1, size))) }, (_, i) =>
    Math.min(size, extent - i * size),
  );
  return split(x, sizes, at);
}

/** The slices of x along `axis`, each without that axis. */
export function unstack(x: Tensor, axis = 0): Tensor[] {
  checkOperands("unstack", x);
  const [at] = normalAxes("unstack", x.shape.length, axis) as [number];
  const shape = x.shape.filter((_, i) => i !== at);
  return composed([x], () => split(x, x.shape[at]!, at).map((part) => reshape(part, shape)));
}

/** The tensors of `list`, which have one shape, along a new axis. */
export function stack(list: readonly Tensor[], axis = 0): Tensor {
  checkList("stack: the list of tensors", list);
  checkOperands("stack", ...list);
  const rank = (list[0]?.shape.length ?? 0) + 1;
  const [at] = normalAxes("stack", rank, axis) as [number];
  const parts = list.map((x) => reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]));
  const out = concat(parts, at);
  saveFor([out], list, parts);
  return out;
}

/** x repeated `repeats[axis]` times along each axis, whole copies one after another. */
export function tile(x: Tensor, repeats: readonly number[]): Tensor {
  checkOperands("tile", x);
  checkList("tile: the list of repeats", repeats);
  if (repeats.length !== x.shape.length || !repeats.every((n) => Number.isInteger(n) && n >= 0))
    throw new ShapeError(
      `tile: repeats ${show(repeats)} for ${show(x.shape)}; give a whole number for each axis`,
    );
  const apart = reshape(
    x,
    x.shape.flatMap((extent) => [1, extent]),
  );
  const repeated = broadcastTo(
    apart,
    x.shape.flatMap((extent, axis) => [repeats[axis]!, extent]),
  );
  return reshape(
    repeated,
    x.shape.map((extent, axis) => extent * repeats[axis]!),
  );
}
