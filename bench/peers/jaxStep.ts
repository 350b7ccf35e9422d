import type * as Jax from "@jax-js/jax";
import { waitFor } from "#gpu";
import type { Inputs, Prepared, Values } from "../engine.ts";
import { BETA, RATE } from "../hestenesStep.ts";
import type { StepTask } from "../tasks.ts";
import { transposedConvolution, type JaxTools } from "./jaxTools.ts";
import { permute, transposedFilter } from "./permute.ts";

type JaxArray = Jax.Array;
type Named = Record<string, JaxArray>;

const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8];

/** The same step of training, written as a user of jax-js would, all of it under `jit`; its noise waits on the device. */
export async function prepareJaxStep(engine: JaxTools, task: StepTask, inputs: Inputs): Promise<Prepared> {
  const { jax } = engine;
  const { numpy: np } = jax;
  const loss = lossOf(engine, task);
  const names = Object.keys(inputs).filter((name) => name !== "x" && !name.startsWith("noise"));
  const each = (make: (name: string) => JaxArray): Named =>
    Object.fromEntries(names.map((name) => [name, make(name)]));

  let parameters = each((name) => engine.upload(layout(task, name, inputs[name]!)));
  let means = each((name) => np.zeros(parameters[name]!.shape));
  let variances = each((name) => np.zeros(parameters[name]!.shape));
  const x = engine.upload(permute(inputs.x!, [0, 3, 1, 2]));
  const noise = Object.keys(inputs)
    .filter((name) => name.startsWith("noise"))
    .map((name) => engine.upload(inputs[name]!));

  const update = jax.jit(
    (p: Named, m: Named, v: Named, corrections: JaxArray, batch: JaxArray, epsilon: JaxArray) => {
      const held = each((name) => p[name]!.ref);
      const [value, gradients] = jax.valueAndGrad((q: Named) => loss(q, batch, epsilon))(held) as [
        JaxArray,
        Named,
      ];
      const [first, second] = [corrections.ref.slice(0), corrections.slice(1)];
      const next = { p: {} as Named, m: {} as Named, v: {} as Named };
      for (const name of names) {
        const g = gradients[name]!;
        const mean = m[name]!.mul(BETA1).add(g.ref.mul(1 - BETA1));
        const variance = v[name]!.mul(BETA2).add(np.square(g).mul(1 - BETA2));
        const root = np.sqrt(variance.ref.mul(second.ref)).add(EPSILON);
        next.p[name] = p[name]!.sub(mean.ref.mul(first.ref).mul(RATE).div(root));
        next.m[name] = mean;
        next.v[name] = variance;
      }
      first.dispose();
      second.dispose();
      return { value, ...next };
    },
  );

  let steps = 0;
  const step = (): JaxArray => {
    const epsilon = noise[steps % 3]?.ref ?? np.zeros([1]);
    steps++;
    const corrections = np.array([1 / (1 - BETA1 ** steps), 1 / (1 - BETA2 ** steps)]);
    const next = update(parameters, means, variances, corrections, x.ref, epsilon);
    ({ p: parameters, m: means, v: variances } = next);
    return next.value;
  };
  const state = () => [parameters, means, variances].flatMap((named) => Object.values(named));
  const first: number[] = [];
  while (first.length < 3) {
    const value = step();
    first.push(Number(await waitFor(value.jsAsync())));
    await engine.settle(state());
  }
  return {
    async run() {
      const value = step();
      await engine.settle([value, ...state()]);
      value.dispose();
    },
    answer: () => Promise.resolve([Float32Array.from(first)]),
    dispose() {
      for (const array of [x, ...noise, ...state()]) array.dispose();
      update.dispose();
    },
  };
}

/** The loss of a batch as a function of the parameters; it takes over the references that it is given. */
function lossOf({ jax }: JaxTools, task: StepTask): (p: Named, x: JaxArray, epsilon: JaxArray) => JaxArray {
  const { numpy: np, lax, nn } = jax;
  const { model, N, H, latent } = task.shape;
  const small = Math.ceil(H / 16);
  const up = transposedConvolution(jax, { R: 3, S: 3, stride: 2, pad: 1, outputPad: 1 });
  const one: [number, number][] = [
    [1, 1],
    [1, 1],
  ];
  const norm = (h: JaxArray) => np.sqrt(np.sum(np.square(h)));
  return (p, x, epsilon) => {
    const affine = (h: JaxArray, name: string) => np.matmul(h, p[`${name}.weight`]!).add(p[`${name}.bias`]!);
    let h = x.ref;
    for (const name of ["encoder.conv1", "encoder.conv2"])
      h = nn.relu(lax.convGeneralDilated(h, p[`${name}.weight`]!, [2, 2], one).add(p[`${name}.bias`]!));
    h = affine(h.reshape([N, -1]), "encoder.linear");

    let kl: JaxArray | undefined;
    if (model === "vrrae") {
      const [u, s, vh] = np.linalg.svd(h, { fullMatrices: false });
      const k = task.shape.rank ?? latent;
      const alpha = u.slice([], [0, k]).mul(s.slice([0, k]));
      const [z, divergence] = sampled(alpha.ref, affine(alpha, "variance.linear"));
      kl = divergence;
      h = np.matmul(z, vh.slice([0, k]));
    } else if (model === "vae") {
      const mean = affine(h.ref, "mean.linear");
      [h, kl] = sampled(mean, affine(h, "variance.linear"));
    } else epsilon.dispose();

    h = affine(h, "decoder.linear").reshape([N, 32, small, small]);
    for (let i = 1; i <= 4; i++) {
      const name = `decoder.convTranspose${i}`;
      h = nn.relu(up(h, p[`${name}.weight`]!).add(p[`${name}.bias`]!));
    }
    h = lax.convGeneralDilated(h, p["decoder.conv.weight"]!, [1, 1], "VALID").add(p["decoder.conv.bias"]!);
    const error = norm(h.sub(x.ref)).div(norm(x)).mul(100);
    return kl ? error.add(kl) : error;

    function sampled(mean: JaxArray, logVariance: JaxArray): [JaxArray, JaxArray] {
      const terms = logVariance.ref.sub(np.square(mean.ref)).add(1).sub(np.exp(logVariance.ref));
      const z = mean.add(epsilon.mul(np.exp(logVariance.mul(0.5))));
      return [z, np.sum(terms).mul(-0.5 * BETA)];
    }
  };
}

/** A parameter in the layouts of jax-js: channels before rows and columns, everywhere. */
function layout(task: StepTask, name: string, values: Values): Values {
  const { H, latent } = task.shape;
  const { data, shape } = values;
  const small = Math.ceil(H / 16);
  if (name.includes("convTranspose") && name.endsWith("weight")) return transposedFilter(values);
  if (name.includes("conv"))
    return name.endsWith("weight") ? permute(values, [3, 2, 0, 1]) : { data, shape: [shape[0]!, 1, 1] };
  if (name === "encoder.linear.weight") {
    const side = Math.sqrt(shape[0]! / 64);
    return { shape, data: permute({ data, shape: [side, side, 64, latent] }, [2, 0, 1, 3]).data };
  }
  if (name === "decoder.linear.weight")
    return { shape, data: permute({ data, shape: [shape[0]!, small, small, 32] }, [0, 3, 1, 2]).data };
  if (name === "decoder.linear.bias")
    return { shape, data: permute({ data, shape: [small, small, 32] }, [2, 0, 1]).data };
  return values;
}
