import type { Wanted } from "./arrays.ts";
import type { Case } from "./property.ts";
import { largestFloat, smallestNormal } from "./values.ts";

/** What is first wrong with `got`, or `undefined`. */
export function difference(
  got: Float32Array,
  { data, scale }: Wanted,
  { tolerance, signedZeros }: Pick<Case, "tolerance" | "signedZeros">,
): string | undefined {
  const isRight =
    tolerance === 0
      ? (a: number, b: number) => Object.is(a, Math.fround(b))
      : closeness(tolerance, signedZeros);
  for (const [k, want] of data.entries())
    if (!isRight(got[k]!, want, scale?.[k] ?? Math.abs(want)))
      return `element ${k} is ${text(got[k]!)}; it should be ${text(want)}`;
  return undefined;
}

/**
 * Whether a number is close to the wanted one: both are NaN, or infinite, or their difference is at most `tolerance`
 * times the scale. Near the ends of what an f32 holds, an infinity and anything about as small as the smallest normal
 * number are right too: roundings decide there, and an adapter may take subnormal numbers on the way as 0.
 */
function closeness(tolerance: number, signedZeros: boolean) {
  return (got: number, want: number, scale: number): boolean => {
    if (Number.isNaN(want)) return Number.isNaN(got);
    if (want === 0 && scale === 0 && signedZeros) return Object.is(got, want);
    const size = Math.abs(want);
    if (size > largestFloat * (1 - tolerance) && got === Math.sign(want) * Infinity) return true;
    if (!Number.isFinite(want)) return got === want;
    return Math.abs(got - want) <= tolerance * scale + 16 * smallestNormal;
  };
}

const text = (x: number) => (Object.is(x, -0) ? "-0" : String(x));
