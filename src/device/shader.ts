import { wgsl } from "#wgsl";
import { KernelError } from "./errors.ts";

export type BindingType = "uniform" | "storage" | "read-only-storage";
export type ScalarType = "u32" | "i32" | "f32";

/** One field of a kernel's `Params`: its scalar type, lanes (4 for a vector) and byte offset. */
export interface ParamField {
  name: string;
  type: ScalarType;
  lanes: 1 | 4;
  offset: number;
}

/** What the launcher needs to know of a shader, read from its text: names are the only link. */
export interface Shader {
  name: string;
  code: string;
  bindings: Map<string, { binding: number; type: BindingType }>;
  fields: ParamField[];
  paramBytes: number;
  overrides: Set<string>;
}

const shaders = new Map<string, Shader>();

/** Gives the text of `shaders/<name>.wgsl`, or throws where there is none. */
export type ShaderTexts = (name: string) => string;

/** The shader `shaders/<name>.wgsl`, behind the library files that its `// requires lib/x.wgsl` lines name. */
export function shader(name: string, texts: ShaderTexts = wgsl): Shader {
  let found = shaders.get(name);
  if (!found) shaders.set(name, (found = parse(name, withLibraries(name, texts))));
  return found;
}

function withLibraries(name: string, texts: ShaderTexts): string {
  const read = (name: string) => {
    try {
      return texts(name);
    } catch (cause) {
      throw new KernelError(`there is no kernel ${name}: shaders/${name}.wgsl can not be read`, { cause });
    }
  };
  const code = read(name);
  return [...requirements(code).map(read), code].join("\n");
}

/** The names of the files that a shader's `// requires lib/x.wgsl` lines ask for. */
export function requirements(code: string): string[] {
  return [...code.matchAll(/^\/\/ requires (\S+)\.wgsl$/gm)].map((match) => match[1]!);
}

function parse(name: string, code: string): Shader {
  const bindings: Shader["bindings"] = new Map();
  for (const [, binding, space, variable] of code.matchAll(
    /@group\(0\)\s*@binding\((\d+)\)\s*var<([^>]*)>\s*(\w+)/g,
  )) {
    const type = space!.includes("uniform")
      ? "uniform"
      : space!.includes("read_write")
        ? "storage"
        : "read-only-storage";
    bindings.set(variable!, { binding: Number(binding), type });
  }
  const fields: ParamField[] = [];
  let offset = 0;
  const body = (code.match(/struct Params\s*\{([^}]*)\}/)?.[1] ?? "").replace(/\/\/.*$/gm, "");
  for (const [, field, written] of body.matchAll(/(\w+)\s*:\s*(\w+)/g)) {
    const { type, lanes } = paramType(name, field!, written!);
    offset = Math.ceil(offset / (4 * lanes)) * 4 * lanes;
    fields.push({ name: field!, type, lanes, offset });
    offset += 4 * lanes;
  }
  const overrides = new Set([...code.matchAll(/^override\s+(\w+)/gm)].map((match) => match[1]!));
  return { name, code, bindings, fields, paramBytes: Math.ceil(offset / 16) * 16, overrides };
}

function paramType(shaderName: string, field: string, written: string): { type: ScalarType; lanes: 1 | 4 } {
  const vector = written.match(/^vec4([uif])$/)?.[1];
  if (vector) return { type: `${vector as "u" | "i" | "f"}32`, lanes: 4 };
  if (written === "u32" || written === "i32" || written === "f32") return { type: written, lanes: 1 };
  throw new KernelError(
    `${shaderName}.wgsl: Params.${field} is ${written}; use u32, i32, f32, vec4u, vec4i or vec4f`,
  );
}
