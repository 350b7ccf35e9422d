import { optionsOf } from "../device/arguments.ts";
import { ShapeError } from "../device/errors.ts";
import { sameShape, show } from "../tensor/shape.ts";
import { checkOperands, checkTensors, type Tensor } from "../tensor/tensor.ts";
import { add, mul, sub, where } from "./arithmetic.ts";
import { full, ones, tril } from "./create.ts";
import { sigmoid, tanh } from "./elementwise.ts";
import { composed } from "./lib/composed.ts";
import { inFloat } from "./lib/storedLike.ts";
import { matmul } from "./products.ts";
import { split, stack } from "./pieces.ts";
import { reshape, slice } from "./rearrange.ts";
import { softmax } from "./softmax.ts";

export interface AttentionOptions {
  /** Broadcast to (…,L,S): scores where it is 0 do not count. */
  mask?: Tensor | undefined;
  /** Added to the scores before the softmax: broadcast to (…,L,S). */
  bias?: Tensor | undefined;
  /** Whether a query only looks at keys up to its own place. */
  causal?: boolean | undefined;
  /** What scores are multiplied by; 1/√D unless given. */
  scale?: number | undefined;
}

/**
 * softmax(scale · q kᵀ) v of queries (…,L,D), keys (…,S,D) and values (…,S,E): (…,L,E). Other axes, such as batch and heads,
 * are broadcast. A query that may look at no key gives NaN. Source: Vaswani et al., arXiv:1706.03762, equation 1.
 */
export function scaledDotProductAttention(
  queries: Tensor,
  keys: Tensor,
  values: Tensor,
  options: AttentionOptions = {},
): Tensor {
  checkOperands("scaledDotProductAttention", queries, keys, values);
  const {
    mask,
    bias,
    causal = false,
    scale = 1 / Math.sqrt(queries.shape.at(-1)!),
  } = optionsOf("scaledDotProductAttention", options);
  checkOperands("scaledDotProductAttention", ...given(mask, bias));
  for (const [name, x] of Object.entries({ queries, keys, values }))
    if (x.shape.length < 2)
      throw new ShapeError(
        `scaledDotProductAttention: ${name} are ${show(x.shape)}; give (…, length, features)`,
      );
  const [L, S] = [queries.shape.at(-2)!, keys.shape.at(-2)!];
  return composed([queries, keys, values, bias], () =>
    inFloat([queries, keys, values], (q, k, v) => {
      let scores = matmul(mul(q, scale), k, { transposeB: true });
      if (bias) scores = add(scores, bias);
      if (causal) scores = where(tril(ones(scores.device, [L, S])), scores, -Infinity);
      if (mask) scores = where(mask, scores, -Infinity);
      return matmul(softmax(scores), v);
    }),
  );
}

/** What a recurrent cell learns: to G blocks of H numbers, from F inputs and from H of the state. */
export interface RecurrentWeights {
  /** (F, G·H). */
  input: Tensor;
  /** (H, G·H). */
  recurrent: Tensor;
  /** (G·H), added to what the input gives. */
  bias?: Tensor | undefined;
  /** (G·H), added to what the state gives: for `gruCell`, where the reset gate stands between the two. */
  recurrentBias?: Tensor | undefined;
}

const given = (...operands: (Tensor | undefined)[]) => operands.filter((each) => each !== undefined);

/** All operands of a recurrent cell or layer. */
function operandsOf(
  op: string,
  weights: RecurrentWeights,
  ...others: readonly (Tensor | undefined)[]
): Tensor[] {
  const { input, recurrent, bias, recurrentBias } = optionsOf(`${op}: weights`, weights);
  const all = [input, recurrent, ...given(bias, recurrentBias, ...others)];
  checkTensors(op, ...all);
  return all;
}

/** The state of an LSTM: what it puts out, and what it keeps, (B,H) each. */
export interface LstmState {
  h: Tensor;
  c: Tensor;
}

function blocks(
  op: string,
  G: number,
  x: Tensor,
  h: Tensor,
  weights: RecurrentWeights,
): [Tensor[], Tensor[]] {
  const H = h.shape.at(-1)!;
  const { input, recurrent, bias, recurrentBias } = weights;
  const fits =
    sameShape(input.shape, [x.shape.at(-1)!, G * H]) &&
    sameShape(recurrent.shape, [H, G * H]) &&
    [bias, recurrentBias].every((each) => !each || each.size === G * H);
  if (x.shape.length !== 2 || h.shape.length !== 2 || x.shape[0] !== h.shape[0] || !fits)
    throw new ShapeError(
      `${op}: x is ${show(x.shape)}, h ${show(h.shape)}, the weights ${show(input.shape)} and ${show(recurrent.shape)}; ` +
        `expected (B, F), (B, H), (F, ${G} H), (H, ${G} H) and biases (${G} H)`,
    );
  const ofInput = matmul(x, input, bias ? { bias } : {});
  const ofState = matmul(h, recurrent, recurrentBias ? { bias: recurrentBias } : {});
  return [split(ofInput, G, 1), split(ofState, G, 1)];
}

/**
 * One step of an LSTM on inputs x (B,F): the blocks of the weights are the gates i, f, the candidate g and the gate o, in
 * PyTorch's order. c' = σ(f) c + σ(i) tanh(g), h' = σ(o) tanh(c'). Source: Hochreiter and Schmidhuber, Neural Computation 9,
 * 1997, with the forget gate of Gers, Schmidhuber and Cummins, 2000.
 */
export function lstmCell(x: Tensor, state: LstmState, weights: RecurrentWeights): LstmState {
  checkTensors("lstmCell", x);
  const { h, c } = optionsOf("lstmCell: state", state);
  checkTensors("lstmCell", h, c);
  return composed(operandsOf("lstmCell", weights, x, h, c), () => {
    const [ofInput, ofState] = blocks("lstmCell", 4, x, h, weights);
    const [i, f, g, o] = ofInput.map((part, k) => add(part, ofState[k]!)) as [Tensor, Tensor, Tensor, Tensor];
    const kept = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g)));
    return { h: mul(sigmoid(o), tanh(kept)), c: kept };
  });
}

/**
 * One step of a GRU on inputs x (B,F) and the state h (B,H): the blocks of the weights are the gates r, z and the candidate n,
 * in PyTorch's order. n = tanh(x W_n + b + σ(r) (h U_n + b')), h' = (1 - σ(z)) n + σ(z) h. Source: Cho et al.,
 * arXiv:1406.1078, with the reset gate after the product, as PyTorch, cuDNN and Keras have it.
 */
export function gruCell(x: Tensor, h: Tensor, weights: RecurrentWeights): Tensor {
  checkTensors("gruCell", x, h);
  return composed(operandsOf("gruCell", weights, x, h), () => {
    const [ofInput, ofState] = blocks("gruCell", 3, x, h, weights);
    const [r, z] = [0, 1].map((k) => sigmoid(add(ofInput[k]!, ofState[k]!))) as [Tensor, Tensor];
    const n = tanh(add(ofInput[2]!, mul(r, ofState[2]!)));
    return add(n, mul(z, sub(h, n)));
  });
}

/** The steps (B,F) of sequences x (B,T,F). */
function stepsOf(op: string, x: Tensor): Tensor[] {
  const [B, T, F] = x.shape as [number, number, number];
  if (x.shape.length !== 3 || T === 0)
    throw new ShapeError(`${op}: x is ${show(x.shape)}, expected sequences (B, T, F) of one step at least`);
  return Array.from({ length: T }, (_, t) => reshape(slice(x, [0, t, 0], [B, 1, F]), [B, F]));
}

/** An LSTM along sequences x (B,T,F), from zeros or a state: what it puts out at each step, (B,T,H), and its last state. */
export function lstm(
  x: Tensor,
  weights: RecurrentWeights,
  start?: LstmState,
): { outputs: Tensor; state: LstmState } {
  checkTensors("lstm", x);
  return composed(operandsOf("lstm", weights, x, start?.h, start?.c), () => {
    const zeros = () => full(x.device, [x.shape[0]!, weights.recurrent.shape[0]!], 0);
    let state = start ?? { h: zeros(), c: zeros() };
    const outputs = stepsOf("lstm", x).map((step) => (state = lstmCell(step, state, weights)).h);
    return { outputs: stack(outputs, 1), state };
  });
}

/** A GRU along sequences x (B,T,F), from zeros or a state (B,H): what it puts out at each step, (B,T,H), and its last state. */
export function gru(
  x: Tensor,
  weights: RecurrentWeights,
  start?: Tensor,
): { outputs: Tensor; state: Tensor } {
  checkTensors("gru", x);
  return composed(operandsOf("gru", weights, x, start), () => {
    let state = start ?? full(x.device, [x.shape[0]!, weights.recurrent.shape[0]!], 0);
    const outputs = stepsOf("gru", x).map((step) => (state = gruCell(step, state, weights)));
    return { outputs: stack(outputs, 1), state };
  });
}
