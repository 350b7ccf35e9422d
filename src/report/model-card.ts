import { stringify } from "yaml";
import { datasetNamed } from "../data/known.ts";
import { OPSET } from "../export/onnx.ts";
import { modelNamed } from "../models/known.ts";
import type { Shape } from "../tensor/shape.ts";
import type { Config } from "../train/config.ts";

/** What a model card says of a run. */
export interface CardFacts {
  config: Config;
  input: Shape;
  codeSize: number;
  steps: number;
  /** Errors in percent, by what they are on; none of a run that is not evaluated yet. */
  scores: readonly { name: string; value: number }[];
  /** Of the ONNX files, by part: its inputs with their shapes. */
  parts: readonly string[];
  /** Where new samples come from, as `hestenes sample --from` has it; undefined where the folder has no sampler. */
  sampler?: string | undefined;
  /** Names of the pictures in the folder, with what they show. */
  pictures: readonly { file: string; shows: string }[];
  version: string;
}

/** What kinds of samplers are, in words. */
const samplers: Readonly<Record<string, string>> = {
  prior: "the model's prior, N(0, I)",
  gaussian: "a normal distribution that is fitted to the codes of the training samples",
  mixture: "a mixture of normal distributions that is fitted to the codes of the training samples",
  "mixture-10": "a mixture of ten normal distributions that is fitted to the codes of the training samples",
  "second-stage": "the model's second stage, which has learned where codes lie",
  vampprior: "the distributions that the encoder gives to training samples",
};

const samplerUse = `
sampler = onnxruntime.InferenceSession("onnx/sampler.onnx")
random = np.random.default_rng(0)
draws = {"uniform": random.random}  # all others are from N(0, 1)
noise = {one.name: draws.get(one.name, random.standard_normal)((16, one.shape[1])) for one in sampler.get_inputs()}
new = sampler.run(None, {name: values.astype(np.float32) for name, values in noise.items()})[0]  # 16 new samples`;

/** What `README.md` of a Hugging Face folder says: a model card, with its scores as data in the front. */
export function modelCard(facts: CardFacts): string {
  const { config, input, codeSize, steps, scores, parts, pictures, sampler, version } = facts;
  const [model, data] = [modelNamed(config.model).title, datasetNamed(config.data).title];
  const name = `${config.model}-${config.data}`;
  const results = {
    task: { type: "image-feature-extraction", name: "Reconstruction" },
    dataset: { type: config.data, name: data },
    metrics: scores.map(({ name, value }) => ({ type: "relative-error", name, value: round(value) })),
  };
  const front = {
    library_name: "hestenes",
    tags: ["autoencoder", config.model, "onnx", "safetensors", "hestenes"],
    ...(scores.length > 0 && { "model-index": [{ name, results: [results] }] }),
  };
  const shape = input.length === 3 ? [input[2], input[0], input[1]] : [...input];
  const rows = scores.map(({ name, value }) => `| ${name} | ${round(value)} % |`);
  return `---
${stringify(front).trimEnd()}
---

# ${model} on ${data}

An autoencoder with codes of ${codeSize} ${codeSize === 1 ? "number" : "numbers"} for samples of ${input.join(" × ")}, trained for ${steps} steps with
[hestenes](https://www.npmjs.com/package/hestenes) ${version}. Its settings are in \`config.json\`.
${rows.length > 0 ? `\n| Relative error on | |\n|---|---|\n${rows.join("\n")}\n` : ""}${pictures
    .map(({ file, shows }) => `\n![${shows}](${file})\n`)
    .join(
      "",
    )}${sampler === undefined ? "" : `\nNew samples are drawn from ${samplers[sampler] ?? sampler}.\n`}
## Files

| | |
|---|---|
${parts.map((part) => `| \`onnx/${part}.onnx\` | ONNX, opset ${OPSET} |`).join("\n")}
| \`model.safetensors\` | the weights for PyTorch: filters (outputs, inputs, height, width), affine maps (outputs, inputs), vectors that are images by channels first |
| \`hestenes/model.safetensors\` | the same for hestenes, to load in Node or to drop on its page |

## Use

\`\`\`python
import numpy as np, onnxruntime

encoder = onnxruntime.InferenceSession("onnx/encoder.onnx")
decoder = onnxruntime.InferenceSession("onnx/decoder.onnx")
samples = np.zeros((1, ${shape.join(", ")}), np.float32)
codes = encoder.run(None, {"samples": samples})[0]  # (1, ${codeSize})
again = decoder.run(None, {"codes": codes})[0]
${sampler === undefined ? "" : `${samplerUse.trimStart()}\n`}\`\`\`
`;
}

const round = (value: number) => Number(value.toFixed(2));
