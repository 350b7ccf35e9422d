import { checkFunction, checkList } from "../device/arguments.ts";
import { ArgumentError, LifetimeError, ShapeError } from "../device/errors.ts";
import { accumulate, copyInto } from "./accumulate.ts";
import { sameShape, show } from "./shape.ts";
import { checkOperands, empty, Tensor, tensor, type Gradients, type Node, type Rule } from "./tensor.ts";
import { note } from "./trace.ts";

export type { Gradients } from "./tensor.ts";

/** What is left of an operation once its gradients were taken: enough to say so. */
const usedUp: Node = { inputs: [], outputs: [], rule: () => [] };

/** Puts an operation of one output on the tape, if an input needs a gradient. Returns the output. */
export function track(
  output: Tensor,
  inputs: readonly Tensor[],
  rule: (dy: Tensor, gradients: Gradients) => readonly (Tensor | undefined)[],
): Tensor {
  checkFunction("track: the rule", rule);
  trackAll([output], inputs, ([dy], gradients) => rule(dy!, gradients));
  return output;
}

/** Puts an operation of several outputs on the tape, if an input needs a gradient. */
export function trackAll(outputs: readonly Tensor[], inputs: readonly Tensor[], rule: Rule): void {
  checkList("trackAll: the list of outputs", outputs);
  checkList("track: the list of inputs", inputs);
  checkOperands("track", ...outputs, ...inputs);
  checkFunction("track: the rule", rule);
  for (const output of outputs) {
    output.device.show(output, "output of ");
    note(undefined, output, inputs);
  }
  if (!needsTape(inputs)) return;
  const node: Node = { inputs, outputs, rule };
  for (const output of outputs) {
    output.node = node;
    output.requiresGrad = true;
  }
}

/** Whether an operation on `inputs` has to save what its rule needs. */
export function needsTape(inputs: readonly Tensor[]): boolean {
  return inputs.some((input) => input.requiresGrad && input.device.tracksGradients);
}

/**
 * Keeps what is saved for a gradient, past the scope of the caller too, until all results are freed and nothing can ask for
 * it any more, or until what is returned is called; frees it at once where no input needs a gradient.
 */
export function saveFor(
  results: readonly Tensor[],
  inputs: readonly Tensor[],
  saved: readonly Tensor[],
): () => void {
  const release = () => saved.forEach((each) => each.dispose());
  if (!needsTape(inputs)) release();
  else for (const each of saved) each.keep();
  let left = results.length;
  for (const result of results)
    result.onDispose = () => {
      if (--left === 0) release();
    };
  return release;
}

/** The same values, through which no gradient flows. */
export function stopGradient(x: Tensor): Tensor {
  const y = x.view();
  note("reshape", y, [x]);
  return y;
}

/**
 * Computes d `loss` / d x for every x that requires it and was not made by an operation, and leaves
 * it in `x.grad`, in place of what was there. `seed` stands for d objective / d `loss`, ones unless
 * given. The graph is used up: a second call needs a second forward pass.
 */
export function backward(loss: Tensor, seed?: Tensor): void {
  checkOperands("backward", ...(seed === undefined ? [loss] : [loss, seed]));
  if (!loss.requiresGrad)
    throw new LifetimeError(
      `backward: ${loss.toString()} does not depend on anything that requires a gradient`,
    );
  if (seed && !sameShape(seed.shape, loss.shape))
    throw new ShapeError(`backward: the seed is ${show(seed.shape)}, the loss ${show(loss.shape)}`);
  const { device } = loss;
  const body = () => {
    const first = seed ?? tensor(loss.device, new Float32Array(loss.size).fill(1), loss.shape);
    const gradients = new Map<Tensor, Tensor>([[loss, first.view()]]);
    if (!seed) first.dispose();
    for (const node of inReverse(loss)) step(node, gradients);
    for (const [leaf, gradient] of gradients) settle(leaf, gradient);
  };
  device.noGrad(() => device.scope(body)); // the scope frees the rest where a rule throws
}

/** Runs one rule, and adds what it gives to the gradients of the node's inputs. */
function step(node: Node, gradients: Map<Tensor, Tensor>): void {
  const given = node.outputs.map((output) => gradients.get(output));
  if (given.every((gradient) => gradient === undefined)) return;
  const { device } = node.inputs[0]!;
  const firstNew = Tensor.nextSerial;
  const made = device.scope(() =>
    node.rule(given, {
      wanted: (i) => node.inputs[i]!.requiresGrad,
      empty: (i) => {
        const input = node.inputs[i]!;
        const slot = input.gradSlot;
        return slot && !gradients.has(input) ? slot : empty(device, input.shape);
      },
    }),
  );
  checkGradients(node, made);
  node.inputs.forEach((input, i) => {
    const gradient = made[i];
    if (!gradient || !input.requiresGrad) return;
    if (gradient.size !== input.size)
      throw new ShapeError(
        `backward: a gradient of ${show(gradient.shape)} for an input of ${show(input.shape)}`,
      );
    device.show(gradient, "gradient from ");
    const before = gradients.get(input);
    if (!before) gradients.set(input, gradient.view(input.shape));
    else gradients.set(input, accumulate(before, gradient));
  });
  for (const gradient of made) if (gradient && gradient.serial >= firstNew) gradient.dispose();
  node.outputs.forEach((output, i) => {
    given[i]?.dispose();
    gradients.delete(output);
    output.node = usedUp;
  });
}

/** Throws ArgumentError unless `made` has a gradient for each input that needs one. */
function checkGradients({ inputs, outputs }: Node, made: unknown): void {
  const given: readonly unknown[] = Array.isArray(made) ? made : [];
  const without = inputs.findIndex(({ requiresGrad }, i) => requiresGrad && !(given[i] instanceof Tensor));
  if (without >= 0)
    throw new ArgumentError(
      `backward: the rule of the operation that made ${outputs.join(" and ")} gives no gradient for input ${without} ` +
        `(from 0), ${inputs[without]!.toString()}; it returns a list with a tensor for each input that needs one`,
    );
}

/** Gives a leaf its gradient: in its arena if it has a place there, in a tensor of its own otherwise. */
function settle(leaf: Tensor, gradient: Tensor): void {
  const slot = leaf.gradSlot;
  if (slot) {
    if (gradient.storage !== slot.storage || gradient.byteOffset !== slot.byteOffset)
      copyInto(slot, gradient);
    gradient.dispose();
    leaf.grad = slot;
  } else {
    leaf.grad?.dispose();
    leaf.grad = gradient.keep(); // it lives as long as the leaf
  }
}

/** The operations that `loss` depends on, each after all that use its outputs. */
function inReverse(loss: Tensor): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack: { node: Node; next: number }[] = [];
  const visit = (tensor: Tensor) => {
    if (!tensor.node || seen.has(tensor.node)) return;
    if (tensor.node === usedUp)
      throw new LifetimeError(
        `backward: the gradients through ${tensor.toString()} were taken already; ` +
          `run the forward pass again, or add the losses up before one backward`,
      );
    seen.add(tensor.node);
    stack.push({ node: tensor.node, next: 0 });
  };
  visit(loss);
  while (stack.length > 0) {
    const top = stack.at(-1)!;
    const input = top.node.inputs[top.next++];
    if (input) visit(input);
    else {
      order.push(top.node);
      stack.pop();
    }
  }
  return order.reverse();
}
