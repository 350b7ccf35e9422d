import type { DType, Stored } from "./dtype.ts";
import { ArgumentError, KernelError } from "./errors.ts";
import { parseShader, variables, withoutComments, type Shader } from "./shader.ts";
import type { Span } from "./storage.ts";

/**
 * Numbers of 16 bits, IEEE 754's binary16: half of float32's memory, and a relative error of 2^-11 at most in each stored
 * number from 2^-14, 6.1e-5, to 65,504. Below it is 2^-25, absolutely, or what is below is 0, as the adapter has it; from
 * 65,520 on numbers are infinite. Kernels widen what they read, and compute and add up in float32. The device needs the
 * WebGPU feature `shader-f16`.
 */
export const float16: DType = {
  name: "float16",
  bytes: 2,
  encode(values, part) {
    if (part) checkPairs(part);
    const bits = new Uint16Array(Math.ceil(values.length / 2) * 2); // whole words of 4 bytes
    for (let i = 0; i < values.length; i++) bits[i] = bitsOf(values[i]!);
    return new Uint8Array(bits.buffer);
  },
  decode: (bytes) => Float32Array.from(new Uint16Array(bytes), numberOf),
  special: {
    refuse(op, tensor) {
      throw new ArgumentError(
        `${op}: it takes float32, and ${tensor.toString()} is float16; float(x) makes a tensor float32`,
      );
    },
    async read(device, { byteOffset, byteLength, storage }) {
      const before = byteOffset % 4;
      const words = Math.ceil((before + byteLength) / 4);
      const bytes = await device.read(storage, byteOffset - before, 4 * words);
      return bytes.slice(before, before + byteLength);
    },
    specialise,
  },
};

function checkPairs({ byteOffset, byteLength, storage }: Span): void {
  const after = byteOffset + byteLength;
  if (byteOffset % 4 > 0 || (after % 4 > 0 && after + 2 < storage.bytes))
    throw new ArgumentError("write: a part of a float16 tensor is written in whole pairs of its elements");
}

/** The bits of the nearest number of 16 bits; of two the even one. */
function bitsOf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  if (Number.isNaN(value)) return 0x7e00;
  const size = Math.abs(value);
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const steps = roundToEven(size / 2 ** (exponent - 10)); // one more than fits carries into the exponent
  return sign | (size < 65520 ? (exponent + 14) * 1024 + steps : 0x7c00);
}

function roundToEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}

function numberOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

const specialised = new WeakMap<Shader, Map<string, Shader>>();

function specialise(source: Shader, operands: Stored): Shader {
  const bindings = Object.keys(operands).filter((name) => operands[name]!.dtype === float16);
  const { gpu, info } = operands[bindings[0]!]!.device;
  if (!gpu.features.has("shader-f16"))
    throw new ArgumentError(
      `float16: ${info.name} lacks the WebGPU feature shader-f16; use float32 on it, which is what tensors are made of ` +
        `unless something else is said`,
    );
  const key = bindings.join();
  let ofSource = specialised.get(source);
  if (!ofSource) specialised.set(source, (ofSource = new Map<string, Shader>()));
  let found = ofSource.get(key);
  if (!found)
    ofSource.set(key, (found = parseShader(source.name, withHalves(source.name, source.code, bindings))));
  return found;
}

/**
 * The WGSL `code` with 16 bits to a number in the arrays of `bindings`: `x[i]` becomes `f32(x[i])` or `vec4f(x[i])`, and
 * `x[i] = y` becomes `x[i] = f16(y)` or `x[i] = vec4h(y)`. A function that declares the name of a binding for itself keeps it.
 */
export function withHalves(name: string, code: string, bindings: readonly string[]): string {
  const types = new Map<string, Conversion>();
  const declared = withoutComments(code).replaceAll(
    variables,
    (declaration: string, ...[, , variable, type]: string[]) => {
      if (!bindings.includes(variable!)) return declaration;
      const [, wide] = /^array<\s*(f32|vec[234]f)\s*>$/.exec(type!.trim()) ?? [];
      if (wide === undefined) throw new KernelError(`${name}.wgsl: ${variable} is ${type}, and takes float32 alone`); // prettier-ignore
      const narrow = wide.replace("f32", "f16").replace(/f$/, "h");
      types.set(variable!, { wide, narrow });
      return declaration.slice(0, -type!.length - 1) + `array<${narrow}>;`;
    },
  );
  let text = "enable f16;\n";
  let end = 0;
  for (const { index } of declared.matchAll(/\bfn\s+\w+\s*\(/g)) {
    const after = closing(declared, declared.indexOf("{", index));
    const own = declared.slice(index, after);
    const seen = [...types].filter(([variable]) => !new RegExp(`\\b(let|var)\\s+${variable}\\b|\\b${variable}\\s*:`).test(own)); // prettier-ignore
    text += declared.slice(end, index) + converted(name, own, new Map(seen));
    end = after;
  }
  return text + declared.slice(end);
}

/** The types of elements as kernels compute with them, and as they are stored. */
interface Conversion {
  wide: string;
  narrow: string;
}

/** `text` with the elements of the arrays in `types` widened where they are read, narrowed where they are written. */
function converted(name: string, text: string, types: ReadonlyMap<string, Conversion>): string {
  if (types.size === 0) return text;
  const [found] = text.matchAll(new RegExp(`(?<![\\w.&])(${[...types.keys()].join("|")})\\s*\\[`, "g"));
  if (!found) return text;
  const { wide, narrow } = types.get(found[1]!)!;
  const after = closing(text, found.index + found[0].length - 1);
  const rest = text.slice(after);
  const before = text.slice(0, found.index);
  const place = found[0] + converted(name, text.slice(found.index + found[0].length, after), types);
  const [store, operator] = /^\s*([-+*/])?=(?!=)/.exec(rest) ?? [];
  if (store === undefined) {
    if (/^\s*\.\w+\s*[-+*/]?=(?!=)/.test(rest))
      throw new KernelError(`${name}.wgsl: a part of ${found[1]} is written, which float16 is not`);
    return `${before}${wide}(${place})${converted(name, rest, types)}`;
  }
  const stop = rest.indexOf(";");
  const value = converted(name, rest.slice(store.length, stop), types);
  const whole = operator ? `${wide}(${place}) ${operator} (${value})` : value;
  return `${before}${place} = ${narrow}(${whole})${converted(name, rest.slice(stop), types)}`;
}

/** The place behind the bracket that closes the one at `open`. */
function closing(text: string, open: number): number {
  const [begin, end] = text[open] === "{" ? "{}" : "[]";
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === begin) depth++;
    if (text[i] === end && --depth === 0) return i + 1;
  }
  return text.length;
}
