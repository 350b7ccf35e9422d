import { checkNumber, checkSeed, checkWhole } from "../device/arguments.ts";
import { threefry2x32 } from "../ops/lib/threefry.ts";
import { sizeOf, type Shape } from "../tensor/shape.ts";

/**
 * What a tensor starts from: a number everywhere, numbers evenly spread over ± `uniform`, normal ones of mean 0 (or
 * `mean`) and standard deviation `normal`; or a rule that takes the spread from the fan-in and fan-out of its layer:
 *
 *     fanIn           uniform, ±1 / √fanIn                  PyTorch's for affine maps and convolutions
 *     glorotUniform   uniform, ±√(6 / (fanIn + fanOut))     Glorot and Bengio 2010; Keras's
 *     glorotNormal    normal, √(2 / (fanIn + fanOut))
 *     heUniform       uniform, ±√(6 / fanIn)                He et al. 2015
 *     heNormal        normal, √(2 / fanIn)
 */
export type Initial =
  | "fanIn"
  | "glorotUniform"
  | "glorotNormal"
  | "heUniform"
  | "heNormal"
  | { readonly constant: number }
  | { readonly uniform: number }
  | { readonly normal: number; readonly mean?: number | undefined };

/** The values that a tensor starts from, fixed by `seed` and `stream`. */
export function initialValues(
  {
    shape,
    fanIn = 1,
    fanOut = fanIn,
    initial = "fanIn",
  }: { shape: Shape; fanIn?: number | undefined; fanOut?: number | undefined; initial?: Initial | undefined },
  seed: number,
  stream: string,
): Float32Array {
  const size = sizeOf(shape);
  const rule = typeof initial === "string" ? spread(initial, fanIn, fanOut) : initial;
  if ("constant" in rule) return new Float32Array(size).fill(rule.constant);
  if ("uniform" in rule) return uniformValues(size, rule.uniform, seed, stream);
  return normalValues(size, rule.normal, seed, stream).map((value) => value + (rule.mean ?? 0));
}

function spread(rule: Extract<Initial, string>, fanIn: number, fanOut: number): Exclude<Initial, string> {
  if (rule === "fanIn") return { uniform: 1 / Math.sqrt(fanIn) };
  const variance = rule.startsWith("he") ? 2 / fanIn : 2 / (fanIn + fanOut);
  return rule.endsWith("Normal") ? { normal: Math.sqrt(variance) } : { uniform: Math.sqrt(3 * variance) };
}

/**
 * `size` numbers evenly spread over [−limit, limit), fixed by `seed` and `stream`. Other streams of
 * the same seed are independent, so a layer's initial weights do not depend on what other layers there are.
 */
export function uniformValues(size: number, limit: number, seed: number, stream: string): Float32Array {
  checkNumber(`${stream}: limit`, limit, 0);
  const number = (word: number) => ((word >>> 8) * 2 ** -23 - 1) * limit;
  return pairs(size, seed, stream, (first, second) => [number(first), number(second)]);
}

/** `size` normal numbers of mean 0 and standard deviation `deviation`, by Box and Muller's method. */
function normalValues(size: number, deviation: number, seed: number, stream: string): Float32Array {
  return pairs(size, seed, stream, (first, second) => {
    const radius = deviation * Math.sqrt(-2 * Math.log((first + 0.5) * 2 ** -32));
    const angle = 2 * Math.PI * second * 2 ** -32;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

/** `size` numbers, two of each two words of 32 bits. */
function pairs(
  size: number,
  seed: number,
  stream: string,
  numbers: (first: number, second: number) => readonly [number, number],
): Float32Array {
  checkWhole(`${stream}: size`, size, 0);
  checkSeed(`${stream}: seed`, seed);
  const key = hash(stream);
  const values = new Float32Array(size);
  for (let i = 0; i < size; i += 2) {
    const [first, second] = numbers(...threefry2x32(seed, key, i / 2, 0));
    values[i] = first;
    if (i + 1 < size) values[i + 1] = second;
  }
  return values;
}

/** 32 bits that tell texts apart: FNV-1a (Fowler, Noll and Vo) over their UTF-16 units. */
function hash(text: string): number {
  let bits = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) bits = Math.imul(bits ^ text.charCodeAt(i), 0x01000193);
  return bits >>> 0;
}
