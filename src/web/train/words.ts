import type { Look } from "./protocol.ts";

/** A direction of the cloud in which codes vary by less than this share of the longest one tells nothing. */
const thin = 0.1;
/** A cloud that is no longer than this carries nothing: see `activeUnits`. */
const still = 0.1;

/** How many different things a model's numbers say: the directions in which the cloud of its codes is wide. */
export function things({ directions }: Pick<Look, "directions">): number {
  const longest = directions[0] ?? 0;
  return longest > still ? directions.filter((deviation) => deviation > thin * longest).length : 0;
}

/** How two numbers of codes (N, size) go together over N pictures, from −1 to 1; 0 where one of them is always the same. */
export function correlation(codes: Float32Array, size: number, a = 0, b = 1): number {
  const N = codes.length / size;
  const means = [a, b].map((at) => sumOver(N, (i) => codes[i * size + at]!) / N) as [number, number];
  const product = (p: 0 | 1, q: 0 | 1) => {
    const at = [a, b] as const;
    return sumOver(N, (i) => (codes[i * size + at[p]]! - means[p]) * (codes[i * size + at[q]]! - means[q]));
  };
  const scale = Math.sqrt(product(0, 0) * product(1, 1));
  return scale > 0 ? product(0, 1) / scale : 0;
}

function sumOver(count: number, value: (i: number) => number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += value(i);
  return sum;
}

const signed = (value: number) => value.toFixed(2).replace("-", "−");

/** What the numbers of a model say of the pictures now, in words. */
export function told(
  look: Pick<Look, "active" | "codes" | "codeSize" | "directions" | "isFoundAnew">,
): string {
  const { active, codes, codeSize, isFoundAnew } = look;
  const different = things(look);
  if (different === 0)
    return codeSize === 1
      ? "Its number is about the same for every picture: it draws one and the same picture for all."
      : "Its numbers are about the same for every picture: it draws one and the same picture for all.";
  if (codeSize === 1) return "It has one number, which can say one thing of a picture.";
  if (different === 1 && codeSize === 2) {
    const silent = active < 2 ? "One of its two numbers is about the same for every picture" : "";
    const r = signed(correlation(codes, codeSize));
    const together = `Its two numbers rise and fall together (correlation ${r})`;
    return `${silent || together}: the dots lie on a line, and say one thing of a picture, not two.`;
  }
  if (codeSize === 2) {
    const r = signed(correlation(codes, codeSize));
    const why = isFoundAnew ? ": the SVD gives directions at right angles" : "";
    return `Its two numbers say two different things (correlation ${r})${why}.`;
  }
  return `Its ${codeSize} numbers say ${different === codeSize ? "as many" : different} different ${different === 1 ? "thing" : "things"} of a picture.`;
}

/** Why one of two models gets ahead, and which, from what they are now; "" where it is not to be seen in their numbers. */
export function why(
  looks: readonly [Look, Look],
  names: readonly [string, string],
): { of: string; words: string } | "" {
  const [sorted, other] = looks[0].isFoundAnew ? ([0, 1] as const) : ([1, 0] as const);
  if (looks[sorted].isFoundAnew === looks[other].isFoundAnew || looks[0].codeSize !== looks[1].codeSize)
    return "";
  const { codeSize } = looks[0];
  const [own, theirs] = [things(looks[sorted]), things(looks[other])];
  if (codeSize < 2 || own <= theirs) return "";
  const given = theirs === 0 ? "nothing" : theirs === 1 ? "one thing" : `${theirs} things`;
  const words =
    `Why: the numbers of the ${names[other]} say ${given} of a picture, those of the ${names[sorted]} ${own}. Nothing in ` +
    `the ${names[other]} keeps two numbers from saying the same; the ${names[sorted]}'s come from an SVD, whose second ` +
    "pattern holds only what the first leaves out.";
  return { of: names[sorted], words };
}
