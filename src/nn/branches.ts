import { ShapeError } from "../device/errors.ts";
import { add } from "../ops/elementwise.ts";
import { concat as join } from "../ops/rearrange.ts";
import { sameShape, show, type Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { applyAll, needs, rowsOf, type Layers } from "./chain.ts";
import type { Layer } from "./layer.ts";

/** Layers one after the other as one layer; without any, what comes in goes out. */
export function chain(layers: Layers): Layer {
  return {
    label: "chain",
    ...needs(layers),
    outputShape: (input) => rowsOf(layers, input).outputShape,
    inside: (input) => rowsOf(layers, input).rows,
    apply: (x, parameter, context) => applyAll(layers, x, parameter, context),
  };
}

/**
 * main(x) + shortcut(x), or main(x) + x where there is no shortcut: (…input) → what both make of it. Their parameters are
 * named `main.….weight` and `shortcut.….weight`. Source: He et al., "Deep residual learning", CVPR 2016, equations 1, 2.
 */
export function residual(main: Layers, shortcut: Layers = {}): Layer {
  return branches(
    "residual",
    { main, shortcut },
    ([first, second]) => {
      if (!sameShape(first!, second!))
        throw new ShapeError(
          `residual: main makes ${show(first!)}, the shortcut ${show(second!)}; they are added and have to be alike`,
        );
      return first!;
    },
    ([first, second]) => add(first!, second!),
  );
}

/**
 * What the branches make of one input, side by side along the last axis: the channels. An empty branch hands on the input
 * itself. Their names go before those of their parameters.
 */
export function concat(named: Readonly<Record<string, Layers>>): Layer {
  if (Object.keys(named).length === 0) throw new ShapeError("concat: give one branch at least");
  return branches(
    "concat",
    named,
    (shapes) => {
      const [first] = shapes as [Shape];
      for (const shape of shapes)
        if (shape.length === 0 || !sameShape(shape.slice(0, -1), first.slice(0, -1)))
          throw new ShapeError(
            `concat: the branches make ${shapes.map(show).join(", ")}, which differ in more than the last axis`,
          );
      return [...first.slice(0, -1), shapes.reduce((sum, shape) => sum + shape.at(-1)!, 0)];
    },
    (outputs) => join(outputs, -1),
  );
}

/** A layer that applies each branch to its input, and puts together what they make. */
function branches(
  label: string,
  named: Readonly<Record<string, Layers>>,
  shapeOf: (shapes: Shape[]) => Shape,
  combine: (outputs: Tensor[]) => Tensor,
): Layer {
  const all = Object.entries(named);
  const each = needs(Object.fromEntries(all.map(([name, layers]) => [name, chain(layers)])));
  return {
    label,
    ...each,
    outputShape: (input) =>
      shapeOf(all.map(([name, layers]) => rowsOf(layers, input, `${name}.`).outputShape)),
    inside: (input) =>
      all.flatMap(([branch, layers]) =>
        rowsOf(layers, input).rows.map((row) => ({ ...row, name: `${branch}.${row.name}` })),
      ),
    apply: (x, parameter, context) =>
      combine(all.map(([name, layers]) => applyAll({ [name]: chain(layers) }, x, parameter, context))),
  };
}
