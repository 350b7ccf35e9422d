import { wgsl } from "#wgsl";
import { KernelError } from "./errors.ts";

export type BindingType = "uniform" | "storage" | "read-only-storage";
export type ScalarType = "u32" | "i32" | "f32";

/** One field of a kernel's `Params`: its scalar type, lanes (2 to 4 for a vector) and byte offset. */
export interface ParamField {
  name: string;
  type: ScalarType;
  lanes: 1 | 2 | 3 | 4;
  offset: number;
}

/** What the launcher needs to know of a shader, read from its text: names are the only link. */
export interface Shader {
  name: string;
  code: string;
  /** Throws for a text that WebGPU would refuse, before a device takes it that checks nothing: for kernels from outside. */
  check?: ShaderCheck | undefined;
  bindings: Map<string, { binding: number; type: BindingType }>;
  /** The name of its uniform, if it has one, with the fields of that one's struct. */
  uniform: string | undefined;
  fields: ParamField[];
  paramBytes: number;
  overrides: Set<string>;
}

/** Tries a pipeline of `entries` on a device that `open` gives, which has all of WebGPU's checks. */
export type ShaderCheck = (
  open: () => Promise<GPUDevice>,
  entries: GPUBindGroupLayoutEntry[],
  compute: Omit<GPUProgrammableStage, "module">,
) => Promise<void>;

const shaders = new Map<string, Shader>();

/** Gives the text of `shaders/<name>.wgsl`, or throws where there is none. */
export type ShaderTexts = (name: string) => string;

/** The shader `shaders/<name>.wgsl`, behind the library files that its `// requires lib/x.wgsl` lines name. */
export function shader(name: string, texts: ShaderTexts = wgsl): Shader {
  let found = shaders.get(name);
  if (!found) shaders.set(name, (found = parseShader(name, withLibraries(name, texts))));
  return found;
}

function withLibraries(name: string, texts: ShaderTexts): string {
  const code = texts(name);
  return [...requirements(code).map(texts), code].join("\n");
}

/** The names of the files that a shader's `// requires lib/x.wgsl` lines ask for. */
export function requirements(code: string): string[] {
  return [...code.matchAll(/^\/\/ requires (\S+)\.wgsl$/gm)].map((match) => match[1]!);
}

/** The text of a kernel without its comments. */
export function withoutComments(code: string): string {
  return code.replace(/\/\*[^]*?\*\/|\/\/.*$/gm, "");
}

/** A variable with attributes, in any order: its address space and access, name and type. */
export const variables =
  /@\w+\s*\([^;{}]*?\bvar\s*(?:<\s*(\w+)\s*(?:,\s*(\w+)\s*)?>)?\s*(\p{XIDC}+)\s*:\s*([^;]+);/gu;

/** What a launcher needs to know of the WGSL `code`, whose last uniform, if it has any, takes the params. */
export function parseShader(name: string, code: string): Shader {
  const text = withoutComments(code);
  const bindings: Shader["bindings"] = new Map();
  let uniform: string | undefined;
  let struct = "";
  for (const [declaration, space, access, variable, type] of text.matchAll(variables)) {
    const binding = Number(/@binding\s*\(\s*(\d+)/.exec(declaration)?.[1]);
    const storage = access === "read_write" ? "storage" : "read-only-storage";
    bindings.set(variable!, { binding, type: space === "uniform" ? space : storage });
    if (space === "uniform") [uniform, struct] = [variable!, type!.trim()];
  }
  const fields: ParamField[] = [];
  let offset = 0;
  const body = new RegExp(`struct\\s+${struct}\\s*\\{([^}]*)\\}`).exec(text)?.[1] ?? "";
  for (const [, field, written] of uniform === undefined
    ? []
    : body.matchAll(/(\p{XIDC}+)\s*:\s*([^,]+)/gu)) {
    const { type, lanes } = paramType(`${name}.wgsl: ${struct}.${field}`, written!.replace(/\s/g, ""));
    const alignment = 4 * (lanes === 3 ? 4 : lanes);
    offset = Math.ceil(offset / alignment) * alignment;
    fields.push({ name: field!, type, lanes, offset });
    offset += 4 * lanes;
  }
  const overrides = new Set([...text.matchAll(/\boverride\s+(\p{XIDC}+)/gu)].map((match) => match[1]!));
  return { name, code, bindings, uniform, fields, paramBytes: Math.ceil(offset / 16) * 16, overrides };
}

function paramType(where: string, written: string): Pick<ParamField, "type" | "lanes"> {
  const [, lanes = 1, scalar] = /^(?:vec([234])<?)?([uif])(?:32)?>?$/.exec(written) ?? [];
  if (!scalar) throw new KernelError(`${where} is ${written}; use u32, i32, f32, or vectors of them`);
  return { type: `${scalar as "u" | "i" | "f"}32`, lanes: Number(lanes) as ParamField["lanes"] };
}
