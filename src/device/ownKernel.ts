import { KernelError } from "./errors.ts";
import { launch, type Kernel, type Operands } from "./kernel.ts";
import { parseShader, withoutComments, type ScalarType, type Shader, type ShaderCheck } from "./shader.ts";

/** Kernels from outside of the package by their names and texts: pipelines are kept by shader. */
const shaders = new Map<string, Shader>();

/** What Dawn says of a binding that no launch has given, or wgpu does. */
const absentBinding =
  /^Binding doesn't exist[^]*?@binding\((\d+)\)|binding: (\d+) \} is not available in the pipeline layout/;

/**
 * A compute kernel of your own, launched as `run(entryPoint, operands, params, grid, options)`: operands and params are
 * given by the names that the WGSL gives its bindings and the fields of its uniform; `grid` is in workgroups, see
 * `linearGrid`. `name` is for messages and profiles. Bindings are of group 0; storage arrays are tensors, and one uniform
 * holds a struct of numbers and vectors.
 *
 * The text is compiled with all of WebGPU's checks before it is used. A mistake in it is a KernelError with line and column
 * at the next `read()` or `finish()`; what was launched with it is left out. Indices are checked on a device that was
 * opened with `validation: true`, and nowhere else.
 *
 * A launch throws KernelError for bindings, params or constants that the text has not, LimitError for a grid or a tensor
 * past the adapter's limits.
 */
export function kernel(name: string, text: string): Kernel {
  if (typeof name !== "string" || typeof text !== "string")
    throw new KernelError("kernel: it takes a name and a text of WGSL, both strings");
  const key = `${name}\n${text}`;
  const source = shaders.get(key) ?? ownShader(name, text);
  shaders.set(key, source);
  const types = new Map(source.fields.map((field) => [field.name, field.type]));
  return (entryPoint, operands, params, grid, options) => {
    checkOperands(source, operands);
    for (const [given, value] of Object.entries(params)) {
      const type = types.get(given);
      if (!type)
        throw new KernelError(
          `${name}: its uniform has no field ${given}; ` +
            (types.size > 0 ? `there are ${[...types.keys()].join(", ")}` : "the kernel takes no params"),
        );
      if (![value].flat().every((number) => fits(number, type)))
        throw new KernelError(`${name}: Params.${given} takes what an ${type} holds, not ${String(value)}`);
    }
    if (![1, 2, 3].includes(grid.length) || !grid.every((groups) => Number.isInteger(groups) && groups! >= 0))
      throw new KernelError(
        `${name}.${entryPoint}: a grid is one to three whole numbers of workgroups, not [${grid.join(", ")}]`,
      );
    launch(source, entryPoint, operands, params, grid, options);
  };
}

/** Throws KernelError unless the text has a binding for each of the operands, of the type of its elements. */
function checkOperands({ name, code, uniform, bindings }: Shader, operands: Operands): void {
  if (Object.keys(operands).length === 0)
    throw new KernelError(`${name}: a kernel needs at least one operand`);
  for (const [operand, { dtype }] of Object.entries(operands)) {
    if (!bindings.has(operand)) throw new KernelError(`${name} has no binding named ${operand}`);
    if (operand === uniform)
      throw new KernelError(`${name}: ${operand} is its uniform; its fields are given as params`);
    if (dtype.special && !new RegExp(`\\b${operand}\\s*:[^;]*\\b(f16|vec[234]h)\\b`).test(code))
      throw new KernelError(
        `${name}: ${operand} is ${dtype.name}; declare it array<f16>, or give float(${operand})`,
      );
  }
}

/** Whether a number is one of the type's, without rounding; any number may be rounded to an f32. */
function fits(value: number, type: ScalarType): boolean {
  return type === "f32" || (type === "u32" ? value >>> 0 : value | 0) === value;
}

function ownShader(name: string, text: string): Shader {
  const source = parseShader(name, text);
  const code = withoutComments(text);
  for (const [declaration, variable] of code.matchAll(
    /@(?:group|binding)\b[^;{}]*?\bvar[^:;]*?(\p{XIDC}+)\s*:/gu,
  ))
    if (!/@group\s*\(\s*0\b/.test(declaration) || !/\bvar\s*<\s*(uniform|storage)\b/.test(declaration))
      throw new KernelError(
        `${name}: a kernel's bindings are @group(0) @binding(n) var<uniform> or var<storage>, unlike ${variable}`,
      );
  for (const [variable, { binding }] of source.bindings)
    if (Number.isNaN(binding))
      throw new KernelError(`${name}: ${variable} has no number in its @binding(…); write the number itself`);
  const uniforms = [...source.bindings]
    .filter(([, { type }]) => type === "uniform")
    .map(([variable]) => variable);
  if (uniforms.length > 1)
    throw new KernelError(
      `${name}: a kernel has one uniform, not ${uniforms.join(" and ")}; join their structs`,
    );
  if (uniforms.length === 1 && source.fields.length === 0)
    throw new KernelError(`${name}: its uniform ${uniforms[0]} is a struct of numbers and vectors`);
  return { ...source, check: checkOf(source) };
}

function checkOf({ name, code, bindings }: Shader): ShaderCheck {
  return async (open, entries, compute) => {
    const device = await open();
    device.pushErrorScope("validation"); // the compiler's messages below say more
    const module = device.createShaderModule({ label: name, code });
    device.popErrorScope().catch(() => undefined); // the device was closed meanwhile
    const { messages } = await module.getCompilationInfo();
    const mistakes = messages.filter(({ type }) => type === "error");
    if (mistakes.length > 0)
      throw new KernelError(
        mistakes
          .map(({ lineNum, linePos, message }) => `line ${lineNum}, column ${linePos}: ${message}`)
          .join("; "),
      );
    const layout = device.createPipelineLayout({
      bindGroupLayouts: [device.createBindGroupLayout({ entries })],
    });
    try {
      await device.createComputePipelineAsync({ label: name, layout, compute: { module, ...compute } });
    } catch (cause) {
      const absent = absentBinding
        .exec(String((cause as Error).message))
        ?.slice(1)
        .join("");
      const [found] = [...bindings].find(([, { binding }]) => binding === Number(absent)) ?? [];
      if (found === undefined) throw cause;
      throw new KernelError(`the entry point uses ${found}, which the launch does not give`, { cause });
    }
  };
}
