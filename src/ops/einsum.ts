import { ArgumentError, ShapeError } from "../device/errors.ts";
import { show, sizeOf } from "../tensor/shape.ts";
import { checkTensors, type Tensor } from "../tensor/tensor.ts";
import { mul } from "./arithmetic.ts";
import { composed } from "./lib/composed.ts";
import { matmul } from "./matmul.ts";
import { permute, reshape, stridedSlice } from "./rearrange.ts";
import { sum } from "./reduce.ts";

/** A tensor whose axes have names. */
interface Named {
  x: Tensor;
  labels: readonly string[];
}

/**
 * Einstein's sums: `einsum("bij,bjk->bik", a, b)`. Each letter names an axis of the operands; what the result does not name is
 * summed over. Without an arrow it has the letters that come once, in the order of the alphabet. A letter twice in an operand
 * takes its diagonal; `...` stands for any further axes, which are broadcast. Operands are multiplied from left to right.
 *
 * @throws ArgumentError for an equation that cannot be read, ShapeError where it does not fit the shapes.
 */
export function einsum(equation: string, ...operands: Tensor[]): Tensor {
  const { inputs, output } = parse(equation, operands);
  return composed(operands, () => {
    const extents = extentsOf(equation, inputs);
    const [first, ...rest] = inputs.map((each) => narrow(diagonals(each), extents)) as [Named, ...Named[]];
    let all = first;
    for (let next = rest.shift(); next; next = rest.shift()) {
      const needed = new Set([...output, ...rest.flatMap(({ labels }) => labels)]);
      all = contract(
        summed(all, new Set([...needed, ...next.labels])),
        summed(next, new Set([...needed, ...all.labels])),
        needed,
      );
    }
    const { x, labels } = summed(all, new Set(output));
    const present = output.filter((label) => labels.includes(label));
    const turned = permute(
      x,
      present.map((label) => labels.indexOf(label)),
    );
    return reshape(
      turned,
      output.map((label) => (labels.includes(label) ? extents.get(label)! : 1)),
    );
  });
}

/** Names for the axes of each operand and of the result; those that `...` stands for are numbers, counted from the last. */
function parse(equation: string, operands: readonly Tensor[]): { inputs: Named[]; output: string[] } {
  if (typeof equation !== "string")
    throw new ArgumentError(`einsum: an equation like "ij,jk->ik" is needed, not ${String(equation)}`);
  checkTensors("einsum", ...operands);
  const text = equation.replaceAll(/\s/g, "");
  const term = String.raw`[A-Za-z]*(?:\.\.\.)?[A-Za-z]*`;
  if (!new RegExp(`^${term}(?:,${term})*(?:->${term})?$`).test(text))
    throw new ArgumentError(`einsum: "${equation}" is not of the form "ij,jk->ik"`);
  const [left, right] = text.split("->") as [string, string?];
  const terms = left.split(",");
  if (terms.length !== operands.length)
    throw new ArgumentError(
      `einsum: "${equation}" names ${terms.length} operands; there are ${operands.length}`,
    );
  let most = 0;
  const named = (letters: string, further: number) => {
    const [before, after] = letters.split("...") as [string, string?];
    if (after === undefined) return [...before];
    return [...before, ...Array.from({ length: further }, (_, i) => String(further - i)), ...after];
  };
  const inputs = terms.map((letters, i) => {
    const x = operands[i]!;
    const further = x.shape.length - letters.replace("...", "").length;
    if (further < 0 || (further > 0 && !letters.includes("...")))
      throw new ShapeError(
        `einsum: "${letters}" of "${equation}" does not name the axes of ${show(x.shape)}`,
      );
    if (letters.includes("...")) most = Math.max(most, further);
    return { x, labels: named(letters, further) };
  });
  const letters = [...left.replaceAll(/[^A-Za-z]/g, "")];
  const once = letters.filter((letter) => letters.indexOf(letter) === letters.lastIndexOf(letter)).sort();
  const output = named(right ?? `${left.includes("...") ? "..." : ""}${once.join("")}`, most);
  for (const label of output) {
    if (!inputs.some(({ labels }) => labels.includes(label)))
      throw new ArgumentError(`einsum: the result of "${equation}" names ${label}, which no operand has`);
    if (output.indexOf(label) !== output.lastIndexOf(label))
      throw new ArgumentError(`einsum: the result of "${equation}" names ${axisName(label)} twice`);
  }
  return { inputs, output };
}

/** The extent of each name, which may be 1 in some of the operands. */
function extentsOf(equation: string, inputs: readonly Named[]): Map<string, number> {
  const extents = new Map<string, number>();
  for (const { x, labels } of inputs)
    labels.forEach((label, axis) => {
      const [known, own] = [extents.get(label) ?? 1, x.shape[axis]!];
      if (known !== own && known !== 1 && own !== 1)
        throw new ShapeError(
          `einsum: ${axisName(label)} of "${equation}" is ${known} in one operand and ${own} in another`,
        );
      extents.set(label, known === 1 ? own : known);
    });
  return extents;
}

/** What messages call an axis: its letter, or that it is one of those that `...` stands for. */
function axisName(label: string): string {
  return /\d/.test(label) ? `axis -${label} of those of "..."` : label;
}

/** Each name once: the diagonal of the axes that share one. */
function diagonals({ x, labels }: Named): Named {
  const twice = labels.find((label, axis) => labels.indexOf(label) !== axis);
  if (twice === undefined) return { x, labels };
  const [first, second] = [labels.indexOf(twice), labels.lastIndexOf(twice)];
  const [n, m] = [x.shape[first]!, x.shape[second]!];
  if (n !== m)
    throw new ShapeError(`einsum: ${twice} names axes of ${n} and of ${m} elements in one operand`);
  const others = labels.map((_, axis) => axis).filter((axis) => axis !== first && axis !== second);
  const shape = others.map((axis) => x.shape[axis]!);
  const flat = reshape(permute(x, [...others, first, second]), [...shape, n * n]);
  const zeros = shape.map(() => 0);
  const line = stridedSlice(flat, [...zeros, 0], [...shape, n], [...shape.map(() => 1), n + 1]);
  return diagonals({ x: line, labels: [...others.map((axis) => labels[axis]!), twice] });
}

/** Without the axes of extent 1 that are longer in another operand. */
function narrow({ x, labels }: Named, extents: ReadonlyMap<string, number>): Named {
  const kept = labels.map((_, axis) => axis).filter((axis) => x.shape[axis] === extents.get(labels[axis]!));
  if (kept.length === labels.length) return { x, labels };
  return {
    x: reshape(
      x,
      kept.map((axis) => x.shape[axis]!),
    ),
    labels: kept.map((axis) => labels[axis]!),
  };
}

/** Summed over the axes that nobody needs. */
function summed({ x, labels }: Named, needed: ReadonlySet<string>): Named {
  const axes = labels.map((_, axis) => axis).filter((axis) => !needed.has(labels[axis]!));
  if (axes.length === 0) return { x, labels };
  return { x: sum(x, axes), labels: labels.filter((label) => needed.has(label)) };
}

/** The product of two operands, summed over what both name and nobody needs. */
function contract(a: Named, b: Named, needed: ReadonlySet<string>): Named {
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const batch = shared.filter((label) => needed.has(label));
  const inner = shared.filter((label) => !needed.has(label));
  const [aOwn, bOwn] = [a, b].map(({ labels }) => labels.filter((label) => !shared.includes(label))) as [
    string[],
    string[],
  ];
  const labels = [...batch, ...aOwn, ...bOwn];
  const extentOf = (label: string) => {
    const [from, axis] = a.labels.includes(label)
      ? [a, a.labels.indexOf(label)]
      : [b, b.labels.indexOf(label)];
    return from.x.shape[axis]!;
  };
  const extents = (list: readonly string[]) => list.map(extentOf);
  const turned = ({ x, labels: own }: Named, order: readonly string[]) =>
    permute(
      x,
      order.map((label) => own.indexOf(label)),
    );
  const [B, M, N, K] = [batch, aOwn, bOwn, inner].map((list) => sizeOf(extents(list))) as [
    number,
    number,
    number,
    number,
  ];
  if (inner.length === 0 || (aOwn.length === 0 && bOwn.length === 0)) {
    const left = reshape(turned(a, [...batch, ...aOwn, ...inner]), [B, M, 1, K]);
    const right = reshape(turned(b, [...batch, ...bOwn, ...inner]), [B, 1, N, K]);
    return { x: reshape(sum(mul(left, right), 3), extents(labels)), labels };
  }
  const matrices = (of: Named, order: readonly string[], shape: readonly number[]) =>
    reshape(turned(of, order), batch.length > 0 ? [B, ...shape] : shape);
  const left = matrices(a, [...batch, ...aOwn, ...inner], [M, K]);
  const right = matrices(b, [...batch, ...inner, ...bOwn], [K, N]);
  return { x: reshape(matmul(left, right), extents(labels)), labels };
}
